"""Write docs/api.md: the public names, each with its signature and docstring. `make docs` runs this."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import lenet

HEAD = "# API\n\nThe names of `import lenet`. Written by `make docs` from the docstrings; change them there.\n"


def main() -> None:
    """Write the page beside this program."""
    parts = [HEAD]
    for name in lenet.__all__:
        if not name.startswith("_"):
            parts.append(describe(name))
    Path(__file__).with_name("api.md").write_text("\n".join(parts), encoding="utf-8")


def describe(name: str) -> str:
    """Return a section on one public name."""
    value = getattr(lenet, name)
    is_error = isinstance(value, type) and issubclass(value, Exception)
    signature = "" if is_error else re.sub(r" = <[^>]*>", " = ...", str(inspect.signature(value)))
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
    text = inspect.cleandoc(value.__doc__ or "")
    section = f"## {name}\n\n```python\n{value.__module__}.{name}{signature}\n```\n\n```text\n{text}\n```\n"
    return section if is_error or not isinstance(value, type) else section + methods(value)


def methods(kind: type) -> str:
    """Return a list of the public methods and properties of a class, each with the first line of its docstring."""
    lines = []
    for name, member in vars(kind).items():
        plain = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if name.startswith("_") or not callable(plain) or not hasattr(plain, "__code__"):
            continue
        arguments = "" if isinstance(member, property) else re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature_of(plain))
        first = inspect.cleandoc(plain.__doc__ or "").partition("\n")[0]
        lines.append(f"- `{name}{arguments}`" + (f": {first}" if first else ""))
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def signature_of(function: Callable[..., object]) -> str:
    """Return the signature of a method as a caller sees it."""
    signature = inspect.signature(function)
    kept = [parameter for name, parameter in signature.parameters.items() if name not in ("self", "cls")]
    return str(signature.replace(parameters=kept))


if __name__ == "__main__":
    main()

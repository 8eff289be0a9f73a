"""Write docs/api.md: the public names, each with its signature and docstring. `make docs` runs this."""

from __future__ import annotations

import inspect
import re
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
    return f"## {name}\n\n```python\n{value.__module__}.{name}{signature}\n```\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    main()

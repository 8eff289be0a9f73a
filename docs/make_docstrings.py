"""How the site reads this project's docstrings, which are numpydoc but say types in the signature alone.

`name : what it is` under Parameters is a name with a type to numpydoc; here it is a name with a description. Returns is
prose, and so becomes a paragraph.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_PARAMETER = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*) : (.*)$")
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)


class HouseDocstrings(griffe.Extension):
    """Rewrite each docstring as it is collected, so that griffe's numpydoc parser takes it as it is meant."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or value."""
        if obj.docstring is not None:
            obj.docstring.value = rewritten(obj.docstring.value)

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Let a function that a package offers stand before the module of the same name: `lenet.drawing.diagram`."""
        for package in [pkg, *pkg.modules.values()]:
            for name in package.exports or ():
                member = package.members.get(str(name))
                if isinstance(member, griffe.Module) and str(name) in member.members:
                    package.set_member(str(name), member.members[str(name)])


def rewritten(text: str) -> str:
    """Return a docstring of this project as plain numpydoc."""
    head, *sections = _SECTION.split(text)
    parts = [head]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        if title == "Returns":  # no parser takes prose behind a section for prose
            parts[0] = f"{parts[0].strip()}\n\n**Returns:** {body.strip()}\n\n"
        elif title in ("Parameters", "Attributes"):
            parts.append(f"{title}\n{'-' * len(title)}\n{described(body)}")
        else:
            parts.append(f"{title}\n{'-' * len(title)}\n{body}")
    return "".join(parts)


def described(body: str) -> str:
    """Return the items of a section with what is said of each on lines of their own."""
    lines = []
    for line in body.split("\n"):
        found = _PARAMETER.match(line)
        lines += [found[1], f"    {found[2]}"] if found else [line]
    return "\n".join(lines)

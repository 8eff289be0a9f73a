"""Write docs/api.md: the public names by module, each with the first line of its docstring. `make docs` runs this.

Sources are read, not imported, so that no optional package is needed. The site has the whole docstrings besides.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "src" / "lenet"
PAGE = Path(__file__).with_name("api.md")
INTERNAL = {"__init__", "_engine", "cli", "downloads", "files", "initial", "inputs", "strips"}
"""Modules that only other modules use."""

HEAD = """# API

The public names, module by module, each with the first line of its docstring. Those in **bold** are names of
`import lenet` as well: `lenet.read` is `lenet.reading.read`. Written by `make docs`; change the docstrings.
"""


def main() -> None:
    """Write the page beside this program."""
    parts = [HEAD]
    for module in modules():
        path = source_of(module)
        rows = [f"| {shown(module, name)} | {said} |" for name, said in names_of(path)]
        link = f"../src/lenet/{path.relative_to(SOURCES).as_posix()}"
        about = first_line(ast.get_docstring(tree_of(path)))
        parts.append(f"## [lenet.{module}]({link})\n\n{about}\n\n| name | |\n| --- | --- |\n" + "\n".join(rows) + "\n")
    PAGE.write_text("\n".join(parts), encoding="utf-8")


def modules() -> list[str]:
    """Return the names of the public modules of the package."""
    found = {path.stem for path in SOURCES.glob("*.py")} | {path.parent.name for path in SOURCES.glob("*/__init__.py")}
    return sorted(found - INTERNAL)


def source_of(module: str) -> Path:
    """Return the file of a module of the package, or of a package in it."""
    whole = SOURCES.joinpath(*module.split("."))
    return whole / "__init__.py" if whole.is_dir() else whole.with_suffix(".py")


def shown(module: str, name: str) -> str:
    """Return a name as the page shows it: in bold where `import lenet` has it from this module."""
    return f"**`{name}`**" if imports_of(source_of("__init__")).get(name) == f"lenet.{module}" else f"`{name}`"


def names_of(path: Path) -> list[tuple[str, str]]:
    """Return the names in the `__all__` of a file, each with the first line of its docstring."""
    assigned = [node for node in tree_of(path).body if isinstance(node, ast.Assign | ast.AnnAssign)]
    lists = [node.value for node in assigned if "__all__" in targets_of(node) and node.value is not None]
    return [(name, first_line(docstring(path, name))) for value in lists for name in ast.literal_eval(value)]


def docstring(path: Path, name: str) -> str:
    """Return the docstring of a name of a file, which may have imported it."""
    body = tree_of(path).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return ast.get_docstring(node) or ""
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in targets_of(node):
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            return str(following.value.value) if is_text else ""
    origin = imports_of(path).get(name, "")
    return docstring(source_of(origin.removeprefix("lenet.")), name) if origin.startswith("lenet.") else ""


def targets_of(node: ast.Assign | ast.AnnAssign) -> set[str]:
    """Return the plain names that a statement assigns to."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def imports_of(path: Path) -> dict[str, str]:
    """Return, for each name that a file imports from somewhere, that module."""
    nodes = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.name: str(node.module) for node in nodes for alias in node.names}


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def first_line(text: str | None) -> str:
    """Return the first line of a docstring, as a cell of a table takes it."""
    return (text or "").strip().partition("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    main()

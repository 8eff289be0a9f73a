"""Run the lesson and write it down as Markdown with its pictures: for the site, and for the test that it works.

The notebook in the repository has no outputs. Its cells are plain Python, so nothing of Jupyter is needed to run them.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

NOTEBOOK = Path(__file__).with_name("lesson.ipynb")


@dataclass(frozen=True)
class Cell:
    """One cell, and what it gave: the text that it printed, and the picture that was its last value."""

    kind: str
    source: str
    printed: str = ""
    picture: bytes | None = None


def load() -> list[Cell]:
    """Return the cells of the notebook, not run yet."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [Cell(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def run(cells: list[Cell]) -> list[Cell]:
    """Run all cells in order, on the digits inside scikit-learn: no picture of another data set is made."""
    names: dict[str, Any] = {"__name__": "__main__"}
    hidden = {"LENET_CACHE": os.devnull, "LENET_THREADS": "1"}  # several wait for each other where others compute too
    with mock.patch.dict(os.environ, hidden):
        os.environ.pop("LENET_DATA", None)
        return [_run(cell, names) if cell.kind == "code" else cell for cell in cells]


def _run(cell: Cell, names: dict[str, Any]) -> Cell:
    """Run a cell as a notebook does: what its last line gives is shown."""
    tree = ast.parse(cell.source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, NOTEBOOK.name, "exec"), names)
        value = eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names) if last else None
    picture = value._repr_png_() if hasattr(value, "_repr_png_") else None
    shown = "" if value is None or picture else f"{value!r}\n"
    return Cell(cell.kind, cell.source, printed.getvalue() + shown, picture)


def to_markdown(cells: list[Cell]) -> tuple[str, dict[str, bytes]]:
    """Return the lesson as Markdown, and its pictures by the names that the Markdown links to."""
    parts, pictures = [], {}
    for number, cell in enumerate(cells):
        if cell.kind == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        if cell.printed:
            parts.append(f"```{{.text .printed}}\n{cell.printed.rstrip()}\n```")
        if cell.picture:
            name = f"lesson/{number}.png"
            pictures[name] = cell.picture
            parts.append(f"![What the lines above draw]({name})")
    return "\n\n".join(parts) + "\n", pictures

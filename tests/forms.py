"""A form that the tests draw and fill in: its template, and scans of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.writing import on_paper, write

SIZE = (800, 760)
SQUARES = [(30, 30, 54, 54), (746, 30, 770, 54), (30, 706, 54, 730)]
TEMPLATE = """
page: [800, 760]
marks:
  square: [[30, 30, 54, 54], [746, 30, 770, 54], [30, 706, 54, 730]]
fields:
  code: {box: [100, 100, 400, 150], comb: 6}
  net: {box: [100, 200, 300, 250], kind: number}
  tax: {box: [100, 270, 300, 320], kind: number}
  total: {box: [100, 340, 300, 390], kind: number}
  items:
    box: [100, 450, 500, 600]
    kind: number
    table: {rows: 3, columns: {count: {kind: digits, width: 150}, price: }}
sums:
  - total = net + tax
"""
FILLED = {
    "code": "274093",
    "net": "125",
    "tax": "38",
    "total": "163",
    "items[1].count": "4",
    "items[1].price": "100",
    "items[2].count": "12",
    "items[2].price": "63",
    "items[3].count": "",
    "items[3].price": "",
}


def form(texts: dict[str, str]) -> NDArray[np.uint8]:
    """Return the form filled in, as ink."""
    ink = np.zeros(SIZE[::-1], np.uint8)
    for left, top, right, bottom in SQUARES:
        ink[top:bottom, left:right] = 255
    boxes = [(100 + 50 * cell, 100, 152 + 50 * cell, 150) for cell in range(6)]
    boxes += [(100, top, 300, top + 50) for top in (200, 270, 340)]
    boxes += [
        (left, 450 + 50 * row, right, 502 + 50 * row) for row in range(3) for left, right in ((100, 252), (250, 502))
    ]
    for left, top, right, bottom in boxes:
        ink[top:bottom, left:right][:, [0, 1, -2, -1]] = 150
        ink[top:bottom, left:right][[0, 1, -2, -1]] = 150
    for cell, digit in enumerate(texts["code"]):
        write(ink, digit, 115 + 50 * cell, 112, 26)
    for name, top in (("net", 212), ("tax", 282), ("total", 352)):
        write(ink, texts[name], 120, top, 26)
    for row in range(3):
        write(ink, texts[f"items[{row + 1}].count"], 120, 462 + 50 * row, 26)
        write(ink, texts[f"items[{row + 1}].price"], 300, 462 + 50 * row, 26)
    return ink


def scan(texts: dict[str, str] | None = None, *, turn: float = 0, scale: float = 1, seed: int = 0) -> NDArray[np.uint8]:
    """Return a scan of the form, on paper a little larger than the form."""
    paper = Image.fromarray(on_paper(form(FILLED if texts is None else texts), noise=4, seed=seed))
    larger = Image.new("L", (SIZE[0] + 40, SIZE[1] + 30), 230)
    larger.paste(paper, (12, 21))
    size = round(larger.width * scale), round(larger.height * scale)
    return np.asarray(larger.resize(size).rotate(turn, Image.Resampling.BICUBIC, fillcolor=230))


def template(folder: Path, text: str = TEMPLATE) -> Path:
    """Write the template into a folder."""
    path = folder / "form.yaml"
    path.write_text(text)
    return path

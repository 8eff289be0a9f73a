"""Fill in a form, scan it askew, and read it by its template: `python examples/read_form.py [SCAN] [TEMPLATE]`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from pictures.draw import Sheet, Writer
from PIL import Image

import lenet
from lenet.reading import load_template

TEMPLATE = Path(__file__).parent / "form.yaml"
NUMBER, GUESTS, PRICES, TOTAL = "402617", ("4", "12", "2"), ("38.50", "94.00", "17.50"), "150.00"


def scan() -> Image.Image:
    """Return the form of `form.yaml`, filled in by hand, turned by a degree and a little larger."""
    rng = np.random.default_rng(7)
    sheet, writer = Sheet(560, 800, rng), Writer.born(rng, 0.1)
    form = load_template(TEMPLATE)
    printed = np.zeros((560, 800))
    for mark in (30, 30), (746, 30), (30, 506):
        printed[mark[1] : mark[1] + 24, mark[0] : mark[0] + 24] = 0.9
    boxes = {field.name: field.box for field in form.fields}
    for left, top, right, bottom in boxes.values():
        printed[top : bottom + 2, left : right + 2][[0, 1, -2, -1]] = 0.6
        printed[top : bottom + 2, left : right + 2][:, [0, 1, -2, -1]] = 0.6
    for cell, digit in enumerate(NUMBER):
        printed[90:140, 440 + 50 * cell] = 0.6
        sheet.write(digit, writer, (458 + 50 * cell, 130), 28)
    for row, pair in enumerate(zip(GUESTS, PRICES, strict=True), 1):
        for name, text in zip(("guests", "price"), pair, strict=True):
            left, _, _, bottom = boxes[f"meals[{row}].{name}"]
            sheet.write(text, writer, (left + 24, bottom - 10), 28)
    sheet.write(TOTAL, writer, (284, 430), 28)
    light = 230 * (1 - 0.85 * np.maximum(printed, sheet.ink())) + rng.normal(0, 3, printed.shape)
    paper = Image.fromarray(light.clip(0, 255).astype(np.uint8)).resize((1000, 700))
    return paper.rotate(1, Image.Resampling.BICUBIC, fillcolor=230)


def main(picture: str | Image.Image, template: str | Path) -> None:
    for reading in lenet.read_form(picture, template):
        print(f"{reading.field:16} {reading.text:10} {reading.confidence:6.1%} {reading.reason}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else scan(), sys.argv[2] if len(sys.argv) > 2 else TEMPLATE)

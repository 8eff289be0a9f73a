"""Train on a folder of one's own pictures, one subfolder a class: `python examples/train_own_folder.py [FOLDER]`.

Without a folder it makes one, of hoops, bars and crosses, so that there is something to learn.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import lenet

SHAPES = ("bar", "cross", "hoop")
EACH = 40


def scribble(shape: str, rng: np.random.Generator) -> Image.Image:
    """Draw a shape in dark ink on white paper, 28x28, never twice the same."""
    picture = Image.new("L", (28, 28), 255)
    pen = ImageDraw.Draw(picture)
    left, top, right, bottom = (int(v) for v in (*rng.integers(3, 9, 2), *rng.integers(19, 25, 2)))
    if shape == "hoop":
        pen.ellipse((left, top, right, bottom), outline=0, width=2)
    else:
        pen.line((left, top, right, bottom), fill=0, width=2)
    if shape == "cross":
        pen.line((left, bottom, right, top), fill=0, width=2)
    return picture


def make_folder(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for shape in SHAPES:
        (folder / shape).mkdir()
        for number in range(EACH):
            scribble(shape, rng).save(folder / shape / f"{number}.png")


def main(folder: Path) -> None:
    training, test = lenet.load_folder(folder).split(0.25, seed=0)
    network, history = lenet.train(training, "lenet5")
    print(f"classes: {', '.join(network.classes)}; {len(training)} pictures, {history.seconds:.1f} s")
    print(f"{lenet.evaluate(network, test).errors} of {len(test)} pictures kept aside were read wrong")
    lenet.save(network, folder / "network.safetensors")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            make_folder(Path(temporary))
            main(Path(temporary))

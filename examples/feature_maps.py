"""See what every layer makes of a digit: `python examples/feature_maps.py [PICTURE [OUT.png]]`."""

from __future__ import annotations

import sys
from pathlib import Path

import lenet
from lenet import drawing
from lenet.glyphs import open_glyph

PICTURE = Path(__file__).parent / "pictures" / "digit-3.png"


def main(picture: str, out: str | None) -> None:
    network = lenet.load("digits")
    image = open_glyph(picture)  # 28x28, as the network sees it: found, cleaned, centred
    for layer, maps in network.feature_maps(image).items():
        print(f"{layer:<7} {'x'.join(map(str, maps.shape)):>9}  from {maps.min():+.2f} to {maps.max():+.2f}")
    print(f"read as {network.classes[network.predict(image[None])[0]]}")
    if out:
        drawing.feature_maps(network, image).save(out)


if __name__ == "__main__":
    arguments = [*sys.argv[1:], None, None]
    main(arguments[0] or str(PICTURE), arguments[1])

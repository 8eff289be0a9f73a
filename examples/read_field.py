"""Read one field and say how sure each digit is: `python examples/read_field.py [PICTURE]`."""

from __future__ import annotations

import sys
from pathlib import Path

import lenet

PICTURE = Path(__file__).parent / "pictures" / "field-postcode.jpg"


def main(picture: str) -> None:
    reading = lenet.read(picture, "digits")
    print(f"{reading.text}  ({reading.confidence:.1%} sure)")
    for character in reading.characters:
        left, top, right, bottom = character.box
        print(f"  {character.text}  {character.confidence:6.1%}  columns {left}-{right}, rows {top}-{bottom}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(PICTURE))

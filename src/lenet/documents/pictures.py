"""What counts as a picture: uint8 `(rows, columns)` grey or `(rows, columns, 3)` colour, as scanned."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenet.errors import InputError, TooLargeError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["PIXEL_LIMIT", "as_picture", "check_size", "from_pil", "small_png", "without_colour"]

PIXEL_LIMIT = 120_000_000
"""Pixels that a picture may have: an A3 page at 600 dpi has 70 million; colour then takes 360 MB."""

SMALL_PIXELS = 65_536
"""Pixels of a picture that is decoded in less time than it takes to ask another thread."""

_GREY_MODES = frozenset({"1", "L"})
_ALPHA_MODES = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""EXIF's orientation to Pillow's `Transpose` that undoes it."""


def check_size(columns: float, rows: float, source: str, most: int = PIXEL_LIMIT) -> None:
    """Refuse a picture for its size, before anything is decoded.

    Parameters
    ----------
    columns, rows : pixels.
    source : what the message names.
    most : pixels that it may have.

    Raises
    ------
    InputError
        There is no pixel.
    TooLargeError
        There are more than `most`.
    """
    if not (columns >= 1 and rows >= 1):
        raise InputError(f"{source} has {columns:.6g} x {rows:.6g} pixels; a picture has at least one, so give another")
    if columns * rows > most:
        raise TooLargeError(
            f"{source} has {columns:,.0f} x {rows:,.0f} pixels; up to {most:,} are read: "
            "shrink it, cut it into parts or lower the dpi"
        )


def as_picture(array: NDArray[np.generic], *, source: str = "the array") -> NDArray[np.uint8]:
    """Return an array as a picture; uint8 that is one already is returned itself, not copied.

    Parameters
    ----------
    array : `(rows, columns)`, `(rows, columns, 1)`, or `(rows, columns, 3)` or `4` with red, green, blue and opacity.
        uint8; bool; uint16, whose 65,535 is white; other integers from 0 to 255; or floats from 0 to 1, or from 0 to
        255 if any is above 1. What is not opaque is laid on white.
    source : what the message names.

    Raises
    ------
    InputError
        The shape, the type or a value is something else.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise InputError(
            f"{source} has shape {array.shape}; a picture is (rows, columns) or (rows, columns, 3): "
            "give one picture at a time, colours last"
        )
    check_size(array.shape[1], array.shape[0], source)
    grey_levels = _grey_levels(array, source)
    if grey_levels.ndim == 3 and grey_levels.shape[2] == 4:
        from PIL import Image

        return _on_white(Image.fromarray(np.ascontiguousarray(grey_levels)))
    return grey_levels


def _grey_levels(array: NDArray[np.generic], source: str) -> NDArray[np.uint8]:
    """Return the values of an array of any numeric type as 0 (black) to 255 (white)."""
    if array.dtype == np.uint8:
        return np.asarray(array, np.uint8)
    if array.dtype == np.bool_:
        return np.where(array, np.uint8(255), np.uint8(0))
    if array.dtype == np.uint16:
        return ((np.asarray(array, np.uint32) + 128) // 257).astype(np.uint8)
    if array.dtype.kind not in "iuf":
        raise InputError(f"{source} is of type {array.dtype}; a picture is uint8: convert it with .astype(numpy.uint8)")
    lowest, highest = array.min(), array.max()
    if array.dtype.kind == "f" and not (np.isfinite(lowest) and np.isfinite(highest)):
        raise InputError(f"{source} has NaN or infinity in it; a picture has grey levels: replace them")
    if lowest < 0 or highest > 255:
        raise InputError(
            f"{source} has values from {lowest:.6g} to {highest:.6g}; grey levels go from 0 to 1 (floats) or to 255: "
            "scale or clip them"
        )
    if array.dtype.kind == "f" and highest <= 1:
        array = np.asarray(array, np.float32) * np.float32(255)
    return np.asarray(np.rint(array), np.uint8)


def from_pil(image: Image, *, source: str = "the PIL image", pixels: int = PIXEL_LIMIT) -> NDArray[np.uint8]:
    """Return a PIL image of any mode as a picture: opacity laid on white, EXIF's orientation applied.

    Decodes the image, and lets Pillow's errors through. A palette becomes grey if it has no colours.

    Raises
    ------
    InputError
        The image has no pixel, too many, or values without a meaning as grey.
    """
    from PIL import Image

    check_size(*image.size, source, pixels)
    image.load()
    turn = _TURNS.get(image.getexif().get(0x0112, 1))
    if turn is not None:
        image = image.transpose(Image.Transpose(turn))
    if image.mode in _GREY_MODES:
        return np.asarray(image.convert("L"), np.uint8)
    if image.mode.startswith("I") or image.mode == "F":
        return as_picture(_deep(image), source=source)
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        return _on_white(image)
    picture = np.asarray(image.convert("RGB"), np.uint8)
    return without_colour(picture) if image.mode == "P" else picture


def small_png(data: bytes) -> NDArray[np.uint8] | None:
    """Return a small PNG as a picture, as `open_document` does but without waiting for other decoders; else None.

    Parameters
    ----------
    data : a whole file. What is no PNG, has more than `SMALL_PIXELS`, or cannot be decoded gives None.
    """
    from PIL import Image

    columns, rows = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or not 0 < columns * rows <= SMALL_PIXELS:
        return None
    try:
        return from_pil(Image.open(BytesIO(data), formats=("PNG",)))
    except Exception:  # damaged in one of many ways
        return None


def _deep(image: Image) -> NDArray[np.generic]:
    """Return grey of more than 8 bits; Pillow ignores what TIFF says on how many are used and whether 0 is white."""
    values = np.asarray(image)
    if values.dtype.kind == "f":
        return values
    if values.min() < 0 or values.max() > 0xFFFF:
        return values
    tags = getattr(image, "tag_v2", {})
    bits, white_is_zero = tags.get(258, (16,))[0], tags.get(262) == 0
    values = values.astype(np.uint16)
    if 8 < bits < 16:
        values <<= 16 - bits
    return np.invert(values) if white_is_zero else values


def _on_white(image: Image) -> NDArray[np.uint8]:
    """Lay an image with opacity on white."""
    from PIL import Image

    image = image.convert("LA" if image.mode == "La" else image.mode).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return without_colour(np.asarray(Image.alpha_composite(paper, image).convert("RGB"), np.uint8))


def without_colour(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return `(rows, columns, 3)` as `(rows, columns)` if every pixel is grey."""
    grey = picture[:, :, 0]
    if np.array_equal(grey, picture[:, :, 1]) and np.array_equal(grey, picture[:, :, 2]):
        return np.ascontiguousarray(grey)
    return picture

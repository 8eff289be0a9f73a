"""Characters as MNIST would hold them: what reading, `lenet predict` and folders of pictures show to a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.documents import open_document
from lenet.documents.cleanup import to_ink, without_rules
from lenet.documents.pictures import PIXEL_LIMIT
from lenet.documents.segmentation import Piece, find_pieces, single_piece
from lenet.errors import InputError

if TYPE_CHECKING:
    from lenet.documents.pages import Page, Source

__all__ = ["even_glyph", "glyphs_of", "open_glyph", "open_grey", "open_ink"]

_SIDE = 32
"""Rows and columns of pictures that are taken as they are: LeNet-5's input."""


def open_glyph(source: Source, *, pixels: int = PIXEL_LIMIT) -> NDArray[np.uint8]:
    """Open a picture of one character and make of it what MNIST's digits are.

    Ink and paper are told apart, whichever is darker; ruled lines and specks around the character are left out; what is
    written is stretched to full ink, thin strokes are thickened, the whole is scaled into 20x20 pixels with its
    proportions kept, and centred by its mass in 28x28. Reading prepares each character in the same way.

    Parameters
    ----------
    source : a path, bytes, a file opened for reading bytes, a PIL image, or an array; of several pages, the first.
    pixels : that a file's picture may have.

    Returns
    -------
    uint8 (28, 28), paper 0, full ink 255: ready for `Network.predict` as `image[None]`.

    Raises
    ------
    InputError
        The source is not a picture, or nothing is written on it.
    FormatError
        The file is damaged.

    References
    ----------
    LeCun et al. 1998, section III-A, on how MNIST's digits were made.
    """
    page = next(iter(open_document(source, pixels=pixels)))
    image = even_glyph(page.picture)
    return glyphs_of([_only_piece(page)])[0] if image is None else image


def even_glyph(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return what `open_glyph` does in a hundredth of its time, where paper is of a single grey and ink one stroke.

    Parameters
    ----------
    picture : uint8 `(rows, columns)` or `(rows, columns, 3)`.

    Returns
    -------
    uint8 (28, 28); None for any other picture.
    """
    return _engine.even_glyph(picture) if picture.ndim == 2 else None


def open_ink(source: Source, *, pixels: int = PIXEL_LIMIT) -> NDArray[np.uint8]:
    """Open a picture of one character as `open_glyph` does, but leave it as large as it is.

    Parameters and errors as in `open_glyph`.

    Returns
    -------
    uint8 (rows, columns), paper 0, full ink 255: what is written, cut out, thin strokes thickened.
    """
    piece = _only_piece(next(iter(open_document(source, pixels=pixels))))
    return np.asarray(_engine.thick_enough(piece.ink, piece.stroke))


def _only_piece(page: Page) -> Piece:
    """Return all that is written on a page as one piece."""
    ink = to_ink(page.picture)
    piece = single_piece(ink)
    if piece is not None:
        return piece
    pieces = find_pieces(without_rules(ink), one_row=True)
    if not pieces:
        raise InputError(f"nothing is written on {page.source}; give a picture of one character")
    return _joined(pieces)


def glyphs_of(pieces: Sequence[Piece]) -> NDArray[np.uint8]:
    """Return pieces of ink as MNIST's digits: thin strokes thickened, scaled into 20x20, centred by mass.

    Parameters
    ----------
    pieces : as `lenet.documents.segmentation.find_pieces` cuts them: only their own strokes, stretched to full ink.

    Returns
    -------
    uint8 (n, 28, 28), paper 0, full ink 255.
    """
    return np.asarray(_engine.draw_pieces([piece.ink for piece in pieces], [piece.stroke for piece in pieces]))


def _joined(pieces: Sequence[Piece]) -> Piece:
    """Return all pieces as one, where they stand."""
    lefts, tops, rights, bottoms = zip(*(piece.box for piece in pieces), strict=True)
    left, top = min(lefts), min(tops)
    ink = np.zeros((max(bottoms) - top, max(rights) - left), np.uint8)
    for piece in pieces:
        (x, y), (rows, columns) = piece.box[:2], piece.ink.shape
        place = ink[y - top : y - top + rows, x - left : x - left + columns]
        np.maximum(place, piece.ink, out=place)
    areas = [np.count_nonzero(piece.ink) for piece in pieces]
    stroke = float(np.average([piece.stroke for piece in pieces], weights=areas))
    return Piece((left, top, max(rights), max(bottoms)), ink, stroke)


def open_grey(source: Source, *, pixels: int = PIXEL_LIMIT) -> NDArray[np.uint8]:
    """Open a picture that is not ink on paper: grey, its polarity kept, squeezed to 32x32.

    Parameters and errors as in `open_glyph`.

    Returns
    -------
    uint8 (32, 32).
    """
    from PIL import Image

    page = next(iter(open_document(source, pixels=pixels)))
    picture = Image.fromarray(page.picture).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(picture, np.uint8)

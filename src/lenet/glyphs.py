"""One character on a picture, as MNIST would hold it: what `lenet predict` and folders of pictures are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.documents import open_document
from lenet.documents.cleanup import to_ink, without_rules
from lenet.documents.segmentation import find_pieces
from lenet.errors import InputError

if TYPE_CHECKING:
    from lenet.documents.pages import Source

__all__ = ["open_glyph", "open_grey"]

_SIDE = 32
"""Rows and columns of pictures that are taken as they are: LeNet-5's input."""


def open_glyph(source: Source) -> NDArray[np.uint8]:
    """Open a picture of one character and make of it what MNIST's digits are.

    Ink and paper are told apart, whichever is darker; ruled lines and specks around the character are left out; the
    ink is scaled into 20x20 pixels with its proportions kept, and centred by its mass in 28x28.

    Parameters
    ----------
    source : a path, bytes, a file opened for reading bytes, a PIL image, or an array; of several pages, the first.

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
    page = next(iter(open_document(source)))
    ink = without_rules(to_ink(page.picture))
    pieces = find_pieces(ink, one_row=True)
    if not pieces:
        raise InputError(f"nothing is written on {page.source}; give a picture of one character")
    lefts, tops, rights, bottoms = zip(*(piece.box for piece in pieces), strict=True)
    written = ink[min(tops) : max(bottoms), min(lefts) : max(rights)]
    return np.asarray(_engine.normalize_glyph(np.ascontiguousarray(written)), np.uint8)


def open_grey(source: Source) -> NDArray[np.uint8]:
    """Open a picture that is not ink on paper: grey, its polarity kept, squeezed to 32x32.

    Parameters and errors as in `open_glyph`.

    Returns
    -------
    uint8 (32, 32).
    """
    from PIL import Image

    page = next(iter(open_document(source)))
    picture = Image.fromarray(page.picture).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(picture, np.uint8)

"""What stands on a field beside the characters that were read: other lines, or the half of a mark taken for nothing."""

from __future__ import annotations

import numpy as np

from lenet._engine import components
from lenet.documents.fields import STROKE, TEXT_SHARE
from lenet.reading.fields import FieldText
from lenet.strips import Strip

__all__ = ["is_all_read", "left_unread"]

_STACKED = 0.5
"""Where more of the ink than this stands above or below a character as high, there are several lines, or one
that lies on its side; of ours: none of 903 amounts has that, 70 % of them on their sides, and 87 % of two under each
other."""

_CHARACTER = 0.3
"""Lower than this share of the line are points, dashes and specks; of ours."""
_SIDE, _THIN, _END = 1.05, 0.15, 2
"""Thinner than this share of the line, and higher than the line or within so many columns of the strip's end, is the
side of a box; of ours."""
_FAR, _FAR_IN_HALF = 0.4, 1.0
"""Of the line's height, how far ink stands from the middle of every character if none of them was read from it, and how
far from where a half is seen, which may be at its 2 alone; of ours, on every other box of marks tables."""
_HALVES = "½%"
"""Fractions, and the sign that a mark's fraction may look like."""
_PIECES = 3
"""A half is written in so many pieces at most: 1, stroke and 2; with more of them one is a digit beside it."""


def left_unread(text: FieldText, strip: Strip, kind: str) -> str:
    """Say what a text cannot be all of the field for: "" if nothing speaks against it.

    Parameters
    ----------
    text : what was read on the strip.
    strip : of `lenet.strips.make_strips`.
    kind : of the grammar. A mark may have a half, whose numbers stand one above the other, and pieces that are missed.
    """
    if kind == "mark" and not is_all_read(text, strip):
        return f"something beside {text.text!r} was not read"
    if strip.stacked > _STACKED and not (kind == "mark" and "½" in text.text):
        return "several lines are written, or one on its side; give one line, upright"
    return ""


def is_all_read(text: FieldText, strip: Strip) -> bool:
    """Tell whether every piece of ink as high as a character is at the place of one that was read.

    Parameters
    ----------
    text : what was read on the strip.
    strip : of `lenet.strips.make_strips`.
    """
    line = TEXT_SHARE * strip.image.shape[0]
    _, table = components((strip.image >= STROKE).view(np.uint8))
    left, top, right, bottom, _ = table.T
    high, wide = (bottom - top) / line, (right - left) / line
    at_end = (left <= _END) | (right >= strip.image.shape[1] - _END)
    written = (high >= _CHARACTER) & ~((wide <= _THIN) & (at_end | (high >= _SIDE)))
    if not text.spans:
        return not written.any()
    middles = np.array([(first + end) / 2 for first, end in text.spans])
    half = np.array([sign in _HALVES for sign in text.text])
    away = np.abs((left + right)[written, np.newaxis] / 2 - middles) - (right - left)[written, np.newaxis] / 2
    of_digits = (away[:, ~half] <= _FAR * line).any(axis=1)
    of_half = (away[:, half] <= _FAR_IN_HALF * line).any(axis=1)
    return bool((of_digits | of_half).all() and np.count_nonzero(~of_digits) <= _PIECES)

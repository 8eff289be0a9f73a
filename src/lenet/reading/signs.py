"""What stands between the digits of a row: points, commas and strokes, which are too small for pieces, and gaps.

Small ink at the right place proposes a sign. Whether it is one, and which, the network for whole fields says, which
sees the digits on both sides with what is between them; dirt it passes over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lenet import grammar
from lenet.documents.segmentation import Piece, Place
from lenet.network import Network
from lenet.reading.fields import FieldText, spell_strips
from lenet.reading.readings import Character
from lenet.strips import make_strips

__all__ = ["gaps", "signs_at"]

SIGNS = ".,:-"
"""Signs that are looked for; a slash is as large as a digit."""
ACCEPTED = 0.5
"""A sign is taken where it is this probable."""
TOGETHER = 0.6
"""Digits farther apart than their height times this have a gap between them if others of the row are closer."""
WIDER = 2.2
"""A gap is so many times as wide as what usually lies between digits of the row, or of all rows if it is short."""
TIGHT = 0.2
"""Digits closer than this share of their height count as if they stood so far apart."""
FEW = 3
"""Places between digits below which a row does not tell what is usual in it."""


def signs_at(places: Sequence[Place], network: Network, threads: int) -> dict[Place, Character]:
    """Return the signs among what stands between digits, by their place.

    Parameters
    ----------
    places : of `lenet.documents.segmentation.find_places`.
    network : one for whole fields.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers.
    """
    found = {}
    for piece, between in ((False, f"[{SIGNS}]"), (True, f"[0-9{SIGNS}]")):
        those = [place for place in places if place.piece == piece]
        strips = make_strips([_picture([*place.pieces, *place.marks]) for place in those], threads=threads)
        texts = spell_strips(network, strips, grammar.get(f"regex:[0-9]{between}?[0-9]"), threads=threads)
        for place, text in zip(those, texts, strict=True):
            sign = _sign(text.best, place.marks)
            if sign is not None:
                found[place] = sign
    return found


def _picture(pieces: Sequence[Piece]) -> NDArray[np.uint8]:
    """Return pieces as dark ink on clean paper, where they stand."""
    lefts, tops, rights, bottoms = zip(*(piece.box for piece in pieces), strict=True)
    margin = max(4, (max(bottoms) - min(tops)) // 4)
    left, top = min(lefts) - margin, min(tops) - margin
    ink = np.zeros((max(bottoms) + margin - top, max(rights) + margin - left), np.uint8)
    for piece in pieces:
        (x, y), (rows, columns) = piece.box[:2], piece.ink.shape
        place = ink[y - top : y - top + rows, x - left : x - left + columns]
        np.maximum(place, piece.ink, out=place)
    return np.asarray(255 - ink, np.uint8)


def _sign(texts: Sequence[FieldText], marks: Sequence[Piece]) -> Character | None:
    """Return the sign that the texts of a place agree on; None where most of them have none."""
    total = sum(math.exp(text.score) for text in texts)
    shares = {
        sign: sum(math.exp(text.score) for text in texts if text.text[1:-1] == sign) / max(total, 1e-30)
        for sign in {text.text[1:-1] for text in texts}
    }
    ranked = sorted(shares.items(), key=lambda share: -share[1])
    if not ranked or ranked[0][0] not in tuple(SIGNS) or ranked[0][1] < ACCEPTED:
        return None
    lefts, tops, rights, bottoms = zip(*(mark.box for mark in marks), strict=True)
    box = min(lefts), min(tops), max(rights), max(bottoms)
    others = tuple((sign, share) for sign, share in ranked[1:] if sign)
    return Character(*ranked[0], box, others)


def gaps(rows: Sequence[Sequence[Piece]]) -> list[set[int]]:
    """Return for each row after which of its pieces a gap is that parts two numbers: wider than usual in the row.

    Parameters
    ----------
    rows : pieces that are digits, at least one a row, from left to right.
    """
    apart = [
        np.array([(right.box[0] - left.box[2]) for left, right in pairwise(row)], float)
        / np.median([piece.height for piece in row])
        for row in rows
    ]
    usual = _usual(np.concatenate([np.zeros(0), *apart]))
    found = []
    for each in apart:
        least = max(TOGETHER, WIDER * (_usual(each) if len(each) >= FEW else usual))
        found.append({int(index) for index in np.nonzero(each > least)[0]})
    return found


def _usual(apart: NDArray[np.float64]) -> float:
    """Return how far apart digits of one number are: the lower quartile, which a few gaps leave alone."""
    return max(TIGHT, float(np.quantile(apart, 0.25, method="lower"))) if len(apart) else math.inf

"""Pictures of fields to readings: what the network spells under a grammar, how sure that is, and where it stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lenet.calibration import Calibration
from lenet.documents.segmentation import Box
from lenet.grammar import Grammar
from lenet.network import Network
from lenet.reading.confidence import judge
from lenet.reading.fields import FieldTexts, spell_strips
from lenet.reading.readings import Character, Reading
from lenet.reading.unread import left_unread
from lenet.strips import Strip

__all__ = ["Place", "Said", "places_of", "reading_of", "said_of", "spelled"]

Place = tuple[float, float, float, float]
"""Left, top, right and bottom of a character, in pixels of the picture."""


@dataclass(frozen=True, eq=False)
class Said:
    """What was found on a field.

    Parameters
    ----------
    texts : what it may say.
    places : where the characters of the best text stand.
    written : whether there is any ink.
    unread : what the best text cannot be all of the field for; "" if nothing speaks against it.
    """

    texts: FieldTexts
    places: Sequence[Place]
    written: bool
    unread: str = ""


def spelled(
    network: Network,
    strips: Sequence[tuple[Strip, Box]],
    grammar: Grammar,
    *,
    calibration: Calibration | None,
    threshold: float,
    threads: int = 0,
) -> list[Reading]:
    """Return a reading of each field.

    Parameters
    ----------
    network : one for whole fields.
    strips : of `lenet.strips.make_strips`, each with the box (left, top, right, bottom) of its picture.
    grammar : what the fields may say.
    calibration : of the network for this kind of field; None where its scores are taken as they are.
    threshold : confidence from which a reading is accepted.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers.
    """
    spellings = spell_strips(network, [strip for strip, _ in strips], grammar, threads=threads)
    return [
        reading_of(
            said_of(texts, strip, grammar),
            whole,
            grammar,
            calibration=calibration,
            threshold=threshold,
        )
        for (strip, whole), texts in zip(strips, spellings, strict=True)
    ]


def said_of(texts: FieldTexts, strip: Strip, grammar: Grammar) -> Said:
    """Return what was found on a strip."""
    unread = left_unread(texts.best[0], strip, grammar.kind) if texts.best else ""
    return Said(texts, places_of(texts, strip), strip.written, unread)


def reading_of(
    said: Said, whole: Box, grammar: Grammar, *, calibration: Calibration | None, threshold: float
) -> Reading:
    """Return the reading of a field on the picture `whole`; the other parameters are those of `spelled`."""
    texts = said.texts
    verdict = judge(
        texts,
        written=said.written,
        grammar=grammar,
        calibration=calibration,
        threshold=threshold,
        unread=said.unread,
    )
    if verdict.confidence == 0:
        return Reading("", None, 0.0, False, verdict.reason, (), whole)
    best = texts.best[0]
    characters = tuple(
        [
            Character(sign, sure, _inside(place, whole))
            for sign, sure, place in zip(best.text, best.sure, said.places, strict=True)
        ]
    )
    return Reading(
        best.text,
        grammar.value(best.text),
        verdict.confidence,
        verdict.accepted,
        verdict.reason,
        characters,
        _around(characters),
        others=tuple((other.text, math.exp(other.score)) for other in texts.best[1:]),
    )


def places_of(texts: FieldTexts, strip: Strip) -> list[Place]:
    """Return where the best text's characters stand on the picture: where the network saw them, between neighbours."""
    if not texts.best or not texts.best[0].spans:
        return []
    middles = [(first + end) / 2 for first, end in texts.best[0].spans]
    margin = strip.image.shape[0] / 3
    cuts = [(a + b) / 2 for a, b in pairwise(middles)]
    columns = [strip.left + strip.pixel * side for side in (middles[0] - margin, *cuts, middles[-1] + margin)]
    return [(left, strip.top, right, strip.bottom) for left, right in pairwise(columns)]


def _inside(box: Place, whole: Box) -> Box:
    """Return a box in whole pixels within the picture, of one pixel at least."""
    left, top = max(0, min(math.floor(box[0]), whole[2] - 1)), max(0, min(math.floor(box[1]), whole[3] - 1))
    right, bottom = max(left + 1, min(math.ceil(box[2]), whole[2])), max(top + 1, min(math.ceil(box[3]), whole[3]))
    return left, top, right, bottom


def _around(characters: Sequence[Character]) -> Box:
    lefts, tops, rights, bottoms = zip(*(character.box for character in characters), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)

"""Pictures of fields to readings: what the network spells under a grammar, how sure that is, and where it stands."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lenet.calibration import Calibration
from lenet.documents.segmentation import Box
from lenet.grammar import Grammar
from lenet.network import Network
from lenet.reading.confidence import judge
from lenet.reading.fields import FieldText, spell_strips
from lenet.reading.readings import Character, Reading
from lenet.strips import Strip

__all__ = ["spelled"]


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
    readings = []
    spellings = spell_strips(network, [strip for strip, _ in strips], grammar, threads=threads)
    for (strip, whole), texts in zip(strips, spellings, strict=True):
        verdict = judge(texts, written=strip.written, grammar=grammar, calibration=calibration, threshold=threshold)
        if verdict.confidence == 0:
            readings.append(Reading("", None, 0.0, False, verdict.reason, (), whole))
            continue
        best = texts.best[0]
        characters = _characters(best, strip, whole)
        readings.append(
            Reading(
                best.text,
                grammar.value(best.text),
                verdict.confidence,
                verdict.accepted,
                verdict.reason,
                characters,
                _around(characters),
                others=tuple((other.text, math.exp(other.score)) for other in texts.best[1:]),
            )
        )
    return readings


def _characters(text: FieldText, strip: Strip, whole: Box) -> tuple[Character, ...]:
    """Return a text's characters with their places on the picture: where the network saw them, between neighbours."""
    found = []
    middles = [(first + end) / 2 for first, end in text.spans]
    for index, sign in enumerate(text.text):
        before = (middles[index - 1] + middles[index]) / 2 if index else middles[index] - strip.image.shape[0] / 3
        after = (
            (middles[index] + middles[index + 1]) / 2
            if index + 1 < len(middles)
            else middles[index] + strip.image.shape[0] / 3
        )
        left, right = (strip.left + strip.pixel * column for column in (before, after))
        box = _inside((left, strip.top, right, strip.bottom), whole)
        found.append(Character(sign, text.sure[index], box))
    return tuple(found)


def _inside(box: tuple[float, float, float, float], whole: Box) -> Box:
    """Return a box in whole pixels within the picture, of one pixel at least."""
    left, top = (max(0, min(math.floor(box[side]), whole[side + 2] - 1)) for side in (0, 1))
    right, bottom = (
        max(low + 1, min(math.ceil(box[side + 2]), whole[side + 2])) for side, low in ((0, left), (1, top))
    )
    return left, top, right, bottom


def _around(characters: Sequence[Character]) -> Box:
    lefts, tops, rights, bottoms = zip(*(character.box for character in characters), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)

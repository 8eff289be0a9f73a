"""Why a field is accepted or rejected: how sure the reading is, and what speaks against it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lenet.calibration import Calibration
from lenet.errors import InputError
from lenet.grammar import Grammar
from lenet.reading.fields import FieldTexts

__all__ = ["USUAL_THRESHOLD", "Verdict", "judge", "threshold_for"]

USUAL_THRESHOLD = 0.5
"""Confidence from which a reading is accepted where no error rate is asked for: it is rather right than wrong."""
_CLOSE = math.log(5)
"""Two texts are close if the first is less than five times as probable as the second; of ours."""
_BENT = 3.0
"""Natural logarithms by which a text without grammar may be better before the grammar is said not to fit; of ours."""
_PARTLY = 0.25
"""Confidence that a reading has at most where something of the field was not read; of ours."""


@dataclass(frozen=True)
class Verdict:
    """How sure a reading is, and what follows from that."""

    confidence: float
    accepted: bool
    reason: str


def threshold_for(max_error: float | None, calibration: Calibration | None) -> float:
    """Return the least confidence of an accepted reading, where `max_error` of all fields may be wrong.

    Raises
    ------
    InputError
        `max_error` is not between 0 and 1, or the network has no calibration to tell it from.
    """
    if max_error is None:
        return USUAL_THRESHOLD
    if calibration is None:
        raise InputError(
            f"max_error={max_error} was asked for, but the network's confidence was never calibrated on whole fields; "
            "use the model 'fields', or one that lenet train --fields made"
        )
    return calibration.threshold(max_error)


def judge(
    texts: FieldTexts,
    *,
    written: bool,
    grammar: Grammar,
    calibration: Calibration | None,
    threshold: float,
    unread: str = "",
) -> Verdict:
    """Say how probable it is that the best text is right, and whether that is enough.

    Parameters
    ----------
    texts : what the field may say.
    written : whether there is any ink.
    grammar, calibration, threshold : as for `lenet.reading.spelled.spelled`.
    unread : what the best text cannot be all of the field for; it is accepted only where nothing speaks against it.
    """
    if not written:
        return Verdict(0.0, False, "nothing is written")
    if not texts.best or not texts.best[0].text:
        return Verdict(0.0, False, f"nothing of the kind {grammar.name} is written")
    best = texts.best[0]
    sure = calibration.confidence(best.score, texts.margin) if calibration else math.exp(best.score)
    if unread:
        return Verdict(min(sure, _PARTLY), False, unread)
    unsettled = grammar.meaning(best.text).reason
    if sure >= threshold and not unsettled:
        return Verdict(sure, True, "")
    return Verdict(sure, False, unsettled if sure >= threshold else _doubt(texts, grammar, sure, threshold))


def _doubt(texts: FieldTexts, grammar: Grammar, sure: float, threshold: float) -> str:
    """Say what makes a reading doubtful, the plainest first."""
    best, free = texts.best[0], texts.free
    if free.text.count("?") * 2 >= max(1, len(free.text)):
        return f"what is written is no {grammar.name}"
    if free.score - best.score > _BENT and grammar.kind != "text":
        return f"it rather says {free.text!r}, which is no {grammar.name}"
    if texts.margin < _CLOSE:
        return f"{best.text!r} and {texts.best[1].text!r} are both likely"
    weakest = min(range(len(best.text)), key=lambda index: best.sure[index])
    return f"only {sure:.1%} sure, {threshold:.1%} are asked for; least of all of its {best.text[weakest]!r}"

"""How well a reader reads labelled fields: right, rejected and wrong, and whether its confidence keeps its word."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet import grammar
from lenet.calibration import Calibration, expected_calibration_error, fit_calibration
from lenet.datasets.labelled_fields import Fields
from lenet.errors import InputError
from lenet.grammar import Grammar, digits_of
from lenet.learning import wilson
from lenet.network import Network
from lenet.reading.fields import is_field_network, spell_strips
from lenet.reading.reader import Reader
from lenet.reading.readings import Reading
from lenet.strips import make_strips

__all__ = [
    "ConfidenceBin",
    "FieldEvaluation",
    "FieldMistake",
    "Outcome",
    "calibrate_fields",
    "evaluate_fields",
    "is_right",
]

BINS = 10
"""Bins of confidence, of equal width."""
_DRAWS = 2_000
"""Readers of perfect calibration that are drawn, to see how large their calibration error is by chance; of ours."""
_POINTS = 200
"""Points of the error/reject curve, at most; of ours."""
_SMALLEST = 1e-6
"""Probability below which the log loss of a field no longer grows; of ours."""
_TOGETHER = 64
"""Fields that are read at once."""


@dataclass(frozen=True)
class Outcome:
    """What becomes of fields where readings below a confidence are rejected; the paper's triple, as shares of all.

    Parameters
    ----------
    threshold : the confidence that an accepted reading has at least.
    correct, rejected, error : shares of all fields, 0 to 1, that add up to 1; errors are accepted and wrong.
    """

    threshold: float
    correct: float
    rejected: float
    error: float


@dataclass(frozen=True)
class FieldMistake:
    """A field that was read wrong: its index and name, what is written, what was read, and with what confidence."""

    index: int
    name: str
    text: str
    read: str
    confidence: float


@dataclass(frozen=True)
class ConfidenceBin:
    """Fields of like confidence: how many, the mean of their confidence, and the share that was read right."""

    count: int
    confidence: float
    right: float


@dataclass(frozen=True)
class FieldEvaluation:
    """How well a reader reads labelled fields.

    Parameters
    ----------
    name : of the fields.
    kind : as which they were read.
    count : how many there are.
    right : whole fields read right, whether accepted or not.
    right_interval : of their share, 95 % (Wilson).
    max_error : the share of errors that the reader was asked for, or None.
    outcome : what the reader accepts and rejects.
    correct_interval, error_interval : of these two shares, 95 % (Wilson).
    curve : outcomes at other thresholds, from rejecting nothing that means something to rejecting all.
    log_loss : mean of minus the natural logarithm of the probability given to what came out, right or wrong.
    calibration_error : expected difference of confidence and share of right ones, over 10 bins.
    calibration_chance : what a perfectly calibrated reader stays below on as many fields in 95 of 100 cases.
    bins : what the calibration error is made of; empty bins are left out.
    worst : mistakes, most confident first.
    """

    name: str
    kind: str
    count: int
    right: int
    right_interval: tuple[float, float]
    max_error: float | None
    outcome: Outcome
    correct_interval: tuple[float, float]
    error_interval: tuple[float, float]
    curve: tuple[Outcome, ...]
    log_loss: float
    calibration_error: float
    calibration_chance: float
    bins: tuple[ConfidenceBin, ...]
    worst: tuple[FieldMistake, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as values that `json.dumps` takes."""
        return asdict(self)

    def to_json(self) -> str:
        """Return the evaluation as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __repr__(self) -> str:
        triple = self.outcome
        return (
            f"FieldEvaluation({self.name!r}: {self.right:,} of {self.count:,} right; correct {triple.correct:.1%}, "
            f"rejected {triple.rejected:.1%}, error {triple.error:.1%})"
        )


def evaluate_fields(reader: Reader, fields: Fields, *, worst: int = 20) -> FieldEvaluation:
    """Let a reader read labelled fields, and count.

    A field is right if the whole text is, or if both texts have the same value. Where the label has digits alone, or
    the reader's grammar knows nothing else, only digits are compared. An empty reading is never right.

    Parameters
    ----------
    reader : what reads, with the share of errors that it accepts.
    fields : with their texts.
    worst : how many mistakes to list.

    Raises
    ------
    InputError
        There are no fields, or a picture cannot be used.
    """
    if not len(fields):
        raise InputError(f"{fields} has nothing to evaluate on; give at least one field")
    readings = list(reader.many(fields.pictures))
    right = np.array([is_right(reader.grammar, r.text, t) for r, t in zip(readings, fields.texts, strict=True)])
    sure = np.array([reading.confidence for reading in readings])
    accepted = np.array([reading.accepted for reading in readings])
    threshold: float = getattr(reader, "threshold", 0.0)
    count, correct, errors = len(fields), int((right & accepted).sum()), int((~right & accepted).sum())
    given = np.clip(np.where(right, sure, 1 - sure), _SMALLEST, 1)
    return FieldEvaluation(
        name=fields.name,
        kind=reader.grammar.name,
        count=count,
        right=int(right.sum()),
        right_interval=wilson(int(right.sum()), count),
        max_error=reader.max_error,
        outcome=_outcome(threshold, correct, errors, count),
        correct_interval=wilson(correct, count),
        error_interval=wilson(errors, count),
        curve=_curve(sure, right, np.array([_means_something(reader.grammar, reading) for reading in readings])),
        log_loss=float(-np.log(given).mean()),
        calibration_error=expected_calibration_error(sure.tolist(), right.tolist(), BINS),
        calibration_chance=_chance(sure),
        bins=_bins(sure, right),
        worst=_worst(fields, readings, right, worst),
    )


def calibrate_fields(
    network: Network, fields: Fields, kind: Any = "digits", *, start: Calibration | None = None, threads: int = 0
) -> Calibration:
    """Learn how sure a network may be of whole fields; assign it to `Network.calibration`.

    Fields on which nothing of the grammar is found tell nothing, and are passed over.

    Parameters
    ----------
    network : for whole fields.
    fields : that the network was not trained on.
    kind : as for `lenet.read`.
    start : what was known before, such as the calibration of the network that training began from: few fields change
        it little, and what it says of other kinds stays.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.

    Raises
    ------
    InputError
        The network reads single characters, or on none of the fields is anything found.
    GrammarError
        There is no such kind.
    """
    if not is_field_network(network):
        raise InputError(f"{network} reads single characters; calibrate a network for whole fields")
    known = grammar.get(kind)
    scores, margins, right = [], [], []
    for begin in range(0, len(fields), _TOGETHER):
        pictures = fields.pictures[begin : begin + _TOGETHER]
        strips = make_strips(pictures, fractions=known.kind == "mark", threads=threads)
        found = spell_strips(network, strips, known, threads=threads)
        for strip, texts, truth in zip(strips, found, fields.texts[begin : begin + _TOGETHER], strict=True):
            if strip.written and texts.best and texts.best[0].text:
                scores.append(texts.best[0].score)
                margins.append(texts.margin)
                right.append(is_right(known, texts.best[0].text, truth))
    if not scores:
        raise InputError(f"nothing that a {known.name} may hold is found on {fields}; give fields of this kind")
    curve = fit_calibration(scores, margins, right, start=None if start is None else start.of(known.kind))
    return curve if start is None else start.changed(known.kind, curve)


def is_right(known: Grammar, text: str, truth: str) -> bool:
    """Tell whether a text that was read says the same as what is written; see `evaluate_fields`."""
    if not text:
        return False
    if text == truth:
        return True
    if truth.isdigit() or set(known.alphabet) <= set("0123456789"):
        return digits_of(text) == digits_of(truth)
    value = known.value(text)
    return value is not None and value == known.value(truth)


def _means_something(known: Grammar, reading: Reading) -> bool:
    """Tell whether a reading can be accepted at all, however sure it has to be."""
    return bool(reading.text) and not known.meaning(reading.text).reason


def _outcome(threshold: float, correct: int, errors: int, count: int) -> Outcome:
    return Outcome(float(threshold), correct / count, (count - correct - errors) / count, errors / count)


def _curve(sure: NDArray[Any], right: NDArray[np.bool_], meant: NDArray[np.bool_]) -> tuple[Outcome, ...]:
    """Return what is accepted at each confidence that occurs, or at some of them; equal ones fall together."""
    count, kept = len(sure), np.flatnonzero(meant)
    falling = kept[np.argsort(-sure[kept], kind="stable")]
    level, good = sure[falling], np.cumsum(right[falling])
    last = np.flatnonzero(np.append(np.diff(level) != 0, True)) if len(level) else np.zeros(0, int)
    chosen = last[np.unique(np.linspace(0, len(last) - 1, _POINTS).round().astype(int))] if len(last) else last
    accepted = [_outcome(level[k], int(good[k]), int(k + 1 - good[k]), count) for k in chosen[::-1]]
    return (*accepted, _outcome(math.nextafter(1.0, 2.0), 0, 0, count))


def _chance(sure: NDArray[Any]) -> float:
    """Return the calibration error below which a perfectly calibrated reader stays in 95 of 100 cases."""
    rng = np.random.default_rng(0)
    member = np.eye(BINS)[_places(sure)]
    drawn = [np.abs((sure - (rng.random(len(sure)) < sure)) @ member).sum() / len(sure) for _ in range(_DRAWS)]
    return float(np.quantile(drawn, 0.95))


def _bins(sure: NDArray[Any], right: NDArray[np.bool_]) -> tuple[ConfidenceBin, ...]:
    where = _places(sure)
    groups = [np.flatnonzero(where == number) for number in range(BINS)]
    return tuple(
        ConfidenceBin(len(group), float(sure[group].mean()), float(right[group].mean()))
        for group in groups
        if len(group)
    )


def _places(sure: NDArray[Any]) -> NDArray[np.int64]:
    return np.minimum((sure * BINS).astype(np.int64), BINS - 1)


def _worst(
    fields: Fields, readings: Sequence[Reading], right: NDArray[np.bool_], most: int
) -> tuple[FieldMistake, ...]:
    wrong = [k for k in np.flatnonzero(~right).tolist() if readings[k].text]
    wrong.sort(key=lambda k: -readings[k].confidence)
    return tuple(
        FieldMistake(k, fields.names[k], fields.texts[k], readings[k].text, readings[k].confidence)
        for k in wrong[:most]
    )

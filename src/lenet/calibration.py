"""How sure a reader of whole fields may be: learned on fields that its network was not trained on.

The score of a path through a network says how likely the network holds it, which is not how often it is right. Two
numbers tell that better together: the probability of the best text, and how far the next one is behind. (How far the
best text is behind the one without grammar told more of real fields, but made scribbles certain, which these have not.)
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenet.errors import FormatError, InputError

__all__ = ["Calibration", "expected_calibration_error", "fit_calibration"]

_MOST = 40.0
"""Log odds beyond which a logistic curve is 0 or 1."""
_FAR = 12.0
"""Natural logarithms beyond which a score or a margin tells nothing more; of ours."""
_PRIOR = 1e-2
"""Weight of the prior that keeps the fit finite where no field was read wrong; of ours."""
_KEPT = 50
"""A curve to begin with counts as much as so many fields; of ours."""
_QUANTILES = 50


@dataclass(frozen=True)
class Calibration:
    """A logistic curve from scores to the probability that a field was read right.

    Parameters
    ----------
    by_score : what a unit of the log odds of the best text adds.
    by_margin : what a unit of log probability between it and the next text adds.
    offset : what is added to both.
    usual : ascending confidences of the fields it was learned on, as quantiles.
    with_signs : the curve of amounts, dates and the like, whose signs make every text less probable; None where that
        was not learned apart.
    marks : the curve of marks, whose halves are written in more ways than a network has seen; None as above.
    """

    by_score: float
    by_margin: float
    offset: float
    usual: tuple[float, ...]
    with_signs: Calibration | None = None
    marks: Calibration | None = None

    def of(self, kind: str) -> Calibration:
        """Return the curve for a kind of grammar: that of marks, "text" for digits and patterns, or else with signs."""
        if kind == "mark" and self.marks is not None:
            return self.marks
        return self if kind == "text" or self.with_signs is None else self.with_signs

    def changed(self, kind: str, curve: Calibration) -> Calibration:
        """Return it with another curve for a kind of grammar; those of the other kinds stay."""
        if kind == "text":
            return replace(curve, with_signs=self.with_signs or replace(self, with_signs=None))
        return replace(self, with_signs=curve)

    def confidence(self, score: float, margin: float) -> float:
        """Return the probability, 0 to 1, that a text is right.

        Parameters
        ----------
        score : natural logarithm of the text's probability, 0 or less.
        margin : how much greater that is than the next text's; infinite where there is none.
        """
        odds, lead = _features(score, margin)
        log_odds = self.by_score * odds + self.by_margin * lead + self.offset
        return 1 / (1 + math.exp(-max(-_MOST, min(_MOST, log_odds))))  # _logistic, of a single number

    def threshold(self, max_error: float) -> float:
        """Return the confidence that an accepted reading has at least, if `max_error` of all fields may be wrong.

        It is meant for fields like those that this was learned on; of others, more or fewer will be accepted.

        Raises
        ------
        InputError
            `max_error` is not between 0 and 1.
        """
        if not 0 <= max_error <= 1:
            raise InputError(f"max_error={max_error} was given; give the share of all fields that may be wrong, 0 to 1")
        falling = np.array(self.usual[::-1])
        if not len(falling):
            return 1 - max_error
        expected = np.cumsum(1 - falling) / len(falling)
        accepted = int(np.searchsorted(expected, max_error, side="right"))
        if accepted == len(falling):
            return 0.0
        return float(falling[accepted - 1]) if accepted else math.nextafter(1.0, 2.0)

    def to_json(self) -> str:
        """Return it as JSON; `from_json` reads it back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """Read what `to_json` wrote; raise `FormatError` where it is something else."""
        try:
            data = json.loads(text)
            numbers = [float(data[name]) for name in ("by_score", "by_margin", "offset")]
            usual = tuple(float(value) for value in data["usual"])
            others = [data.get(name) for name in ("with_signs", "marks")]
            more = [None if other is None else cls.from_json(json.dumps(other)) for other in others]
        except (TypeError, ValueError, KeyError, RecursionError):
            numbers, usual, more = [math.nan], (), []
        if not all(map(math.isfinite, [*numbers, *usual])):
            raise FormatError("not a calibration; expected what Calibration.to_json writes: save the network again")
        return cls(numbers[0], numbers[1], numbers[2], tuple(sorted(usual)), *more)

    def __repr__(self) -> str:
        return f"Calibration({self.by_score:.3f} log odds + {self.by_margin:.3f} margin + {self.offset:.3f})"


def fit_calibration(
    scores: ArrayLike, margins: ArrayLike, right: ArrayLike, *, start: Calibration | None = None
) -> Calibration:
    """Learn the curve by maximum likelihood (Newton's method on the logistic loss).

    Parameters
    ----------
    scores, margins : as `Calibration.confidence` takes them, one a field.
    right : booleans, whether the field was read right.
    start : a curve that few fields change little: it counts as much as `_KEPT` of them would that agree with it
        (Zellner's g-prior: in proportion to what these fields tell about each number).

    Raises
    ------
    InputError
        There are no fields, or not as many of each.
    """
    truth = np.asarray(right, bool)
    rows = [_features(float(s), float(m)) for s, m in zip(np.ravel(scores), np.ravel(margins), strict=True)]
    if not rows or len(rows) != len(truth):
        raise InputError(f"{len(rows)} scores came with {len(truth)} answers; give one or more fields, one of each")
    inputs = np.column_stack([np.asarray(rows), np.ones(len(rows))])
    begun = np.array([1.0, 0.0, 0.0] if start is None else [start.by_score, start.by_margin, start.offset])
    kept = _PRIOR * np.eye(3) + (0 if start is None else _KEPT / len(rows) * _curvature(inputs, begun))
    weights = begun.copy()
    for _ in range(50):
        gradient = inputs.T @ (_logistic(inputs @ weights) - truth) + kept @ (weights - begun)
        step = np.linalg.solve(_curvature(inputs, weights) + kept, gradient)
        weights -= np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    usual = np.quantile(_logistic(inputs @ weights), (np.arange(_QUANTILES) + 0.5) / _QUANTILES)
    by_score, by_margin, offset = map(float, weights)
    return Calibration(by_score, by_margin, offset, tuple(map(float, usual)))


def _curvature(inputs: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the second derivatives of the logistic loss."""
    found = _logistic(inputs @ weights)
    return np.asarray((inputs * (found * (1 - found))[:, np.newaxis]).T @ inputs)


def expected_calibration_error(confidence: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Return the mean over fields of |mean confidence - share right| of the bin of confidence that the field is in."""
    sure, truth = np.asarray(confidence, float), np.asarray(right, float)
    where = np.minimum((sure * bins).astype(int), bins - 1)
    return float(np.abs(np.bincount(where, sure - truth, bins)).sum() / max(1, len(sure)))


def _features(score: float, margin: float) -> tuple[float, float]:
    probability = math.exp(min(score, -1e-6))
    odds = score - math.log1p(-probability)
    return max(-_FAR, min(_FAR, odds)), max(0.0, min(_FAR, margin))


def _logistic(values: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -_MOST, _MOST))))

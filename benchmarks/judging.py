"""How good readings are: whole fields right, and how many of them need no person to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Judged", "digits"]

RESAMPLED = 2000
WRONG = 0.01
"""Share of all fields that may be accepted wrongly, as with the cheque readers of LeCun et al. 1998, section X-D."""

Array = NDArray[np.float64]


def digits(text: str) -> str:
    """Return the digits of a text; labels leave out what stands between them."""
    return "".join(character for character in text if character in "0123456789")


@dataclass(frozen=True)
class Judged:
    """Readings beside the truth.

    Parameters
    ----------
    right : whether a whole field is right, bool (n,).
    confidence : how sure its reader was, float (n,); -inf for a field that it did not read at all.
    accepted : whether the reader himself would have it used without a look, bool (n,).
    """

    right: NDArray[np.bool_]
    confidence: Array
    accepted: NDArray[np.bool_]

    @classmethod
    def of(cls, readings: Sequence[tuple[str, float, bool]], texts: Sequence[str]) -> Judged:
        """Compare texts, confidences and acceptances with the truth, digits alone."""
        found = [digits(text) for text, _, _ in readings]
        return cls(
            np.array([text == truth for text, truth in zip(found, texts, strict=True)]),
            np.array([sure if text else -np.inf for text, (_, sure, _) in zip(found, readings, strict=True)]),
            np.array([bool(text) and taken for text, (_, _, taken) in zip(found, readings, strict=True)]),
        )

    def share_right(self) -> tuple[float, float, float]:
        """Return the share of fields that are right, and its 95 % interval."""
        return self._with_interval(lambda weights: weights @ self.right)

    def share_accepted(self) -> tuple[float, float, float]:
        """Return the largest share of all fields that a threshold accepts, and its 95 % interval.

        Of all fields, at most 1 % may be accepted wrongly. The threshold is chosen in hindsight, again in every sample.
        """
        order = np.argsort(-self.confidence, kind="stable")
        sure, wrong = self.confidence[order], ~self.right[order]
        last = np.append(sure[1:] < sure[:-1], True) & np.isfinite(sure)  # equally sure ones are accepted together

        def largest(weights: Array) -> Array:
            weights = weights[:, order]
            accepted, bad = np.cumsum(weights, axis=1)[:, last], np.cumsum(weights * wrong, axis=1)[:, last]
            share: Array = np.where(bad <= WRONG + 1e-9, accepted, 0.0).max(axis=1, initial=0.0)
            return share

        return self._with_interval(largest)

    @property
    def refuses(self) -> bool:
        """Whether the reader himself refused something that he could read."""
        return bool((np.isfinite(self.confidence) & ~self.accepted).any())

    def own_triple(self) -> tuple[float, float, float]:
        """Return the shares of all fields that the reader himself accepted rightly, refused, and accepted wrongly."""
        right, taken = float((self.accepted & self.right).mean()), float(self.accepted.mean())
        return right, 1 - taken, taken - right

    def _with_interval(self, measure: Callable[[Array], Array]) -> tuple[float, float, float]:
        """Apply a measure of weighted fields to all of them, and to samples of as many drawn with replacement."""
        count = len(self.right)
        value = float(measure(np.full((1, count), 1 / count))[0])
        drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLED) / count
        low, high = np.percentile(measure(drawn), (2.5, 97.5))
        return value, float(low), float(high)

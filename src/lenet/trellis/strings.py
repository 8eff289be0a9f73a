"""Searches of strings: the best that an acceptor allows, and sums over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.trellis.acceptors import Acceptor, everything
from lenet.trellis.emissions import Emissions, asked, checked

__all__ = [
    "Spelling",
    "accepted_score",
    "accepted_scores",
    "prefix_search",
    "prefix_search_many",
    "string_score",
]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A string that a field may spell.

    Parameters
    ----------
    labels : its symbols, without blanks.
    score : natural log of the sum over all its alignments, and the scores of the acceptor.
    spans : for each symbol its first frame and the one after its last, in the best alignment.
    peaks : for each symbol the highest of its emissions in these frames.
    """

    labels: tuple[int, ...]
    score: float
    spans: tuple[tuple[int, int], ...]
    peaks: tuple[float, ...]


def prefix_search_many(
    fields: Sequence[Emissions],
    acceptor: Acceptor | None = None,
    *,
    beam: int = 8,
    n_best: int = 1,
    threads: int = 0,
) -> list[list[Spelling]]:
    """Return, for each field, the best strings that the acceptor allows, best first.

    A beam of prefixes goes along the frames, each with the sum over its alignments, and only such as can still become
    an accepted string in the frames that are left. What is accepted at the end is summed again over all alignments, so
    that scores are exact; which strings are found depends on the beam. With finite emissions there is one whenever an
    accepted string fits into the frames.

    Parameters
    ----------
    fields : emissions, (frames, symbols) each. They may lack a constant a frame, such as the normalisation.
    acceptor : which strings there are; None: all.
    beam : how many prefixes are kept, up to 4,096.
    n_best : how many strings are wanted, at most; there may be fewer, and none.
    threads : as in `forward_scores`.

    Raises
    ------
    InputError
        Emissions are not of two axes, hold NaN or +inf, or have other symbols than the acceptor.
    """
    scores = [checked(emissions) for emissions in fields]
    if not scores:
        return []
    given = acceptor or everything(scores[0].shape[1])
    found = asked(_engine.prefix_search, scores, given.ready, beam, n_best, threads)
    return [[Spelling(*spelling) for spelling in each] for each in found]


def prefix_search(
    emissions: Emissions, acceptor: Acceptor | None = None, *, beam: int = 8, n_best: int = 1
) -> list[Spelling]:
    """Return the result of `prefix_search_many` for one field."""
    return prefix_search_many([emissions], acceptor, beam=beam, n_best=n_best, threads=1)[0]


def accepted_scores(
    fields: Sequence[Emissions], acceptor: Acceptor | None = None, *, threads: int = 0
) -> NDArray[np.float64]:
    """Return, for each field, the log of the sum over all strings that the acceptor allows, in all their alignments.

    A string's score less this is the log of its probability among them: what a confidence begins with. Parameters and
    errors are those of `prefix_search_many`.

    Returns
    -------
    float64 (fields,); -inf where no string is possible.

    References
    ----------
    LeCun et al. 1998, section VI-E.
    """
    scores = [checked(emissions) for emissions in fields]
    if not scores:
        return np.zeros(0)
    given = acceptor or everything(scores[0].shape[1])
    return asked(_engine.accepted_scores, scores, given.ready, threads)


def accepted_score(emissions: Emissions, acceptor: Acceptor | None = None) -> float:
    """Return the score of `accepted_scores` for one field."""
    return float(accepted_scores([emissions], acceptor, threads=1)[0])


def string_score(emissions: Emissions, labels: Sequence[int]) -> float:
    """Return the log of the sum over all alignments of one string; -inf where it does not fit into the frames.

    Raises
    ------
    InputError
        A label is the blank or no symbol, or the emissions are none.
    """
    return asked(_engine.string_score, checked(emissions), np.asarray(labels, np.int32).reshape(-1))

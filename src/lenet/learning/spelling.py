"""The loss of a network that reads whole fields, of which only the text is known (LeCun et al. 1998, section VII).

The network says at each place of a field what stands there, and class 0 means nothing new. A text is spelled by every
sequence of classes that gives it when repetitions and zeros are left out. With p(sequence) the product of the places'
probabilities, the loss is the discriminative forward criterion (section VI-E):

    loss = -log of the sum of p over all sequences that spell the text  -  (-log of the sum of p over all sequences)

whose second part is 0, since each place's probabilities sum to 1. It is also known as connectionist temporal
classification (Graves et al. 2006). Its derivative by a score is the probability of the class less its share among
the sequences that spell the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Spelling", "best_spelling", "log_softmax", "spelling_loss"]

_NEVER = np.float32(-1e30)

Scores = NDArray[np.float32]
Number = TypeVar("Number", np.float32, np.int64)


class Spelling(NamedTuple):
    """What `spelling_loss` gives.

    Attributes
    ----------
    losses : float32 (n,), natural-log units; 0 where a text does not fit into its field at all.
    deltas : float32, as the scores: the derivative of each field's loss by them.
    """

    losses: Scores
    deltas: Scores


def log_softmax(scores: Scores) -> Scores:
    """Return the logarithms of the probabilities of the classes; scores are (n, classes, places)."""
    less = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(less - np.log(np.exp(less).sum(axis=1, keepdims=True)), np.float32)


def best_spelling(logs: Scores, ignored: NDArray[np.bool_] | None = None) -> list[int]:
    """Return the classes of the likeliest sequence of one field (classes, places), repetitions and zeros left out.

    Classes that are `ignored`, booleans (classes,), count as nothing.
    """
    if ignored is not None:
        nothing = np.logaddexp.reduce(logs[ignored], axis=0)
        logs = np.where(ignored[:, np.newaxis], _NEVER, logs)
        logs[0] = nothing
    best = logs.argmax(axis=0)
    return [int(k) for place, k in enumerate(best) if k and (not place or best[place - 1] != k)]


def spelling_loss(
    scores: Scores, texts: Sequence[NDArray[np.int64]], signs: NDArray[np.bool_], open_texts: NDArray[np.bool_]
) -> Spelling:
    """Return the loss of each field, and its derivatives.

    Parameters
    ----------
    scores : float32 (n, classes, places), the network's last layer.
    texts : the classes of each text, none of them 0.
    signs : booleans (classes,): class 0 and those that an open text leaves out.
    open_texts : booleans (n,): whether a text leaves signs out, so that any may stand anywhere.
    """
    logs = log_softmax(scores)
    nothing = np.logaddexp.reduce(logs[:, signs], axis=1)
    between = np.where(open_texts[:, np.newaxis], nothing, logs[:, 0])
    emissions, labels, lengths = _chains(logs, between, texts)
    ways = _ways(emissions, labels)
    back = _reversed(_ways(_reversed(emissions, lengths)[:, :, ::-1], _reversed(labels, lengths)), lengths)[:, :, ::-1]
    rows = np.arange(len(texts))
    on_character = np.where(lengths > 1, ways[rows, lengths - 2, -1], _NEVER)
    found = np.logaddexp(ways[rows, lengths - 1, -1], on_character)
    fits = found > _NEVER / 2
    with np.errstate(over="ignore", invalid="ignore"):
        shares = np.exp(np.minimum(ways + back - emissions - found[:, np.newaxis, np.newaxis], 0))
    shares = np.where(fits[:, np.newaxis, np.newaxis] & (emissions > _NEVER / 2), shares, 0)
    wanted = _by_class(shares, labels, logs, nothing, signs, open_texts)
    deltas = np.where(fits[:, np.newaxis, np.newaxis], np.exp(logs) - wanted, 0)
    return Spelling(np.where(fits, -found, 0).astype(np.float32), np.ascontiguousarray(deltas, np.float32))


def _chains(
    logs: Scores, between: Scores, texts: Sequence[NDArray[np.int64]]
) -> tuple[Scores, NDArray[np.int64], NDArray[np.int64]]:
    """Return, for the chain nothing-character-nothing-...-nothing of each text, what its states say at each place.

    float32 (n, states, places); the labels of the states (n, states); how many states each chain has.
    """
    lengths = np.array([2 * len(text) + 1 for text in texts])
    labels = np.zeros((len(texts), int(lengths.max())), np.int64)
    for row, text in zip(labels, texts, strict=True):
        row[1 : 2 * len(text) : 2] = text
    emissions = np.take_along_axis(logs, labels[:, :, np.newaxis], axis=1)
    emissions[:, ::2] = between[:, np.newaxis]
    inside = np.arange(labels.shape[1]) < lengths[:, np.newaxis]
    return np.where(inside[:, :, np.newaxis], emissions, _NEVER), labels, lengths


def _ways(emissions: Scores, labels: NDArray[np.int64]) -> Scores:
    """Return the forward scores: log of the sum over all ways from the first place into each state (eq. 13)."""
    n, states, places = emissions.shape
    skips = np.zeros((n, states), bool)  # from a character to another one with nothing between
    skips[:, 3::2] = labels[:, 3::2] != labels[:, 1:-2:2]
    ways = np.full((n, states + 2, places), _NEVER, np.float32)  # two states before the first one, never reached
    ways[:, 2:4, 0] = emissions[:, :2, 0]
    for place in range(1, places):
        before = ways[:, :, place - 1]
        stay, step, skip = before[:, 2:], before[:, 1:-1], np.where(skips, before[:, :-2], _NEVER)
        most = np.maximum(np.maximum(stay, step), skip)
        total = most + np.log(np.exp(stay - most) + np.exp(step - most) + np.exp(skip - most))
        ways[:, 2:, place] = np.maximum(total + emissions[:, :, place], _NEVER)
    return ways[:, 2:]


def _reversed(chains: NDArray[Number], lengths: NDArray[np.int64]) -> NDArray[Number]:
    """Return chains with the order of their states turned round, each within its own length."""
    order = lengths[:, np.newaxis] - 1 - np.arange(chains.shape[1])
    order = np.where(order >= 0, order, np.arange(chains.shape[1]))
    return np.take_along_axis(chains, order.reshape(*order.shape, *(1,) * (chains.ndim - 2)), axis=1)


def _by_class(
    shares: Scores,
    labels: NDArray[np.int64],
    logs: Scores,
    nothing: Scores,
    signs: NDArray[np.bool_],
    open_texts: NDArray[np.bool_],
) -> Scores:
    """Add up the shares of the states that say the same class; what means nothing is divided among what may."""
    wanted = np.zeros_like(logs)
    for row, share, label in zip(wanted, shares, labels, strict=True):
        np.add.at(row, label[1::2], share[1::2])
    empty = shares[:, ::2].sum(axis=1)[:, np.newaxis]
    parts = np.exp(np.where(signs[:, np.newaxis], logs - nothing[:, np.newaxis], _NEVER))
    alone = np.zeros_like(parts)
    alone[:, 0] = 1
    wanted[:, 0] = 0  # states past the end of a chain have label 0 and no share
    return np.asarray(wanted + empty * np.where(open_texts[:, np.newaxis, np.newaxis], parts, alone), np.float32)

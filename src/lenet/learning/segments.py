"""Global training: a network for segments learns from fields of which only the text is known.

Which segments are characters and which are rubbish follows from the text, through the graph of all readings: the loss
is the discriminative forward criterion (LeCun et al. 1998, section VI-E), the penalty of all paths that spell the text
less that of all paths, and its gradient goes through the graph to the scores of every segment and on into the network.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.datasets.labelled_fields import Fields
from lenet.errors import DivergenceError, InputError
from lenet.graphs import Graph, backward, discriminative_forward_loss, viterbi_path
from lenet.learning.history import Epoch, History, Progress
from lenet.learning.loop import Training
from lenet.learning.recipes import Distortion, Recipe
from lenet.network import Network
from lenet.segments import SEGMENT_CLASSES, SIGN, Segments, interpretation_graph, log_odds, make_segments
from lenet.training import Trainer

__all__ = ["RECIPE", "FieldLoss", "segment_loss", "segment_network", "train_segments"]

RECIPE = Recipe(
    optimizer="adamw",
    epochs=10,
    batch=16,
    rate=1e-3,
    warmup=0.1,
    decay=0.01,
    distortion=Distortion(rotation=5, shear=0.15, scale=0.1, shift=1, elastic=0.7),
    validation=0.0,
)
"""How fields are learned globally; a batch is so many fields. Of ours."""
_DIGITS = frozenset("0123456789")
_STEEPEST = 5.0
"""Norm of the gradient beyond which it is made shorter; of ours."""


class FieldLoss(NamedTuple):
    """The loss of one field.

    Attributes
    ----------
    loss : minus the natural logarithm of the text's probability; infinite where no path spells it.
    deltas : float32 (segments, classes), its derivative by the network's scores; 0 where no path spells the text.
    right : whether the best path spells the text.
    """

    loss: float
    deltas: NDArray[np.float32]
    right: bool


def segment_network(start: Network) -> Network:
    """Return a network for segments that knows what a network of single digits knows.

    It is LeNet-5 with a second map for a segment's place, and outputs for rubbish and signs; their weights begin at 0.

    Parameters
    ----------
    start : a LeNet-5 of the ten digits, such as the shipped "digits".

    Raises
    ------
    InputError
        It is none.
    """
    given = start.parameters
    architecture = start.architecture
    if start.classes != tuple("0123456789") or architecture.input != (1, 32, 32) or "C1.weights" not in given:
        raise InputError(f"{start} was given to start from; expected a LeNet-5 of the ten digits, such as 'digits'")
    planned = replace(architecture.with_classes(len(SEGMENT_CLASSES)), name="lenet5-segments", input=(2, 32, 32))
    network = Network(planned)
    network.classes = SEGMENT_CLASSES
    for name, numbers in network.parameters.items():
        numbers[...] = 0
        place = numbers[1:11] if name.startswith("OUTPUT") else numbers[:, :1] if name == "C1.weights" else numbers
        place[...] = given[name]
    for name, numbers in network.statistics.items():
        numbers[...] = start.statistics[name]
    return network


def segment_loss(segments: Segments, scores: NDArray[np.float32], text: str, *, exact: bool = False) -> FieldLoss:
    """Return the discriminative forward loss of a field, and its derivative by what a network says of its segments.

    Parameters
    ----------
    segments : of the field.
    scores : (segments, classes), of a network whose classes are `SEGMENT_CLASSES`.
    text : what is written; a text of digits alone leaves open which signs stand around them.
    exact : whether it leaves nothing open all the same.

    References
    ----------
    LeCun et al. 1998, section VI-E, eqs. 15 to 17.
    """
    count = len(SEGMENT_CLASSES) - 1
    lattice = interpretation_graph(segments.segmentation, log_odds(scores), range(1, count + 1))
    is_open = set(text) <= _DIGITS and not exact
    loss = discriminative_forward_loss(lattice, _wanted(text, is_open))
    deltas = np.zeros((len(segments), count + 1), np.float32)
    if not math.isfinite(loss.item()):
        return FieldLoss(math.inf, deltas, False)
    backward(loss)
    assert lattice.grad is not None
    deltas[:, 1:] = lattice.grad.reshape(-1, count)
    deltas[:, 0] = -deltas[:, 1:].sum(axis=1)
    return FieldLoss(loss.item(), deltas, _spelled(viterbi_path(lattice), text, is_open))


def _wanted(text: str, is_open: bool) -> Graph:
    """Return the acceptor of the labels that spell a text; where it is open, with any signs between them."""
    sign = SEGMENT_CLASSES.index(SIGN)
    labels = [SEGMENT_CLASSES.index(one) if one in _DIGITS else sign for one in text]
    arcs = [(k, k + 1, label, label) for k, label in enumerate(labels)]
    if is_open:
        arcs += [(k, k, sign, sign) for k in range(len(labels) + 1)]
    return Graph.from_arrays(len(labels) + 1, [0], [len(labels)], np.array(arcs, np.int32))


def _spelled(path: Graph, text: str, is_open: bool) -> bool:
    found = [SEGMENT_CLASSES[label] for label in path.labels_to_list()]
    if is_open:
        return "".join(one for one in found if one != SIGN) == text
    return found == [one if one in _DIGITS else SIGN for one in text]


def train_segments(
    fields: Fields,
    start: Network,
    *,
    exact: Fields | None = None,
    recipe: Recipe = RECIPE,
    validation: Fields | None = None,
    callback: Callable[[Progress], None] | None = None,
    threads: int = 0,
) -> Training:
    """Train a network for segments on whole fields.

    Parameters
    ----------
    fields : pictures of fields and their texts; where each character stands need not be known. Texts of digits alone
        leave open which signs stand around them.
    start : a network for segments (`segment_network`, or one trained before); it is copied.
    exact : more fields, whose texts leave nothing open. Without any, pieces of digits may become signs.
    recipe : how to train; its batch is so many fields.
    validation : fields to measure the error on after each epoch.
    callback : called after each epoch.
    threads : as in `lenet.train`.

    Returns
    -------
    The network and the history; errors are shares of fields that are not read right as a whole.

    Raises
    ------
    InputError
        The network reads other classes, or there are no fields.
    DivergenceError
        The loss left the finite numbers.
    """
    if start.classes != SEGMENT_CLASSES:
        raise InputError(f"{start} was given to start from; expected a network for segments, as segment_network makes")
    if not len(fields):
        raise InputError(f"{fields} has nothing to learn from; give at least one field")
    network = start.copy()
    network.card = None
    data = _ready(fields, exact)
    held_out = None if validation is None else _ready(validation, None)
    trainer = Trainer(network, recipe.optimizer, momentum=recipe.momentum, decay=recipe.decay, threads=threads)
    steps = math.ceil(len(data.texts) / recipe.batch)
    rates, epochs = recipe.rates(steps * recipe.epochs), list[Epoch]()
    for number in range(1, recipe.epochs + 1):
        begun = time.perf_counter()
        loss, wrong = _epoch(trainer, data, recipe, number, rates[(number - 1) * steps : number * steps], threads)
        if not math.isfinite(loss):
            raise DivergenceError(
                f"the loss became {loss} in epoch {number}; expected it to stay finite: lower the rate"
            )
        error = None if held_out is None else _share_wrong(network, held_out, threads)
        rate, seconds = float(rates[number * steps - 1]), time.perf_counter() - begun
        epochs.append(Epoch(number, loss, wrong, error, rate, seconds))
        if callback is not None:
            callback(Progress(number, recipe.epochs, len(data.texts), len(data.texts), loss, wrong, epochs[-1]))
    return Training(network, History(tuple(epochs)))


class _Fields(NamedTuple):
    segments: list[Segments]
    texts: Sequence[str]
    exact: Sequence[bool]


def _ready(fields: Fields, exact: Fields | None) -> _Fields:
    parts = [(fields, False), *([(exact, True)] if exact is not None else [])]
    pictures = [picture for part, _ in parts for picture in part.pictures]
    return _Fields(
        make_segments(pictures),
        [text for part, _ in parts for text in part.texts],
        [is_exact for part, is_exact in parts for _ in part.texts],
    )


def _epoch(
    trainer: Trainer, data: _Fields, recipe: Recipe, number: int, rates: NDArray[np.float32], threads: int
) -> tuple[float, float]:
    """Let every field pass once; return the mean loss of those that can be spelled, and the share that was wrong."""
    order = np.random.default_rng((recipe.seed, number)).permutation(len(data.texts))
    found: list[FieldLoss] = []
    for step, rate in enumerate(rates.tolist()):
        batch = [int(k) for k in order[step * recipe.batch : (step + 1) * recipe.batch] if len(data.segments[k])]
        if not batch:
            continue
        images = np.concatenate([data.segments[k].images for k in batch])
        outputs = trainer.forward(_distorted(images, recipe, number * 10_000 + step, threads))
        ends = np.cumsum([len(data.segments[k]) for k in batch])
        parts = np.split(outputs.reshape(len(outputs), -1), ends[:-1])
        losses = [
            segment_loss(data.segments[k], part, data.texts[k], exact=data.exact[k])
            for k, part in zip(batch, parts, strict=True)
        ]
        deltas = np.concatenate([one.deltas for one in losses]) / np.float32(len(batch))
        gradient = trainer.backward(deltas.reshape(outputs.shape))
        steepness = math.sqrt(float(gradient @ gradient))
        trainer.update(gradient * np.float32(min(1.0, _STEEPEST / max(steepness, 1e-12))), rate)
        found += losses
    finite = [one.loss for one in found if one.loss != math.inf]
    right = sum(one.right for one in found)
    return float(np.mean(finite)) if finite else math.nan, 1 - right / len(data.texts)


def _distorted(images: NDArray[np.uint8], recipe: Recipe, seed: int, threads: int) -> NDArray[np.uint8]:
    """Return the images, each glyph distorted in its own way; their places stay."""
    if recipe.distortion is None:
        return images
    amounts = {name: value for name, value in asdict(recipe.distortion).items() if name != "whole_pixels"}
    glyphs = np.ascontiguousarray(images[:, :1])
    bent = _engine.distort(glyphs, recipe.seed, np.arange(len(images)) + (seed << 16), threads=threads, **amounts)
    return np.concatenate([bent, images[:, 1:]], axis=1)


def _share_wrong(network: Network, data: _Fields, threads: int) -> float:
    wrong = 0
    for segments, text in zip(data.segments, data.texts, strict=True):
        if not len(segments):
            wrong += 1
            continue
        scores = log_odds(network.scores(segments.images, threads=threads))
        path = viterbi_path(interpretation_graph(segments.segmentation, scores, range(1, len(SEGMENT_CLASSES))))
        wrong += not _spelled(path, text, set(text) <= _DIGITS)
    return wrong / len(data.texts)

"""Training on whole fields, of which only the text is known: where each character stands, the network finds itself."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.architectures import field_network
from lenet.datasets import Dataset
from lenet.datasets.labelled_fields import Fields
from lenet.datasets.synthetic import SIGNS, synthetic_fields
from lenet.errors import InputError
from lenet.learning import checkpoints
from lenet.learning.checkpoints import Checkpoint
from lenet.learning.history import Epoch, History, Progress
from lenet.learning.loop import Course, Training
from lenet.learning.recipes import RECIPES, Recipe
from lenet.learning.spelling import best_spelling, log_softmax, spelling_loss
from lenet.network import Network
from lenet.strips import grouped, make_strips, padded, side_by_side

__all__ = ["FIELD_CLASSES", "train_fields"]

FIELD_CLASSES = ("nothing", *SIGNS)
"""Classes of a network for whole fields."""
OPEN_SIGNS = ".,-/=:#*"
"""Signs that may stand anywhere in a text of digits alone."""
SYNTHETIC = 12_000
"""Synthetic fields that a training draws from; of ours: each is distorted anew every time."""
_ALONE = 1_500
"""Synthetic fields of an epoch where there are no others; of ours."""
_STEEPEST = 5.0
"""Norm of the gradient beyond which it is made shorter; of ours."""
_BETA2 = 0.99
"""AdamW's; of ours: a training has a few thousand steps."""
_MIXED = 8
"""Batches that are sorted by width together, so that images of a batch are about as wide."""
_MIXING = 8.0
"""Columns by which widths are blurred before sorting, so that batches are not always the same; of ours."""


class _Sample(NamedTuple):
    """Fields ready for training: strips, the classes of their texts, and whether those leave signs out."""

    strips: list[NDArray[np.uint8]]
    texts: list[NDArray[np.int64]]
    is_open: NDArray[np.bool_]


def train_fields(
    fields: Fields | None,
    digits: Dataset | None = None,
    *,
    start: Network | None = None,
    recipe: Recipe | None = None,
    validation: Fields | None = None,
    synthetic: int = SYNTHETIC,
    beside: float = 1.0,
    resume: str | Path | None = None,
    checkpoint: str | Path | None = None,
    callback: Callable[[Progress], None] | None = None,
    threads: int = 0,
) -> Training:
    """Train a network that reads whole fields.

    Parameters
    ----------
    fields : pictures of fields and their texts, all of `SIGNS`; without them, synthetic fields alone are learned.
    digits : single digits to compose synthetic fields of.
    start : a network to go on from, such as the shipped "fields"; its partner learns as well. Without it,
        `field_network` with new numbers.
    recipe : how to train; `RECIPES["fields"]`, or "fields-more" where there is a network to start from.
    validation : fields to measure the error on after each epoch.
    synthetic : how many synthetic fields to write.
    beside : how many of them pass in each epoch for each given field.
    resume, checkpoint, callback, threads : as in `lenet.train`.

    Returns
    -------
    The network and the history; errors are shares of fields that are not read right as a whole.

    Raises
    ------
    InputError
        There are neither fields nor digits, a text has other characters, or the network reads other classes.
    DivergenceError
        The loss left the finite numbers.
    """
    if not fields and digits is None:
        raise InputError("there are neither fields nor digits to learn from; give labelled fields, digits, or both")
    before = None if resume is None else checkpoints.load(resume)
    used = recipe or (before.recipe if before else RECIPES["fields" if start is None else "fields-more"])
    network = _network(start, used.seed)
    course = _FieldCourse(network, fields, digits, validation, used, synthetic, beside, threads)
    if before is not None:
        course.restore(before, course.fingerprint())
    while len(course.epochs) < used.epochs:
        course.run_epoch(callback or (lambda _: None))
        if checkpoint is not None:
            checkpoints.save(course.state(course.fingerprint()), checkpoint)
    return Training(course.outcome(), History(tuple(course.epochs)))


class _Learner(Course):
    """A network that learns batch by batch."""

    signs = np.array([True, *(sign in OPEN_SIGNS for sign in SIGNS)])

    def __init__(self, network: Network, recipe: Recipe, threads: int) -> None:
        self.network, self.recipe, self.threads = network, recipe, threads
        self.trainer = _engine.Trainer(
            network._engine,
            optimizer=recipe.optimizer,
            momentum=recipe.momentum,
            decay=recipe.decay,
            beta2=_BETA2,
            nesterov=recipe.nesterov,
            threads=threads,
        )
        self.average = None
        self.epochs: list[Epoch] = []

    def learn(
        self, images: NDArray[np.float32], batch: _Sample, rate: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Take one step; return the scores of the images, (n, classes, places), and the loss of each."""
        scores = self.trainer.forward(images)[:, :, 0]
        spelled = spelling_loss(scores, batch.texts, self.signs, batch.is_open)
        if np.isfinite(spelled.losses).all():
            self._step(spelled.deltas / np.float32(len(batch.texts)), rate)
        return scores, spelled.losses

    def _step(self, deltas: NDArray[np.float32], rate: float) -> None:
        gradient = self.trainer.backward(np.ascontiguousarray(deltas[:, :, np.newaxis]))
        steepness = math.sqrt(float(gradient @ gradient))
        if steepness > _STEEPEST:
            gradient = gradient * np.float32(_STEEPEST / steepness)
        self.trainer.update(gradient, rate)
        self._follow(1)


class _FieldCourse(_Learner):
    """A training on fields under way: of a network, and of its partner."""

    def __init__(
        self,
        network: Network,
        fields: Fields | None,
        digits: Dataset | None,
        validation: Fields | None,
        recipe: Recipe,
        synthetic: int,
        beside: float,
        threads: int,
    ) -> None:
        super().__init__(network, recipe, threads)
        self.partner = None if network.partner is None else _Learner(network.partner, recipe, threads)
        self.data = fields or digits  # type: ignore[assignment]
        self.real = _sample(fields) if fields else None
        self.synthetic = None if digits is None else _synthetic(digits, synthetic, recipe.seed)
        self.held_out = _sample(validation) if validation else None
        self.shares = _shares(self.real, self.synthetic, beside)
        self.passing = sum(count for _, count in self.shares)
        self.training = np.arange(self.passing)
        self.steps = math.ceil(self.passing / recipe.batch)
        self.rates = recipe.rates(self.steps * recipe.epochs)

    def run_epoch(self, callback: Callable[[Progress], None]) -> None:
        """Let every field pass once, among as many synthetic ones, and measure."""
        begun, number = time.perf_counter(), len(self.epochs) + 1
        rng = np.random.default_rng((self.recipe.seed, number))
        loss, wrong, done = 0.0, 0, 0
        first = (number - 1) * self.steps
        for step, batch in enumerate(self._batches(rng)):
            images = self._distorted(batch.strips, rng, (first + step) * self.recipe.batch)
            rate = float(self.rates[first + step])
            scores, losses = self.learn(images, batch, rate)
            if self.partner is not None:
                losses = np.add(losses, self.partner.learn(images, batch, rate)[1]) * np.float32(0.5)
            if not np.isfinite(losses).all():
                raise self._diverged(number, math.nan)
            loss, done = loss + float(losses.sum()), done + len(batch.texts)
            wrong += self._wrong(log_softmax(scores), batch)
            if step % 20 == 19:
                callback(self._progress(number, done, loss, wrong))
        error, rate = self._validation_error(), float(self.rates[first + self.steps - 1])
        self.epochs.append(Epoch(number, loss / done, wrong / done, error, rate, time.perf_counter() - begun))
        callback(self._progress(number, done, loss, wrong, self.epochs[-1]))

    def _batches(self, rng: np.random.Generator) -> Iterator[_Sample]:
        """Give an epoch's fields in batches of like width, in random order."""
        chosen = [(part, int(k)) for part, count in self.shares for k in rng.permutation(len(part.strips))[:count]]
        order = rng.permutation(len(chosen))
        group = _MIXED * self.recipe.batch
        for begin in range(0, len(order), group):
            together = [chosen[k] for k in order[begin : begin + group]]
            widths = np.array([part.strips[k].shape[1] for part, k in together])
            by_width = np.argsort(widths + rng.normal(0, _MIXING, len(widths)), kind="stable")
            batches = [by_width[k : k + self.recipe.batch] for k in range(0, len(by_width), self.recipe.batch)]
            for which in rng.permutation(len(batches)):
                picked = [together[k] for k in batches[which]]
                yield _Sample(
                    [part.strips[k] for part, k in picked],
                    [part.texts[k] for part, k in picked],
                    np.array([part.is_open[k] for part, k in picked]),
                )

    def _distorted(self, strips: list[NDArray[np.uint8]], rng: np.random.Generator, first: int) -> NDArray[np.float32]:
        """Return strips as images, each distorted by numbers of its own."""
        distortion = self.recipe.distortion
        widest = max(strip.shape[1] for strip in strips)
        if distortion is None:
            return np.asarray(side_by_side(strips, [padded(widest)] * len(strips)) / 255, np.float32)
        width = padded(round(widest * math.exp(distortion.scale / 2)))
        images = side_by_side(strips, [width] * len(strips))
        amounts = {name: value for name, value in asdict(distortion).items() if name != "whole_pixels"}
        bent = _engine.distort(images, self.recipe.seed, first, threads=self.threads, **amounts)
        return _weathered(np.asarray(bent / 255, np.float32), rng)

    def _wrong(self, logs: NDArray[np.float32], sample: _Sample) -> int:
        """Count the fields whose likeliest sequence spells something else than their text."""
        found = [
            best_spelling(one, self.signs if is_open else None)
            for one, is_open in zip(logs, sample.is_open, strict=True)
        ]
        return sum(a != list(b) for a, b in zip(found, sample.texts, strict=True))

    def _validation_error(self) -> float | None:
        if self.held_out is None:
            return None
        network, wrong = self.outcome(), 0
        for which, images in grouped(self.held_out.strips, 64):
            logs = log_softmax(network.joint_outputs(images, threads=self.threads)[:, :, 0])
            texts = [self.held_out.texts[k] for k in which]
            wrong += self._wrong(logs, _Sample([], texts, self.held_out.is_open[which]))
        return wrong / len(self.held_out.texts)

    def outcome(self) -> Network:
        """Return the network as it would be handed over now, with its partner."""
        network = super().outcome()
        if self.partner is not None:
            network.partner = self.partner.outcome()
        return network

    def state(self, fingerprint: str) -> Checkpoint:
        """Return all that is needed to go on after the last epoch."""
        partner = () if self.partner is None else self.partner.numbers()
        return replace(super().state(fingerprint), partner=partner)

    def restore(self, saved: Checkpoint, fingerprint: str) -> None:
        """Put everything back as it was when `saved` was made."""
        super().restore(saved, fingerprint)
        if bool(saved.partner) != (self.partner is not None):
            raise InputError("the checkpoint was made from another network; start from the same, or anew")
        if self.partner is not None:
            self.partner.put_back(saved.partner, saved.step)

    def fingerprint(self) -> str:
        """Return what tells these fields from other ones."""
        parts = [part for part in (self.real, self.synthetic) if part is not None]
        return " ".join(
            f"{len(part.strips)} {zlib.crc32(b''.join(strip.tobytes() for strip in part.strips)):08x} "
            f"{zlib.crc32(b''.join(text.tobytes() for text in part.texts)):08x}"
            for part in parts
        )


def _network(start: Network | None, seed: int) -> Network:
    if start is None:
        network = Network(field_network(len(FIELD_CLASSES)), seed=seed)
        network.classes = FIELD_CLASSES
        return network
    if start.classes != FIELD_CLASSES:
        raise InputError(f"{start} was given to start from; expected a network for whole fields, such as 'fields'")
    network = start.copy()
    network.card = None
    return network


def _sample(fields: Fields) -> _Sample:
    for text, name in zip(fields.texts, fields.names, strict=True):
        if unknown := set(text) - set(SIGNS):
            raise InputError(
                f"the text {text!r} of {name} has {', '.join(sorted(unknown))}; a field network knows {SIGNS}: "
                "write other characters as ?"
            )
    is_open = np.array([text.isdigit() for text in fields.texts])
    strips = [strip.image for strip in make_strips(fields.pictures)]
    return _Sample(strips, [_codes(text) for text in fields.texts], is_open)


def _shares(real: _Sample | None, synthetic: _Sample | None, beside: float) -> list[tuple[_Sample, int]]:
    """Return how many fields of each sample pass in an epoch."""
    if real is None:
        assert synthetic is not None
        return [(synthetic, min(len(synthetic.strips), _ALONE))]
    given = (real, len(real.strips))
    return [given] if synthetic is None else [given, (synthetic, min(len(synthetic.strips), round(beside * given[1])))]


@lru_cache(maxsize=1)
def _synthetic(digits: Dataset, count: int, seed: int) -> _Sample:
    """Write synthetic fields, once for several trainings with the same digits."""
    strips, texts = [], []
    for field in synthetic_fields(digits, count, seed=seed):
        strips.append(make_strips([field.picture], fractions="½" in field.text)[0].image)
        texts.append(_codes(field.text))
    return _Sample(strips, texts, np.zeros(len(texts), bool))


def _codes(text: str) -> NDArray[np.int64]:
    return np.array([SIGNS.index(character) + 1 for character in text], np.int64)


def _weathered(images: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return images with other ink and paper: contrast, ruled lines, gaps, noise; float32, about 0 to 1.

    How much of each was chosen by eye, to look like poor scans; a strength half as large again was not tried.
    """
    n, rows, columns = len(images), *images.shape[2:]
    each = (n, 1, 1, 1)
    seen = rng.uniform(0.75, 1.28, each) * images ** np.exp(rng.uniform(-0.5, 0.5, each))
    y, x = np.arange(rows)[:, np.newaxis], np.arange(columns)
    for index in np.flatnonzero(rng.random(n) < 0.12):
        line = rng.uniform(0, rows) + rng.normal(0, 0.015) * x
        ruled = rng.uniform(0.2, 1) * np.clip(rng.uniform(0.6, 1.3) - np.abs(y - line), 0, 1)
        np.maximum(seen[index, 0], ruled, out=seen[index, 0])
    for index in np.flatnonzero(rng.random(n) < 0.25):
        away = (y - rng.uniform(0, rows)) ** 2 + (x - rng.uniform(0, columns)) ** 2
        seen[index, 0][away < rng.uniform(1, 4) ** 2] = 0
    noise = rng.standard_normal((rows, columns + 64), np.float32)
    for image, start in zip(seen, rng.integers(0, 64, n).tolist(), strict=True):
        image[0] += rng.uniform(0, 0.06) * noise[:, start : start + columns]
    return np.ascontiguousarray(np.clip(seen, 0, 1.3), np.float32)

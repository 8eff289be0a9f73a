"""Training on whole fields, of which only the text is known: where each character stands, the network finds itself."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
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
from lenet.learning.history import Epoch, History, Progress
from lenet.learning.loop import Course, Training
from lenet.learning.recipes import RECIPES, Recipe
from lenet.learning.spelling import best_spelling, log_softmax, spelling_loss
from lenet.network import Network
from lenet.strips import ROWS, grouped, make_strips, padded, side_by_side

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
_TAUGHT = 0.7
"""What the answers of teachers count beside the texts; of ours."""
_MIXED = 8
"""Batches that are sorted by width together, so that images of a batch are about as wide."""
_MIXING = 8.0
"""Columns by which widths are blurred before sorting, so that batches are not always the same; of ours."""


class _Sample(NamedTuple):
    """Fields ready for training: strips, the classes of their texts, whether those leave signs out, and are taught."""

    strips: list[NDArray[np.uint8]]
    texts: list[NDArray[np.int64]]
    is_open: NDArray[np.bool_]
    is_taught: NDArray[np.bool_]


def train_fields(
    fields: Fields | None,
    digits: Dataset | None = None,
    *,
    start: Network | None = None,
    recipe: Recipe | None = None,
    validation: Fields | None = None,
    synthetic: int = SYNTHETIC,
    beside: float = 1.0,
    exact: Fields | None = None,
    teachers: Sequence[Network] = (),
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
    start : a network to go on from, such as the shipped "fields". Without it, `field_network` with new numbers.
    recipe : how to train; `RECIPES["fields"]`, or "fields-more" where there is a network to start from.
    validation : fields to measure the error on after each epoch.
    synthetic : how many synthetic fields to write.
    beside : how many of them pass in each epoch for each given field.
    exact : other fields to learn, whose texts say every sign; teachers say nothing of them.
    teachers : networks for whole fields, of the same strides, whose answers are learned as well (Hinton, Vinyals and
        Dean 2015): at each place of the very same distorted fields, the mean of what they see. One network so comes as
        far as several do together.
    resume, checkpoint, callback, threads : as in `lenet.train`; `resume` needs the same teachers.

    Returns
    -------
    The network and the history; errors are shares of fields that are not read right as a whole.

    Raises
    ------
    InputError
        There are neither fields nor digits, a text has other characters, or a network reads other classes.
    DivergenceError
        The loss left the finite numbers.
    """
    if not fields and digits is None:
        raise InputError("there are neither fields nor digits to learn from; give labelled fields, digits, or both")
    before = None if resume is None else checkpoints.load(resume)
    used = recipe or (before.recipe if before else RECIPES["fields" if start is None else "fields-more"])
    network = _network(start, used.seed)
    taught_by = tuple(teachers)
    for teacher in taught_by:
        _check_teacher(teacher, network)
    course = _FieldCourse(network, fields, digits, exact, validation, used, synthetic, beside, taught_by, threads)
    if before is not None:
        course.restore(before, course.fingerprint())
    while len(course.epochs) < used.epochs:
        course.run_epoch(callback or (lambda _: None))
        if checkpoint is not None:
            checkpoints.save(course.state(course.fingerprint()), checkpoint)
    return Training(course.outcome(), History(tuple(course.epochs)))


class _FieldCourse(Course):
    """A training on fields under way."""

    signs = np.array([True, *(sign in OPEN_SIGNS for sign in SIGNS)])

    def __init__(
        self,
        network: Network,
        fields: Fields | None,
        digits: Dataset | None,
        exact: Fields | None,
        validation: Fields | None,
        recipe: Recipe,
        synthetic: int,
        beside: float,
        teachers: Sequence[Network],
        threads: int,
    ) -> None:
        self.network, self.recipe, self.teachers, self.threads = network, recipe, teachers, threads
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
        self.data = fields or digits  # type: ignore[assignment]
        self.real = _sample(fields) if fields else None
        self.exact = _sample(exact, exact=True) if exact else None
        self.synthetic = None if digits is None else _synthetic(digits, synthetic, recipe.seed)
        self.held_out = _sample(validation) if validation else None
        self.shares = _shares(self.real, self.synthetic, beside)
        if self.exact is not None:
            self.shares.append((self.exact, len(self.exact.strips)))
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
            scores, losses = self._learn(images, batch, rate)
            if not np.isfinite(losses).all():
                raise self._diverged(number, math.nan)
            loss, done = loss + float(losses.sum()), done + len(batch.texts)
            wrong += self._wrong(log_softmax(scores), batch.texts, batch.is_open)
            if step % 20 == 19:
                callback(self._progress(number, done, loss, wrong))
        error, rate = self._validation_error(), float(self.rates[first + self.steps - 1])
        self.epochs.append(Epoch(number, loss / done, wrong / done, error, rate, time.perf_counter() - begun))
        callback(self._progress(number, done, loss, wrong, self.epochs[-1]))

    def _learn(
        self, images: NDArray[np.float32], batch: _Sample, rate: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Take one step; return the scores of the images, (n, classes, places), and the loss of each."""
        scores = self.trainer.forward(images)[:, :, 0]
        spelled = spelling_loss(scores, batch.texts, self.signs, batch.is_open)
        if np.isfinite(spelled.losses).all():
            deltas = spelled.deltas
            if self.teachers:
                taught = np.exp(log_softmax(scores)) - self._taught(images)
                weight = np.float32(_TAUGHT) * batch.is_taught[:, np.newaxis, np.newaxis]
                deltas = deltas + weight * (taught - deltas)
            self._step(deltas / np.float32(len(batch.texts)), rate)
        return scores, spelled.losses

    def _taught(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how probable the teachers hold each class at each place, in the geometric mean."""
        seen = [teacher.outputs(images, threads=self.threads)[:, :, 0] for teacher in self.teachers]
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is told by the gradient
            return np.exp(log_softmax(np.mean(seen, axis=0)))

    def _step(self, deltas: NDArray[np.float32], rate: float) -> None:
        gradient = self.trainer.backward(np.ascontiguousarray(deltas[:, :, np.newaxis], np.float32))
        steepness = math.sqrt(float(gradient @ gradient))
        if not math.isfinite(steepness):
            raise self._diverged(len(self.epochs) + 1, steepness)
        if steepness > _STEEPEST:
            gradient = gradient * np.float32(_STEEPEST / steepness)
        self.trainer.update(gradient, rate)
        self._follow(1)

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
                    np.array([part.is_taught[k] for part, k in picked]),
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

    def _wrong(self, logs: NDArray[np.float32], texts: Sequence[NDArray[np.int64]], is_open: NDArray[np.bool_]) -> int:
        """Count the fields whose likeliest sequence spells something else than their text."""
        found = [
            best_spelling(one, self.signs if leaves_out else None)
            for one, leaves_out in zip(logs, is_open, strict=True)
        ]
        return sum(a != list(b) for a, b in zip(found, texts, strict=True))

    def _validation_error(self) -> float | None:
        if self.held_out is None:
            return None
        network, wrong = self.outcome(), 0
        for which, images in grouped(self.held_out.strips, 64):
            logs = log_softmax(network.outputs(images, threads=self.threads)[:, :, 0])
            wrong += self._wrong(logs, [self.held_out.texts[k] for k in which], self.held_out.is_open[which])
        return wrong / len(self.held_out.texts)

    def fingerprint(self) -> str:
        """Return what tells these fields and teachers from other ones."""
        prints = [
            f"{len(part.strips)} {zlib.crc32(b''.join(strip.tobytes() for strip in part.strips)):08x} "
            f"{zlib.crc32(b''.join(text.tobytes() for text in part.texts)):08x}"
            for part in (self.real, self.synthetic, self.exact)
            if part is not None
        ]
        teachers = sorted(
            zlib.crc32(each._engine.statistics.data, zlib.crc32(each._engine.parameters.data)) for each in self.teachers
        )
        return " ".join([*prints, *(f"{teacher:08x}" for teacher in teachers)])


def _network(start: Network | None, seed: int) -> Network:
    if start is None:
        network = Network(field_network(len(FIELD_CLASSES)), seed=seed)
        network.classes = FIELD_CLASSES
        return network
    network = _checked(start, "to start from").copy()
    network.card = None
    return network


def _check_teacher(teacher: Network, network: Network) -> None:
    """Raise `InputError` where a network cannot be taught by another."""
    blank = np.zeros((1, 1, ROWS, ROWS), np.uint8)
    if _checked(teacher, "as a teacher").outputs(blank).shape != network.outputs(blank).shape:
        raise InputError(f"{teacher} sees other places of a field than {network}; give a teacher of the same strides")


def _checked(network: Network, purpose: str) -> Network:
    if network.classes != FIELD_CLASSES:
        raise InputError(f"{network} was given {purpose}; expected a network for whole fields, such as 'fields'")
    return network


def _sample(fields: Fields, *, exact: bool = False) -> _Sample:
    for text, name in zip(fields.texts, fields.names, strict=True):
        if unknown := set(text) - set(SIGNS):
            raise InputError(
                f"the text {text!r} of {name} has {', '.join(sorted(unknown))}; a field network knows {SIGNS}: "
                "write other characters as ?"
            )
    is_open = np.array([text.isdigit() and not exact for text in fields.texts])
    return _Sample(
        [_strip(picture, text) for picture, text in zip(fields.pictures, fields.texts, strict=True)],
        [_codes(text) for text in fields.texts],
        is_open,
        np.full(len(fields), not exact),
    )


def _strip(picture: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """Return the strip of a field; where its text has a half, with both numbers of that."""
    return make_strips([picture], fractions="½" in text)[0].image


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
        strips.append(_strip(field.picture, field.text))
        texts.append(_codes(field.text))
    return _Sample(strips, texts, np.zeros(len(texts), bool), np.ones(len(texts), bool))


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

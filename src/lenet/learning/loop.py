"""The loop: epochs in chunks of a hundred steps, each of which the engine runs in one call.

Everything random follows from the recipe's seed, the epoch and the image, so the same recipe gives the same bits,
whether or not the training was interrupted, and for any number of threads.
"""

from __future__ import annotations

import math
import os
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lenet import _engine
from lenet.architectures import Architecture, named
from lenet.cards import Card
from lenet.datasets import Dataset, from_arrays, load_folder
from lenet.errors import DivergenceError, FormatError, InputError
from lenet.files import require_place
from lenet.inputs import thread_count
from lenet.learning import checkpoints, recipes
from lenet.learning.checkpoints import Checkpoint
from lenet.learning.evaluation import calibrate
from lenet.learning.history import Epoch, History, Progress
from lenet.learning.recipes import Recipe
from lenet.network import Network

__all__ = ["Training", "train"]

EVERY = 100
"""Steps between two looks at the loss, two calls back, and two updates of the moving average."""


class Training(NamedTuple):
    """What `train` gives: the network, and what was measured on the way."""

    network: Network
    history: History


_Targets = NDArray[np.float32] | None
_Chunk = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], _Targets]
Trainable = Dataset | str | os.PathLike[str] | tuple[Any, Any]


def train(
    dataset: Trainable,
    architecture: str | Architecture | Network | None = None,
    *,
    recipe: Recipe | str | None = None,
    teacher: Network | None = None,
    validation: Dataset | None = None,
    resume: str | os.PathLike[str] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    callback: Callable[[Progress], None] | None = None,
    every: int = EVERY,
    threads: int = 0,
) -> Training:
    """Train a network.

    Parameters
    ----------
    dataset : a `Dataset`, a folder with a subfolder for each class, or (images, labels).
    architecture : what to train, or its name; a `Network` is trained further, on a copy, without its card and its
        temperature. A last layer with another number of units than there are classes is replaced. None is "lenet5",
        or what the checkpoint holds.
    recipe : how, or the name of a recipe; None takes "quick" for 10,000 images or more and "small" for fewer, at a rate
        of 0.003 for networks of penalties such as "lenet5-1998".
    teacher : a trained network whose probabilities, softmax(scores / `Recipe.temperature`) of the very same distorted
        images, are learned instead of the labels (Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network,
        2015). As the network then learns scores that are as many times smaller, its own temperature starts from the
        inverse.
    validation : images to measure the error on after each epoch, instead of holding out some (`Recipe.validation`).
    resume : a checkpoint to go on from; architecture and recipe are the checkpoint's, and have to be that where they
        are given; the data, their classes and the teacher have to be the same.
    checkpoint : a file to keep the state in after each epoch; an interruption leaves the last one in place.
    callback : called every so many steps, and with `Progress.finished` when an epoch is over. It may look at
        `Progress.network`, wait, and raise to end the training.
    every : how many steps; as often the moving average follows and whole-pixel shifts are drawn anew, so another number
        gives another network of the same kind; give the same one to go on from a checkpoint.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.

    Returns
    -------
    The trained network (of the last epoch, or the moving average, not of the best epoch) and the `History`. The
    network's card says data, recipe and seed. Its temperature is fitted to the images held out (`calibrate`); without
    any, its probabilities are as sure as training made them, and the card says that.

    Raises
    ------
    InputError
        Data, network, recipe and checkpoint do not fit each other, or one of them cannot be used.
    ArchitectureError
        There is no such network, or its outputs cannot be made as many as the classes.
    FormatError
        The checkpoint is damaged.
    DivergenceError
        The loss left the finite numbers.

    Examples
    --------
    >>> import lenet
    >>> network, history = lenet.train(lenet.load_digits8x8("train"), recipe=lenet.Recipe(epochs=1))
    >>> len(history)
    1
    """
    threads = thread_count(threads)
    if every < 1:
        raise InputError(f"every={every} was given; give how many steps, 1 or more, lie between two calls back")
    data = _in_order(_dataset(dataset))
    if checkpoint is not None:
        require_place(checkpoint)
    before = None if resume is None else checkpoints.load(resume)
    planned = _architecture(architecture, data, before)
    used = _recipe(recipe, before, len(data), planned)
    if teacher is not None:
        _check_teacher(teacher, data, used)
    if validation is not None:
        _check_validation(validation, data, planned)
    network = _fresh(architecture) if isinstance(architecture, Network) else Network(planned, seed=used.seed)
    network.classes = data.classes
    fingerprint = _fingerprint(data, teacher) if resume is not None or checkpoint is not None else ""
    course = Course(network, data, validation, used, teacher, threads, every)
    if before is not None:
        course.restore(before, fingerprint)
    while len(course.epochs) < used.epochs:
        course.run_epoch(callback or _silence)
        if checkpoint is not None:
            checkpoints.save(course.state(fingerprint), checkpoint)
    return _handed_over(course)


class Course:
    """A training under way: the network, its optimiser, and what came of the epochs so far."""

    def __init__(
        self,
        network: Network,
        data: Dataset,
        validation: Dataset | None,
        recipe: Recipe,
        teacher: Network | None,
        threads: int,
        every: int = EVERY,
    ) -> None:
        self.network, self.data, self.recipe, self.teacher, self.threads = network, data, recipe, teacher, threads
        self.every = every
        if teacher is not None:
            network.temperature = 1 / recipe.temperature
        self.training, held_out = data.split_indices(0 if validation is not None else recipe.validation, recipe.seed)
        self.validation = data.subset(held_out) if len(held_out) else validation
        if not len(self.training):
            raise InputError(f"{data} leaves no images to train on; give more, or hold out fewer")
        self.trainer = _engine.Trainer(
            network._engine,
            loss=recipe.loss,
            optimizer=recipe.optimizer,
            momentum=recipe.momentum,
            decay=recipe.decay,
            nesterov=recipe.nesterov,
            threads=threads,
        )
        self.steps = math.ceil(len(self.training) / recipe.batch)
        self.rates = recipe.rates(self.steps * recipe.epochs)
        self.average: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self.epochs: list[Epoch] = []

    def run_epoch(self, callback: Callable[[Progress], None]) -> None:
        """Let every training image pass once, in an order of its own, and measure."""
        start, number = time.perf_counter(), len(self.epochs) + 1
        loss, wrong, done = 0.0, 0, 0
        for images, labels, order, rates, targets in self._chunks(number):
            chunk_loss, chunk_wrong = self.trainer.run(images, labels, order, self.recipe.batch, rates, targets)
            if not math.isfinite(chunk_loss):
                raise self._diverged(number, chunk_loss)
            self._follow(len(rates))
            loss, wrong, done = loss + chunk_loss, wrong + chunk_wrong, done + len(order)
            callback(self._progress(number, done, loss, wrong))
        if not np.isfinite(self.network._engine.parameters).all():
            raise self._diverged(number, math.nan)
        validation_error = self._validation_error()
        rate, seconds = float(self.rates[number * self.steps - 1]), time.perf_counter() - start
        self.epochs.append(Epoch(number, loss / done, wrong / done, validation_error, rate, seconds))
        callback(self._progress(number, done, loss, wrong, self.epochs[-1]))

    def _chunks(self, number: int) -> Iterator[_Chunk]:
        """Give the images, labels, order, rates and targets of each call of the engine in epoch `number`."""
        recipe, data = self.recipe, self.data
        order = np.random.default_rng((recipe.seed, number)).permutation(self.training)
        rates = self.rates[(number - 1) * self.steps : number * self.steps]
        for step in range(0, self.steps, self.every):
            chosen = order[step * recipe.batch : (step + self.every) * recipe.batch]
            chunk_rates = rates[step : step + self.every]
            if recipe.distortion is None and self.teacher is None:
                yield data.images, data.labels, chosen, chunk_rates, None
            else:
                images = _distorted(data.images[chosen], recipe, number * len(data) + chosen, self.threads)
                yield images, data.labels[chosen], np.arange(len(chosen)), chunk_rates, self._targets(images)

    def _targets(self, images: NDArray[np.uint8]) -> _Targets:
        """Return what the teacher thinks of the images, float32 (n, classes), or None where there is none."""
        if self.teacher is None:
            return None
        targets: NDArray[np.float32] = self.teacher._engine.probabilities(
            images, self.recipe.temperature, self.threads, False
        )
        return targets

    def _follow(self, steps: int) -> None:
        """Let the moving average follow the network after `steps` steps; it starts as the plain mean of what it saw."""
        if not self.recipe.average:
            return
        now = (self.network._engine.parameters, self.network._engine.statistics)
        if self.average is None:
            self.average = (np.array(now[0]), np.array(now[1]))
        change = np.float32(max(1 - self.recipe.average ** (steps / 100), steps / self.trainer.step))
        for mean, numbers in zip(self.average, now, strict=True):
            mean += change * (numbers - mean)

    def outcome(self) -> Network:
        """Return the network as it would be handed over now."""
        if self.average is None:
            self.network._engine.changed()
            return self.network
        network = self.network.copy()
        network._engine.parameters[...], network._engine.statistics[...] = self.average
        network._engine.changed()
        return network

    def _validation_error(self) -> float | None:
        if self.validation is None:
            return None
        found = self.outcome().predict(self.validation.images, threads=self.threads)
        return float(np.mean(found != self.validation.labels))

    def _progress(self, number: int, done: int, loss: float, wrong: int, finished: Epoch | None = None) -> Progress:
        shares = loss / done, wrong / done
        return Progress(number, self.recipe.epochs, done, len(self.training), *shares, finished, self.network)

    def _diverged(self, number: int, loss: float) -> DivergenceError:
        return DivergenceError(
            f"the loss became {loss} in epoch {number} with a learning rate up to {self.recipe.rate}; "
            "expected it to stay finite: lower the rate, or warm up longer"
        )

    def numbers(self) -> tuple[NDArray[np.float32], ...]:
        """Return all numbers of the training, as `checkpoints.NUMBERS` names them."""
        none = np.zeros(0, np.float32)
        engine = self.network._engine
        return (engine.parameters, engine.statistics, self.trainer.state, *(self.average or (none, none)))

    def state(self, fingerprint: str) -> Checkpoint:
        """Return all that is needed to go on after the last epoch."""
        history = History(tuple(self.epochs))
        return Checkpoint(
            self.network.architecture, self.recipe, fingerprint, self.trainer.step, history, self.numbers()
        )

    def restore(self, saved: Checkpoint, fingerprint: str) -> None:
        """Put everything back as it was when `saved` was made."""
        if saved.data != fingerprint:
            raise InputError(
                f"the checkpoint was made with other data than {self.data}, other classes, or another teacher; "
                "give the same, or start anew"
            )
        places = self.numbers()[:3]
        sizes = [len(place) for place in places]
        if [len(some) for some in saved.numbers] != sizes + (sizes[:2] if self.recipe.average else [0, 0]):
            raise FormatError(f"the checkpoint's numbers are not as many as {self.network} needs; start anew")
        for place, some in zip(places, saved.numbers[:3], strict=True):
            place[...] = some
        self.average = (np.array(saved.numbers[3]), np.array(saved.numbers[4])) if self.recipe.average else None
        self.network._engine.changed()
        self.trainer.step = saved.step
        self.epochs = list(saved.history.epochs)


def _silence(_: Progress) -> None:
    pass


def _dataset(given: Trainable) -> Dataset:
    """Return a data set of whatever `train` was given."""
    if isinstance(given, Dataset):
        return given
    if isinstance(given, tuple) and len(given) == 2:
        return from_arrays(*given)
    if isinstance(given, str | os.PathLike):
        return load_folder(given)
    raise InputError(f"{type(given).__name__} was given to train on; give a Dataset, a folder, or (images, labels)")


def _in_order(data: Dataset) -> Dataset:
    """Return the data with every array in one piece, as the engine reads them; most are already, and not copied."""
    images, labels = np.ascontiguousarray(data.images), np.ascontiguousarray(data.labels)
    return data if images is data.images and labels is data.labels else replace(data, images=images, labels=labels)


def _recipe(given: Recipe | str | None, before: Checkpoint | None, images: int, architecture: Architecture) -> Recipe:
    """Return the recipe to follow."""
    recipe = recipes.named(given) if isinstance(given, str) else given
    if before is None:
        return recipe or recipes.usual(images, architecture)
    if recipe is not None and recipe != before.recipe:
        raise InputError(
            f"the checkpoint was made with {before.recipe}; go on with that one (recipe=None), or start anew"
        )
    return before.recipe


def _architecture(given: str | Architecture | Network | None, data: Dataset, before: Checkpoint | None) -> Architecture:
    """Return the architecture to train, fitting the data and the checkpoint."""
    if given is None:
        given = "lenet5" if before is None else before.architecture
    planned = given.architecture if isinstance(given, Network) else named(given) if isinstance(given, str) else given
    planned.require_scores()
    _check_images(planned, data)
    if len(data) and len(data.classes) < 2:
        raise InputError(f"{data} has only the class {', '.join(data.classes)}; give images of two classes or more")
    if planned.classes != len(data.classes):
        if isinstance(given, Network):
            raise InputError(
                f"the network has {planned.classes} outputs, but {data} has {len(data.classes)} classes; "
                "give its architecture instead, to start with new numbers"
            )
        planned = planned.with_classes(len(data.classes))
    if before is not None and planned != before.architecture:
        raise InputError(
            f"the checkpoint holds {before.architecture}, but {planned} was asked for; leave the architecture out, "
            "or start anew"
        )
    return planned


def _fresh(network: Network) -> Network:
    """Return a copy to train further; what the card says of the old numbers is not true of the new ones."""
    network = network.copy()
    network.card, network.temperature = None, 1.0
    return network


def _handed_over(course: Course) -> Training:
    """Return the trained network, calibrated where images were held out, with its card, and the history."""
    from importlib.metadata import version  # loads the parser of e-mail: not before it is needed

    network, held_out, history = course.outcome(), course.validation, History(tuple(course.epochs))
    figures, words = {}, "nothing was held out to calibrate its probabilities"
    if held_out is not None:
        network.temperature = calibrate(network, held_out, threads=course.threads)
        words = f"its probabilities are calibrated on {len(held_out):,} images held out"
        if history.epochs and history.epochs[-1].validation_error is not None:
            figures = {f"error on {len(held_out):,} images held out": history.epochs[-1].validation_error}
    network.card = Card(
        network.architecture.name,
        f"Trained on {course.data.name}; {words}.",
        data=course.data.name,
        recipe=asdict(course.recipe),
        figures=figures,
        seed=course.recipe.seed,
        version=version("lenet"),
    )
    return Training(network, history)


def _check_images(architecture: Architecture, data: Dataset) -> None:
    """Raise `InputError` where the images are not of a size that the network reads."""
    maps, rows, columns = architecture.input
    if data.images.shape[1] != maps or data.images.shape[2] > rows or data.images.shape[3] > columns:
        raise InputError(
            f"{data} does not fit {architecture.name}, which reads {maps} map(s) of up to {rows}x{columns}; "
            "make the images smaller, or choose another network"
        )


def _check_teacher(teacher: Network, data: Dataset, recipe: Recipe) -> None:
    """Raise `InputError` where a teacher cannot teach these data by this recipe."""
    if recipe.loss != "cross_entropy":
        raise InputError(f"a teacher was given with the loss {recipe.loss!r}; choose the recipe's loss 'cross_entropy'")
    if teacher.classes != data.classes:
        raise InputError(
            f"the teacher reads {', '.join(teacher.classes)}, but {data} has {', '.join(data.classes)}; "
            "give one that was trained on the same classes, in the same order"
        )
    _check_images(teacher.architecture, data)


def _check_validation(validation: Dataset, data: Dataset, architecture: Architecture) -> None:
    """Raise `InputError` where the error cannot be measured on these images."""
    if not isinstance(validation, Dataset):
        raise InputError(f"{type(validation).__name__} was given as validation; give a Dataset, as from_arrays makes")
    if not len(validation):
        raise InputError(f"{validation} was given as validation, which holds no image; give some, or leave it out")
    if validation.classes != data.classes:
        raise InputError(
            f"the validation images are of {', '.join(validation.classes)}, those to train on of "
            f"{', '.join(data.classes)}; give the same classes, in the same order"
        )
    _check_images(architecture, validation)


def _fingerprint(data: Dataset, teacher: Network | None) -> str:
    """Return what tells this data set and teacher from other ones."""
    names = "\0".join(data.classes).encode("utf-8", "surrogateescape")
    prints = [zlib.crc32(data.images.data), zlib.crc32(data.labels.data), zlib.crc32(names)]
    if teacher is not None:
        prints += [zlib.crc32(teacher._engine.parameters.data), zlib.crc32(teacher._engine.statistics.data)]
    return " ".join([str(len(data)), *(f"{number:08x}" for number in prints)])


def _distorted(images: NDArray[np.uint8], recipe: Recipe, ids: NDArray[np.int64], threads: int) -> NDArray[np.uint8]:
    """Return the images, each distorted by what seed and id decide; or as they are, if the recipe distorts none."""
    distortion = recipe.distortion
    if distortion is None:
        return images
    if distortion.whole_pixels:
        return _shifted(images, int(distortion.shift), recipe.seed, int(ids[0]))
    amounts = asdict(distortion)
    del amounts["whole_pixels"]
    return _engine.distort(images, recipe.seed, ids, threads=threads, **amounts)


def _shifted(images: NDArray[np.uint8], most: int, *seed: int) -> NDArray[np.uint8]:
    """Return the images shifted by up to `most` whole pixels; every (2 most + 1)^2-th image goes the same way.

    The images come in random order, so that is as good as a choice for each, and needs no loop over images. At least
    one row and column stays.
    """
    shifted = np.zeros_like(images)
    rows, columns = images.shape[2:]
    most = min(most, rows - 1, columns - 1)
    ways = [(down, right) for down in range(-most, most + 1) for right in range(-most, most + 1)]
    for start, way in enumerate(np.random.default_rng(seed).permutation(len(ways))):
        down, right = ways[way]
        to = (slice(max(0, down), rows + min(0, down)), slice(max(0, right), columns + min(0, right)))
        source = (slice(max(0, -down), rows + min(0, -down)), slice(max(0, -right), columns + min(0, -right)))
        shifted[start :: len(ways), :, *to] = images[start :: len(ways), :, *source]
    return shifted

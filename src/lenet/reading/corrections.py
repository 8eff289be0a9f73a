"""Learning from corrections: the next model, and what it gains on corrections that it has not seen.

Whoever measures a model on what it learned measures its memory. So each fifth of the corrections is read by a network
that learned the other four, and compared with what the model before reads of it; the model that is handed over then
learns all of them. Corrections are mostly fields that were rejected: what is gained on them is not gained on all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet import grammar
from lenet.cards import Card
from lenet.datasets import Dataset
from lenet.datasets.labelled_fields import Fields
from lenet.datasets.synthetic import number_text, synthetic_fields
from lenet.errors import InputError
from lenet.grammar import Grammar
from lenet.learning import RECIPES, Progress, Recipe
from lenet.learning.fields import SYNTHETIC, train_fields
from lenet.network import Network
from lenet.reading.evaluation import is_right
from lenet.reading.reader import Reader
from lenet.weights import load

__all__ = ["FEWEST", "Gain", "Lesson", "Stage", "learn_corrections"]

FEWEST = 10
"""Corrections from which a network is taught at all: every fifth has to be two or more; of ours."""
FOLDS = 5
"""Parts of the corrections, each measured by a network that learned the others."""
MANY = 250
"""Corrections beyond which one fifth of them tells enough, and five trainings would take long; of ours."""
OTHERS = 200
"""Synthetic fields on which it is seen whether the next model has forgotten what it knew; of ours."""
_TRIES = 20_000
"""Texts that are drawn to find some of the kind asked for."""


@dataclass(frozen=True)
class Gain:
    """What is gained on fields that were not learned.

    Parameters
    ----------
    count : fields.
    before, after : how many of them the model before and the next one read right, accepted or not.
    better, worse : fields that only the next one reads right, and fields that only the model before did.
    interval : in which (after - before) / count truly lies in 95 of 100 cases.

    References
    ----------
    Agresti, Min: Simple improved confidence intervals for comparing matched proportions, Statistics in Medicine, 2005.
    """

    count: int
    before: int
    after: int
    better: int
    worse: int
    interval: tuple[float, float]

    @property
    def difference(self) -> float:
        """Share of the fields that is gained, -1 to 1."""
        return (self.after - self.before) / self.count

    @property
    def is_settled(self) -> bool:
        """Whether the interval leaves no doubt about which of the two is better."""
        return self.interval[0] > 0 or self.interval[1] < 0

    def sentence(self) -> str:
        """Say it to a person."""
        low, high = (f"{100 * end:+.1f}" for end in self.interval)
        words = (
            f"{self.before:,} of {self.count:,} were read right before, {self.after:,} are by the next model: "
            f"{100 * self.difference:+.1f} points, 95 % interval {low} to {high}"
        )
        if not self.is_settled:
            return f"{words}. That does not tell whether it is better: with more fields, it may."
        return f"{words}. {'It is better on such fields.' if self.difference > 0 else 'It is worse: do not use it.'}"

    def to_dict(self) -> dict[str, Any]:
        """Return the gain as values that `json.dumps` takes, with its sentence."""
        return asdict(self) | {
            "difference": self.difference,
            "is_settled": self.is_settled,
            "sentence": self.sentence(),
        }


@dataclass(frozen=True)
class Stage:
    """How far learning has come.

    Parameters
    ----------
    part, parts : which of the trainings is running, from 1; the last one makes the next model.
    progress : of this training.
    """

    part: int
    parts: int
    progress: Progress

    @property
    def share(self) -> float:
        """Share of all the work that is done, 0 to 1."""
        now = self.progress
        return (self.part - 1 + (now.epoch - 1 + now.done / max(1, now.images)) / max(1, now.epochs)) / self.parts


@dataclass(frozen=True, eq=False)
class Lesson:
    """What came of the corrections.

    Parameters
    ----------
    network : the next model; it learned all of them.
    gain : on corrections, each read by a network that learned the others only.
    others : on synthetic fields of the kind, by the next model itself: what it may have forgotten. None where no such
        text comes up.
    """

    network: Network
    gain: Gain
    others: Gain | None

    def to_dict(self) -> dict[str, Any]:
        """Return what was measured as values that `json.dumps` takes."""
        return {"gain": self.gain.to_dict(), "others": None if self.others is None else self.others.to_dict()}


def learn_corrections(
    corrections: Fields,
    kind: Any = "digits",
    *,
    start: Network | None = None,
    digits: Dataset | None = None,
    recipe: Recipe | None = None,
    measured: int | None = None,
    callback: Callable[[Stage], None] | None = None,
    threads: int = 0,
) -> Lesson:
    """Teach a network what a person corrected, and measure what that is worth.

    Parameters
    ----------
    corrections : pictures of fields with what is written on them.
    kind : as what they are read when they are measured, as for `lenet.read`.
    start : the model before; None is the shipped "fields".
    digits : to write synthetic fields with, of which as many are learned as corrections; they keep what is known. None
        learns the corrections alone, and measures nothing else.
    recipe : how; None is "fields-more".
    measured : how many fifths of the corrections are measured, 1 to 5; each takes a training. None measures all of them
        up to `MANY` corrections, and one fifth of more.
    callback : called now and then; it may raise to end the work.
    threads : how many to use; 0 means LENET_THREADS, or else what the machine offers. The result is the same.

    Returns
    -------
    The next model, whose confidence is calibrated as it was before, and what it gains.

    Raises
    ------
    InputError
        There are fewer corrections than `FEWEST`, or a text has characters that no field network knows.
    GrammarError
        There is no such kind of field.
    """
    if len(corrections) < FEWEST:
        raise InputError(
            f"{len(corrections)} corrections were given to learn from; fewer than {FEWEST} teach nothing that could be "
            "measured: correct more"
        )
    begun = load("fields") if start is None else start
    folds = (FOLDS if len(corrections) <= MANY else 1) if measured is None else measured
    if not 1 <= folds <= FOLDS:
        raise InputError(f"measured={measured} was given; give how many fifths are to be measured, 1 to {FOLDS}")
    used = recipe or RECIPES["fields-more"]
    lessons = _Lessons(begun, grammar.get(kind), digits, used, len(corrections), threads, folds + 1, callback)
    gain = _gain(lessons, corrections)
    network = lessons.taught(corrections, folds + 1)
    network.card = _card(corrections, begun, used, digits)
    others = lessons.others()
    kept = None if others is None else gain_of(lessons.right(begun, others), lessons.right(network, others))
    return Lesson(network, gain, kept)


def _gain(lessons: _Lessons, corrections: Fields) -> Gain:
    """Return what is gained on the fifths that are measured, each read by a network that learned the rest."""
    before, after = [], []
    order = np.random.default_rng(lessons.recipe.seed).permutation(len(corrections))
    for part in range(lessons.parts - 1):
        aside = order[part::FOLDS]
        network = lessons.taught(corrections.subset(np.setdiff1d(order, aside)), part + 1)
        before.append(lessons.right(lessons.begun, corrections.subset(aside)))
        after.append(lessons.right(network, corrections.subset(aside)))
    return gain_of(np.concatenate(before), np.concatenate(after))


def gain_of(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Gain:
    """Compare what two networks read right of the same fields, one boolean a field."""
    count = len(before)
    better, worse = int((after & ~before).sum()), int((before & ~after).sum())
    size, gained, lost = count + 2, better + 0.5, worse + 0.5
    middle = (gained - lost) / size
    half = 1.959964 * math.sqrt(gained + lost - (gained - lost) ** 2 / size) / size
    interval = (max(-1.0, middle - half), min(1.0, middle + half))
    return Gain(count, int(before.sum()), int(after.sum()), better, worse, interval)


@dataclass(frozen=True, eq=False)
class _Lessons:
    """What all trainings on the same corrections share."""

    begun: Network
    kind: Grammar
    digits: Dataset | None
    recipe: Recipe
    count: int
    threads: int
    parts: int
    callback: Callable[[Stage], None] | None

    def taught(self, fields: Fields, part: int) -> Network:
        """Return the network after it learned some of the corrections."""

        def told(progress: Progress) -> None:
            if self.callback is not None:
                self.callback(Stage(part, self.parts, progress))

        synthetic = min(SYNTHETIC, self.count * max(1, self.recipe.epochs))
        network = train_fields(
            fields, self.digits, start=self.begun, recipe=self.recipe, synthetic=synthetic, callback=told,
            threads=self.threads,
        ).network  # fmt: skip
        network.calibration = self.begun.calibration
        return network

    def right(self, network: Network, fields: Fields) -> NDArray[np.bool_]:
        """Tell for each field whether a network reads it right."""
        readings = Reader(self.kind, model=network, threads=self.threads).many(fields.pictures)
        return np.array([is_right(self.kind, r.text, t) for r, t in zip(readings, fields.texts, strict=True)])

    def others(self) -> Fields | None:
        """Return synthetic fields of the kind that no training saw; None where there are no digits, or no such text."""
        if self.digits is None:
            return None
        rng = np.random.default_rng((self.recipe.seed, 1))
        drawn = (number_text(rng) for _ in range(_TRIES))
        texts = list(islice(filter(self.kind.matches, drawn), OTHERS))
        if len(texts) < OTHERS:
            return None
        left = iter(texts)
        found = synthetic_fields(self.digits, OTHERS, seed=self.recipe.seed + 1, text=lambda _: next(left))
        return Fields([field.picture for field in found], tuple(texts), tuple(texts), "synthetic fields")


def _card(corrections: Fields, begun: Network, recipe: Recipe, digits: Dataset | None) -> Card:
    from importlib.metadata import version

    name = "another network" if begun.card is None else begun.card.name
    more = "" if digits is None else f" and on synthetic fields of {digits.name}"
    return Card(
        "corrected",
        f"Reads whole fields; trained from {name} on {len(corrections):,} corrections{more}. Its confidence is "
        "calibrated as it was before: measure it on fields of your own before you rely on a share of errors.",
        data=corrections.name,
        recipe=asdict(recipe),
        seed=recipe.seed,
        version=version("lenet"),
    )

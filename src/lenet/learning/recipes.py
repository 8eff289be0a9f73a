"""How to train, as data: loss, optimiser, schedule and distortions; and the recipes that go by a name."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lenet.architectures import Architecture
from lenet.errors import InputError
from lenet.network import LOSSES

__all__ = ["OPTIMIZERS", "RECIPES", "SCHEDULES", "Distortion", "Recipe", "named", "usual"]

OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("constant", "linear", "cosine")

_SMALL = 10_000
"""Images below which `usual` trains longer and distorts more; of ours."""

_PENALTY_RATE = 0.003
"""The rate of `usual` where outputs are squared distances, whose gradients are far larger than those of scores. Of
ours: on digits8x8, 20 epochs, lenet5-1998 gets 8 % wrong at 0.001 and 0.003, 13 % at 0.0003, and learns nothing at
0.01."""

_DISTORTION_BOUNDS = {
    "rotation": (0, 360),
    "shear": (0, 10),
    "scale": (0, 3),
    "shift": (0, 1000),
    "elastic": (0, 1000),
    "elastic_sigma": (1, 10_000),
    "thickness": (0, 16),
}
"""Far beyond what leaves a digit to be seen; the engine's own bounds where it has some."""

_MOST_WHOLE_PIXELS = 16
"""Of ours: there are (2 n + 1)^2 ways to shift by up to n whole pixels."""

_WHOLE_BOUNDS = {"epochs": (0, 100_000), "batch": (1, 1 << 20), "seed": (0, (1 << 63) - 1)}
_NUMBER_BOUNDS = {"rate": 1e38, "decay": 1e38, "warmup": 1, "momentum": 1, "average": 1, "validation": 1}
"""What these fields have to stay below."""


@dataclass(frozen=True)
class Distortion:
    """How far training images may be moved and bent, each time anew (LeCun et al. 1998, section III-C).

    Every number is the half-width of a uniform distribution around no change.

    Parameters
    ----------
    rotation : degrees.
    shear : columns that a row moves sideways for each row above or below the middle.
    scale : natural logarithm of the factor of size.
    shift : pixels, along rows and along columns.
    elastic : pixels (root mean square, not a half-width) that points move in a smooth random field.
    elastic_sigma : pixels over which that field is smoothed.
    thickness : pixels by which strokes grow or shrink.
    whole_pixels : shift by whole pixels and do nothing else, which costs next to nothing.

    Raises
    ------
    InputError
        A number is negative, not finite, or asks for what whole pixels cannot do.
    """

    rotation: float = 0.0
    shear: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    elastic_sigma: float = 4.0
    thickness: float = 0.0
    whole_pixels: bool = False

    def __post_init__(self) -> None:
        _require_bool("the distortion", "whole_pixels", self.whole_pixels)
        for name, (low, high) in _DISTORTION_BOUNDS.items():
            value = getattr(self, name)
            if not (_is_number(value) and low <= value <= high):
                raise InputError(f"the distortion's {name} is {value!r}; give a finite number from {low} to {high}")
        bent = self.rotation or self.shear or self.scale or self.elastic or self.thickness
        if self.whole_pixels and (bent or self.shift != int(self.shift)):
            raise InputError(f"{self} asks for more than shifts by whole pixels; leave whole_pixels out")
        if self.whole_pixels and self.shift > _MOST_WHOLE_PIXELS:
            raise InputError(f"{self} shifts by more than {_MOST_WHOLE_PIXELS} whole pixels; leave whole_pixels out")


@dataclass(frozen=True)
class Recipe:
    """How to train a network. Frozen, and JSON both ways.

    Parameters
    ----------
    loss : "cross_entropy" or "squared_error".
    optimizer : "sgd", with momentum, or "adamw".
    epochs : times that every training image is seen.
    batch : images a step.
    rate : the largest learning rate.
    schedule : how the rate ends: "constant", or down to 0 on a "linear" or "cosine" path.
    warmup : share of all steps over which the rate first climbs from 0.
    momentum : share of the last step that goes on in the next; AdamW's beta1.
    nesterov : look ahead along the momentum ("sgd" only).
    decay : weight decay; in "adamw" apart from the gradient.
    distortion : of the training images, or None.
    average : 0, or the share that a moving average of all trained numbers keeps at each hundred steps; the network ends
        with the average.
    temperature : what the scores of a teacher are divided by before its softmax (`train`); 1 leaves them alone, more
        tells the network taught more about the classes that an image is not. Without a teacher it does nothing.
    seed : decides the first weights, the order of the images, what is held out and every distortion.
    validation : share of the training images that is held out to measure the error after each epoch; 0 holds out none.

    Raises
    ------
    InputError
        A value cannot be used; the message names its field.
    """

    loss: str = "cross_entropy"
    optimizer: Literal["sgd", "adamw"] = "sgd"
    epochs: int = 4
    batch: int = 64
    rate: float = 0.1
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    warmup: float = 0.2
    momentum: float = 0.9
    nesterov: bool = False
    decay: float = 0.0
    distortion: Distortion | None = None
    average: float = 0.0
    temperature: float = 3.0
    seed: int = 0
    validation: float = 0.05

    def __post_init__(self) -> None:
        for name, choices in (("loss", LOSSES), ("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if getattr(self, name) not in choices:
                raise InputError(f"the recipe's {name} is {getattr(self, name)!r}; choose one of {', '.join(choices)}")
        _require_bool("the recipe", "nesterov", self.nesterov)
        for name, (least, most) in _WHOLE_BOUNDS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise InputError(f"the recipe's {name} is {value!r}; give a whole number from {least} to {most:,}")
        for name, below in _NUMBER_BOUNDS.items():
            value = getattr(self, name)
            if not (_is_number(value) and 0 <= value < below):
                raise InputError(f"the recipe's {name} is {value!r}; give a finite number, 0 or more and below {below}")
        if not (_is_number(self.temperature) and 1e-3 <= self.temperature <= 1e3):
            raise InputError(f"the recipe's temperature is {self.temperature!r}; give a number from 0.001 to 1000")
        if self.distortion is not None and not isinstance(self.distortion, Distortion):
            raise InputError(f"the recipe's distortion is {self.distortion!r}; give a Distortion or None")

    def rates(self, steps: int) -> NDArray[np.float32]:
        """Return the learning rate of each of `steps` steps: a climb, then the schedule; float32 `(steps,)`."""
        climb = round(self.warmup * steps)
        rising = np.arange(1, climb + 1) / max(climb, 1)
        rest = np.arange(steps - climb) / max(steps - climb, 1)
        falling = {"constant": np.ones_like(rest), "linear": 1 - rest, "cosine": (1 + np.cos(np.pi * rest)) / 2}[
            self.schedule
        ]
        return (self.rate * np.concatenate([rising, falling])).astype(np.float32)

    def to_json(self) -> str:
        """Return the recipe as JSON; `from_json` reads it back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read a recipe that `to_json` wrote, or only some of its fields; raise `InputError` where it is none."""
        try:
            data: dict[str, Any] = {**json.loads(text)}
            bent = data.pop("distortion", None)
            return cls(**data, distortion=None if bent is None else Distortion(**bent))
        except InputError:
            raise
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(f"not a recipe ({error}); write it with Recipe.to_json") from None


def _is_number(value: object) -> bool:
    """Tell whether a value is a finite number; whole ones too large for a float are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _require_bool(whose: str, name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InputError(f"{whose}'s {name} is {value!r}; give True or False")


_BENT = Distortion(rotation=10, shear=0.15, scale=0.12, shift=1.5, elastic=0.8)
"""Larger ones (rotation 12, scale 0.18, shift 2, thickness 0.5) are as good on MNIST's last 10,000 training digits, one
or two seeds each."""

_BENT_FIELDS = Distortion(
    rotation=2.55, shear=0.3, scale=0.195, shift=4.5, elastic=1.05, elastic_sigma=8, thickness=0.8
)
"""Half as large again as what was tried first: on two of five folds of real amounts 1 point more of them is read, and 4
to 7 points more can be accepted at 1 % of errors. With less a network soon reads all 720 fields that it learns from."""

RECIPES: dict[str, Recipe] = {
    "quick": Recipe(
        epochs=3,
        schedule="linear",
        warmup=0.1,
        nesterov=True,
        decay=2e-4,
        distortion=Distortion(shift=1, whole_pixels=True),
        validation=0,
    ),
    "digits": Recipe(
        optimizer="adamw",
        epochs=60,
        rate=0.003,
        warmup=0.1,
        decay=0.05,
        average=0.8,
        distortion=_BENT,
        validation=0,
    ),
    "teacher": Recipe(
        epochs=16,
        batch=128,
        nesterov=True,
        decay=5e-4,
        average=0.9,
        distortion=_BENT,
        validation=0,
    ),
    "small": Recipe(epochs=60, rate=0.05, batch=32, distortion=_BENT, validation=0.1),
    "fields": Recipe(
        optimizer="adamw",
        epochs=240,
        batch=32,
        rate=0.003,
        warmup=0.06,
        decay=0.02,
        average=0.8,
        distortion=_BENT_FIELDS,
        validation=0.1,
    ),
    "fields-more": Recipe(
        optimizer="adamw",
        epochs=40,
        batch=32,
        rate=0.001,
        warmup=0.06,
        decay=0.02,
        average=0.8,
        distortion=_BENT_FIELDS,
        validation=0.1,
    ),
}
"""The recipes that go by a name: "quick" takes MNIST to 99 % in seconds, "teacher" (for `deep5`) and "digits" made the
shipped weights, "small" is for a few thousand images, "fields" for whole fields and "fields-more" for going on
from a network that reads them already. MNIST has a test part to be measured on; few images are measured
on a tenth of their own."""


def named(name: str) -> Recipe:
    """Return the recipe called `name`, a key of `RECIPES`; raise `InputError` where there is none."""
    if name not in RECIPES:
        raise InputError(f"no recipe is called {name!r}; choose one of {', '.join(RECIPES)}")
    return RECIPES[name]


def usual(images: int, architecture: Architecture) -> Recipe:
    """Return the recipe for a network and a data set of so many images, where none is asked for.

    Networks of penalties (`Architecture.penalties`) learn at a rate of their own.
    """
    recipe = RECIPES["small" if images < _SMALL else "quick"]
    return replace(recipe, rate=_PENALTY_RATE) if architecture.penalties else recipe

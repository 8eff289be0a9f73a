"""What training measured, epoch by epoch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lenet.network import Network

__all__ = ["Epoch", "History", "Progress"]


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images.

    Parameters
    ----------
    number : counted from 1.
    loss : mean loss of the images as they passed, distorted, while the network was changing.
    training_error : share of them that were read wrong then, from 0 to 1.
    validation_error : share of the images held out that were read wrong after the epoch, or None.
    rate : the learning rate at its end.
    seconds : how long it took, validation included.
    """

    number: int
    loss: float
    training_error: float
    validation_error: float | None
    rate: float
    seconds: float


@dataclass(frozen=True)
class History:
    """All epochs of a training, in order, and each of their measurements as a column."""

    epochs: tuple[Epoch, ...] = ()

    def __len__(self) -> int:
        return len(self.epochs)

    @property
    def loss(self) -> tuple[float, ...]:
        return tuple(epoch.loss for epoch in self.epochs)

    @property
    def training_error(self) -> tuple[float, ...]:
        return tuple(epoch.training_error for epoch in self.epochs)

    @property
    def validation_error(self) -> tuple[float | None, ...]:
        return tuple(epoch.validation_error for epoch in self.epochs)

    @property
    def seconds(self) -> float:
        """How long all epochs took together."""
        return sum(epoch.seconds for epoch in self.epochs)

    def to_json(self) -> str:
        """Return the history as JSON; `from_json` reads it back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> History:
        """Read a history that `to_json` wrote; raise `TypeError`, `KeyError` or `ValueError` where it is none."""
        return cls(tuple(Epoch(**epoch) for epoch in json.loads(text)["epochs"]))

    def __repr__(self) -> str:
        if not self.epochs:
            return "History(no epochs)"
        last = self.epochs[-1]
        held_out = "" if last.validation_error is None else f", validation error {last.validation_error:.2%}"
        return f"History({len(self)} epochs in {self.seconds:.1f} s: loss {last.loss:.4f}{held_out})"


@dataclass(frozen=True)
class Progress:
    """How far a training has come, for whoever draws a bar or watches the network.

    Parameters
    ----------
    epoch, epochs : the epoch that is running, from 1, and how many there will be.
    done, images : the training images of this epoch that have passed, and all of them.
    loss, training_error : means over those that have passed.
    finished : the record of the epoch, once it is over; None until then.
    network : what is being trained, as it is during the call; it goes on changing after it, so keep a copy of what you
        want to keep, and write nothing into it.
    """

    epoch: int
    epochs: int
    done: int
    images: int
    loss: float
    training_error: float
    finished: Epoch | None = None
    network: Network | None = field(default=None, compare=False, repr=False)

"""Where weights came from and how good they are: the `Card` that travels inside their file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from lenet.errors import FormatError

__all__ = ["Card"]


@dataclass(frozen=True)
class Card:
    """Say what made a network, so that someone else can make it again, and judge it.

    Parameters
    ----------
    name : what it goes by, such as "digits".
    summary : one sentence; if the data were for research only, this is where it says so.
    data : the training data, with their source and, where published, their checksum.
    licence : what the weights may be used for.
    command : the command line that made them.
    recipe : the settings of the training, as plain values.
    figures : what was measured, by name, such as {"test error": 0.0081}; rates are between 0 and 1.
    limits : what it is not good at.
    seed : the seed of the training.
    commit : the revision of lenet that made them.
    date : the day they were made, as 2026-01-31.

    Examples
    --------
    >>> Card("digits", "Reads single handwritten digits.", figures={"test error": 0.008}).figures["test error"]
    0.008
    """

    name: str
    summary: str
    data: str = ""
    licence: str = ""
    command: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    limits: str = ""
    seed: int = 0
    commit: str = ""
    date: str = ""

    def to_json(self) -> str:
        """Return the card as JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read a card that `to_json` wrote; raise `FormatError` where it is not one."""
        try:
            data = json.loads(text)
            card = cls(**data)
        except (TypeError, ValueError, RecursionError) as error:
            raise FormatError(
                f"not a card ({error}); expected what Card.to_json writes: save the network again"
            ) from None
        for entry in fields(cls):
            value, usual = getattr(card, entry.name), getattr(_EMPTY, entry.name)
            if not isinstance(value, type(usual)):
                raise FormatError(
                    f"the card's {entry.name} is {type(value).__name__}, expected {type(usual).__name__}; "
                    "save the network again with a card whose fields have their types"
                )
        return card

    def __str__(self) -> str:
        """Return the card for people: one field a line, empty ones left out."""
        lines = [f"{self.name}: {self.summary}"]
        for entry in fields(self)[2:]:
            value = getattr(self, entry.name)
            if isinstance(value, Mapping):
                value = ", ".join(f"{key} {number}" for key, number in value.items())
            if value or entry.name == "seed":
                lines.append(f"{entry.name}: {value}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Card({self.name!r}: {self.summary})"


_EMPTY = Card("", "")

"""Where weights came from and how good they are: the `Card` that travels inside their file."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from lenet.errors import FormatError, InputError

__all__ = ["Card"]

_WIDTH = 110
"""Characters of a line of a card for people."""


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
    version : of lenet that made them.
    date : the day they were made, as 2026-01-31.

    Raises
    ------
    InputError
        A figure is no number.

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
    version: str = ""
    date: str = ""

    def __post_init__(self) -> None:
        try:
            plain = {str(key): float(number) for key, number in self.figures.items()}
        except (AttributeError, TypeError, ValueError):
            raise InputError(
                f'the figures of a card are {self.figures!r}; give numbers by name: {{"error": 0.01}}'
            ) from None
        object.__setattr__(self, "figures", plain)

    def to_json(self) -> str:
        """Return the card as JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read a card that `to_json` wrote; raise `FormatError` where it is not one.

        What a later version of lenet may say beyond these fields is passed over.
        """
        try:
            data = json.loads(text)
            known = {entry.name: data[entry.name] for entry in fields(cls) if entry.name in data}
            return cls(**_typed(known))
        except FormatError:
            raise
        except (TypeError, ValueError, RecursionError) as error:
            raise FormatError(
                f"not a card ({error}); expected what Card.to_json writes: save the network again"
            ) from None

    def __str__(self) -> str:
        """Return the card for people: its fields below each other, empty ones left out."""
        lines = textwrap.wrap(f"{self.name}: {self.summary}", _WIDTH)
        for entry in fields(self)[2:]:
            value = getattr(self, entry.name)
            if entry.name == "figures":
                said = [f"{what}  {_figure(number)}" for what, number in value.items()]
            elif isinstance(value, Mapping):
                said = _settings(value)
            else:
                said = [str(value)] if value or entry.name == "seed" else []
            for number, words in enumerate(said):
                start = f"{entry.name if number == 0 else '':<9}"
                lines += textwrap.wrap(words, _WIDTH, initial_indent=start, subsequent_indent=" " * 11)
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Card({self.name!r}: {self.summary})"


_EMPTY = Card("", "")


def _figure(number: float) -> str:
    """Return a rate in per cent, and any other number as it is."""
    return f"{number:.2%}" if 0 <= number <= 1 else f"{number:.6g}"


def _settings(values: Mapping[str, Any]) -> list[str]:
    """Return settings in a line, and those that are made of settings in a line each; what is off is left out."""
    plain = [f"{_words(name)} {value}" for name, value in values.items() if value and not isinstance(value, Mapping)]
    lines = [", ".join(plain)] if plain else []
    for name, value in values.items():
        if isinstance(value, Mapping):
            first, *more = _settings(value) or ["nothing"]
            lines += [f"{_words(name)}: {first}", *more]
    return lines


def _words(name: str) -> str:
    return str(name).replace("_", " ")


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a card as they are, if each has its type."""
    for name, value in values.items():
        usual = getattr(_EMPTY, name)
        if not isinstance(value, type(usual)):
            raise FormatError(
                f"the card's {name} is {type(value).__name__}, expected {type(usual).__name__}; "
                "save the network again with a card whose fields have their types"
            )
    return values

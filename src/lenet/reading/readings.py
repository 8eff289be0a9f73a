"""The records that reading gives back: plain Python values inside, so that they compare, pickle and go to JSON."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from lenet.documents.segmentation import Box

__all__ = ["SCHEMA", "Character", "Reading"]

Value = str | Decimal | datetime.date | datetime.time
"""What a text means: itself, a number, a day, a time of day."""

SCHEMA = 1
"""Of all JSON that lenet prints: counts up when a key changes its meaning or goes; a new key alone does not count."""


@dataclass(frozen=True)
class Character:
    """One character that was read.

    Parameters
    ----------
    text : the class name of the likeliest class.
    confidence : its probability, 0 to 1; calibrated where the network is: its card says so.
    box : where it stands.
    alternatives : the next likeliest classes and their probabilities, likeliest first.
    """

    text: str
    confidence: float
    box: Box
    alternatives: tuple[tuple[str, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the record as values that `json.dumps` takes."""
        return {
            "text": self.text,
            "confidence": self.confidence,
            "box": list(self.box),
            "alternatives": [{"text": text, "confidence": confidence} for text, confidence in self.alternatives],
        }

    def to_json(self) -> str:
        """Return the record as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __repr__(self) -> str:
        return f"Character({self.text!r}, {self.confidence:.3f}, box={self.box})"


@dataclass(frozen=True)
class Reading:
    """One row of a page, or one field, that was read.

    Parameters
    ----------
    text : the characters in reading order; empty where nothing is written.
    value : what the text means: a `Decimal`, a `date`, a `time`; for digits and patterns the text itself, since leading
        zeros count. None where nothing is written, or where the text may mean several things.
    confidence : probability that the whole text is right, 0 to 1; 0 for an empty reading.
    accepted : whether it may be used without a person looking at it.
    reason : why it was not accepted; empty where it was.
    characters : one record for each character of the text; its spaces, where numbers stand side by side, have none.
    box : around all characters; the whole picture for an empty reading.
    page : number of the page in its file, from 1.
    file : path of the picture, where it was given as one.
    field : name of the field, where there is one.
    others : the next best texts and their probabilities, best first.
    """

    text: str
    value: Value | None
    confidence: float
    accepted: bool
    reason: str
    characters: tuple[Character, ...]
    box: Box
    page: int = 1
    file: str | None = None
    field: str | None = None
    others: tuple[tuple[str, float], ...] = ()

    KEYS: ClassVar[tuple[str, ...]] = (
        "schema",
        "file",
        "page",
        "field",
        "box",
        "text",
        "value",
        "confidence",
        "accepted",
        "reason",
        "characters",
        "others",
    )
    """The keys of `to_dict`, in order."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "file",
        "page",
        "field",
        "text",
        "value",
        "confidence",
        "accepted",
        "reason",
        "left",
        "top",
        "right",
        "bottom",
    )
    """The columns of `to_row`, in order."""

    def moved(self, right: int, down: int) -> Reading:
        """Return the reading of a part of a picture with its boxes on the whole."""

        def there(box: Box) -> Box:
            return box[0] + right, box[1] + down, box[2] + right, box[3] + down

        characters = tuple(replace(each, box=there(each.box)) for each in self.characters)
        return replace(self, box=there(self.box), characters=characters)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as values that `json.dumps` takes; `schema` says which keys to expect."""
        return {
            "schema": SCHEMA,
            "file": self.file,
            "page": self.page,
            "field": self.field,
            "box": list(self.box),
            "text": self.text,
            "value": None if self.value is None else str(self.value),
            "confidence": self.confidence,
            "accepted": self.accepted,
            "reason": self.reason,
            "characters": [character.to_dict() for character in self.characters],
            "others": [{"text": text, "confidence": confidence} for text, confidence in self.others],
        }

    def to_json(self) -> str:
        """Return the record as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_row(self) -> dict[str, str | int | float | bool | None]:
        """Return it as a row for spreadsheets: single values alone, without the characters and the other texts."""
        box = dict(zip(("left", "top", "right", "bottom"), self.box, strict=True))
        plain: dict[str, str | int | float | bool | None] = {**self.to_dict(), **box}
        plain["confidence"] = round(self.confidence, 6)
        return {column: plain[column] for column in self.COLUMNS}

    def __repr__(self) -> str:
        place = "" if self.page == 1 else f", page={self.page}"
        refused = "" if self.accepted else f", not accepted: {self.reason}"
        return f"Reading({self.text!r}, {self.confidence:.3f}, box={self.box}{place}{refused})"

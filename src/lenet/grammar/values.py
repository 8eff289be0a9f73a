"""What a text means: a plain Python value, or none and the reason why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Literal

__all__ = ["DateOrder", "Mark", "Meaning", "Value"]

Value = str | Decimal | date | time
"""What a field may say: a text as it stands, an exact number, a day, a time of day."""

Mark = Literal[".", ","]
"""What stands before the decimals."""

DateOrder = Literal["dmy", "mdy", "ymd"]
"""In which order day, month and year are written."""


@dataclass(frozen=True)
class Meaning:
    """What a text means.

    Parameters
    ----------
    value : None where the text is not of the grammar, or may mean several things, or nothing that exists.
    reason : why there is no value, as a sentence; empty where there is one.
    """

    value: Value | None
    reason: str = ""

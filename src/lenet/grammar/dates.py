"""Days and times of day as people write them in figures, and which day or time they mean."""

from __future__ import annotations

import re
from datetime import date, time
from functools import partial

from lenet.grammar.values import DateOrder, Meaning

__all__ = ["TIME", "day", "day_pattern", "time_of_day"]

_ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")
_SEPARATOR = r"(?: ?[-/.] ?| )"
_YEAR = r"(?:1[6-9]|2[01])[0-9]{2}"

TIME = (
    r"(?P<hour>[01]?[0-9]|2[0-4])(?:[:.h]| )(?P<minute>[0-5][0-9])(?:[:.](?P<second>[0-5][0-9]))?"
    r"(?: ?(?P<half>[aApP])\.?[mM]\.?)?|(?P<boxed_hour>[01][0-9]|2[0-4])(?P<boxed_minute>[0-5][0-9])"
)
"""Hours and minutes, perhaps seconds, perhaps am or pm; or four digits as in four boxes."""


def day_pattern(order: DateOrder | None) -> str:
    """Return the pattern of dates in figures; of all three orders where none is given.

    With separators, days and months have one or two digits and years two or four, but four where they come first. In
    eight boxes, without separators, all is written out. Years are those from 1600 to 2199. 31/02 is not matched,
    29/02 is.
    """
    if order is None:
        return "|".join(map(day_pattern, _ORDERS))
    in_boxes = _day_and_month(order, "0", "")
    with_separators = _day_and_month(order, "0?", _SEPARATOR)
    if order == "ymd":
        return rf"{_YEAR}{_SEPARATOR}{with_separators}|{_YEAR}{in_boxes}"
    return rf"{with_separators}{_SEPARATOR}(?:{_YEAR}|[0-9]{{2}})|{in_boxes}{_YEAR}"


def _day_and_month(order: DateOrder, zero: str, separator: str) -> str:
    pairs = (
        (f"(?:{zero}[1-9]|[12][0-9])", f"(?:{zero}[1-9]|1[0-2])"),
        ("30", f"(?:{zero}[13-9]|1[0-2])"),
        ("31", f"(?:{zero}[13578]|1[02])"),
    )
    written = (separator.join(pair if order == "dmy" else reversed(pair)) for pair in pairs)
    return f"(?:{'|'.join(written)})"


def day(text: str, order: DateOrder | None) -> Meaning:
    """Return the `date` that a text of the form of `day_pattern` writes.

    Every order that makes a day of the calendar is possible where none is given. A year of two digits has no century,
    and none is guessed: a wrong one would be wrong by a hundred years without any sign of it.
    """
    parts = re.findall("[0-9]+", text)
    orders = _ORDERS if order is None else (order,)
    days = {made for each in orders if re.fullmatch(day_pattern(each), text) for made in _days(parts, each)}
    if None in days:
        return Meaning(None, f"the year of {text!r} has no century")
    if len(days) > 1:
        possible = " or ".join(sorted(map(str, days)))
        return Meaning(None, f"{text!r} may be {possible}; date_order= settles it")
    return Meaning(days.pop()) if days else Meaning(None, f"{text!r} is no day of the calendar")


def _days(parts: list[str], order: DateOrder) -> list[date | None]:
    """Return the day, None where its century is missing, and nothing where the calendar has no such day."""
    if len(parts) == 1:
        lengths = [4 if field == "y" else 2 for field in order]
        ends = [sum(lengths[: i + 1]) for i in range(3)]
        parts = [parts[0][end - length : end] for end, length in zip(ends, lengths, strict=True)]
    fields = dict(zip(order, parts, strict=True))
    if len(fields["y"]) == 2:
        return [None]
    try:
        return [date(int(fields["y"]), int(fields["m"]), int(fields["d"]))]
    except ValueError:
        return []


def time_of_day(text: str) -> Meaning:
    """Return the `time` that a text of the form `TIME` writes, by the clock of 24 hours unless am or pm is written."""
    found = re.fullmatch(TIME, text)
    if found is None:
        return Meaning(None, f"{text!r} is not written as a time")
    hour = int(found["hour"] or found["boxed_hour"])
    at = partial(time, minute=int(found["minute"] or found["boxed_minute"]), second=int(found["second"] or 0))
    if found["half"]:
        if not 1 <= hour <= 12:
            return Meaning(None, f"{text!r} has the hour {hour}, which is neither am nor pm")
        return Meaning(at(hour % 12 + 12 * (found["half"] in "pP")))
    if hour == 24:
        return Meaning(None, f"{text!r} is the end of a day; the next one's 0:00 is another day")
    return Meaning(at(hour))

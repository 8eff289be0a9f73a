"""How much one request may ask for, and how many may wait; each limit with the option that changes it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from lenet.errors import InputError, ServiceError

__all__ = ["MEGABYTE", "OPTIONS", "Limits", "late", "over"]

MEGABYTE = 1_000_000

OPTIONS = {
    "body": "--max-body",
    "pixels": "--max-pixels",
    "pages": "--max-pages",
    "pictures": "--max-pictures",
    "waiting": "--max-waiting",
    "seconds": "--max-seconds",
}
"""Which option of `lenet serve` changes which limit."""


@dataclass(frozen=True)
class Limits:
    """What the service takes.

    Parameters
    ----------
    body : bytes of a request; more is answered with 413.
    pixels : of one page, read or drawn from PDF; 413.
    pages : of one document; 413.
    pictures : of one request for several; 413.
    waiting : requests that are being received, wait or are worked on at once: for the class of one picture, and as many
        for all else; 429.
    seconds : from a request's first byte to its answer; 503.

    Raises
    ------
    InputError
        A limit is no finite number above 0.
    """

    body: int = 20 * MEGABYTE
    pixels: int = 40 * MEGABYTE
    pages: int = 50
    pictures: int = 256
    waiting: int = 128
    seconds: float = 60.0

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
                raise InputError(f"the limit {entry.name}={value!r} was given; expected a finite number above 0")


def over(limit: str, what: str, remedy: str) -> ServiceError:
    """Return the refusal of something too large: `what` is said of it, `remedy` is what the sender may do."""
    return ServiceError(
        f"{what}: {remedy}, or start the service with a higher {OPTIONS[limit]}", status=413, limit=OPTIONS[limit]
    )


def late(limits: Limits) -> ServiceError:
    """Return the refusal of what takes too long."""
    return ServiceError(
        f"the answer took longer than {limits.seconds:g} seconds, the most that this service gives to one request; "
        f"send fewer pages or pictures, come back later, or start the service with a higher {OPTIONS['seconds']}",
        status=503,
        limit=OPTIONS["seconds"],
    )

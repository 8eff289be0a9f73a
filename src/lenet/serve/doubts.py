"""What `lenet read --out results.jsonl` left for a person: the readings that were rejected, each with its crop."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.documents import open_document
from lenet.documents.segmentation import Box
from lenet.errors import FormatError, InputError

__all__ = ["Doubt", "Doubts", "crop_of", "load_doubts"]

MOST = 10_000
"""Rejected readings that are taken up at once; of ours: days of work."""
_ONE_LINE = 4
"""Heights of the writing up to which a picture is taken for one field, and shown and learned as a whole; of ours."""
_BESIDE, _ABOVE = 2.0, 0.6
"""Heights of the writing around it that are shown of larger pictures: what was missed stands beside; of ours."""


@dataclass(frozen=True)
class Doubt:
    """A reading that was rejected; file, page, field, box, text, confidence and reason are those of the `Reading`."""

    file: str
    page: int
    field: str | None
    box: Box
    text: str
    confidence: float
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the record as values that `json.dumps` takes."""
        return asdict(self)


@dataclass(frozen=True)
class Doubts:
    """What was rejected of a file of results.

    Parameters
    ----------
    path : of the file.
    accepted : how many of its readings were accepted.
    rejected : those that were not, up to `MOST`.
    more : how many were rejected beyond these.
    """

    path: Path
    accepted: int
    rejected: tuple[Doubt, ...]
    more: int


def load_doubts(path: str | os.PathLike[str]) -> Doubts:
    """Load what was rejected of what `lenet read --out results.jsonl` wrote.

    Raises
    ------
    InputError
        There is no such file, or it is no file of JSON lines.
    FormatError
        A line is no reading; the message says which one. A last line that was cut short is passed over.
    """
    path = Path(path)
    if path.suffix.lower() != ".jsonl" or not path.is_file():
        raise InputError(f"{path} was given to correct; give the file of JSON lines that lenet read --out wrote")
    accepted, rejected, more = 0, list[Doubt](), 0
    with path.open("rb") as file:
        for doubt in _doubts(file, path):
            if doubt is None:
                accepted += 1
            elif len(rejected) < MOST:
                rejected.append(doubt)
            else:
                more += 1
    return Doubts(path, accepted, tuple(rejected), more)


def crop_of(doubts: Doubts, number: int) -> NDArray[np.uint8]:
    """Return the picture of a rejected reading: all of it where it is one line, else the writing and what is near.

    Raises
    ------
    InputError
        There is no such reading, or its file is gone.
    FormatError
        Its file is damaged.
    """
    if not 0 <= number < len(doubts.rejected):
        raise InputError(f"rejected reading {number} was asked for; there are {len(doubts.rejected)}")
    doubt = doubts.rejected[number]
    beside = doubts.path.parent / doubt.file
    picture = _page(str(beside if beside.exists() else doubt.file), doubt.page)
    rows, columns = picture.shape[:2]
    left, top, right, bottom = doubt.box
    height = bottom - top
    if rows <= _ONE_LINE * height:
        return picture
    across, up = round(_BESIDE * height), round(_ABOVE * height)
    return picture[max(0, top - up) : min(rows, bottom + up), max(0, left - across) : min(columns, right + across)]


@lru_cache(maxsize=1)  # a page may have hundreds of megabytes, and its readings are asked for one after the other
def _page(file: str, number: int) -> NDArray[np.uint8]:
    page = next(open_document(file, after=number - 1), None)
    if page is None:
        raise InputError(f"{file} has no page {number} any more; read it again")
    return page.picture


def _doubts(file: Iterator[bytes], path: Path) -> Iterator[Doubt | None]:
    """Give each rejected reading, and None for each accepted one."""
    for number, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            return  # cut short when the run was killed
        try:
            row = json.loads(line)
            yield None if row["accepted"] else _doubt(row)
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
            raise FormatError(
                f"line {number} of {path} is no result of lenet; mend or remove the line, or read the files again"
            ) from None


def _doubt(row: dict[str, Any]) -> Doubt:
    left, top, right, bottom = map(int, row["box"])
    page = int(row["page"])
    if not (0 <= left < right and 0 <= top < bottom) or page < 1:
        raise ValueError("a box of no size, or no page")
    return Doubt(
        str(row["file"]), page, row["field"], (left, top, right, bottom), str(row["text"]),
        float(row["confidence"]), str(row["reason"]),
    )  # fmt: skip

"""Ruled tables: each box is read by itself, as the small field that it is, and rows are what stands in their boxes."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet import grammar
from lenet.documents.cleanup import to_ink
from lenet.documents.nearby import largest_near
from lenet.documents.pages import open_document
from lenet.documents.segmentation import find_pieces, text_rows
from lenet.documents.sheets import Sheet, find_sheet
from lenet.documents.tables import Cell, Table, find_tables
from lenet.network import Network
from lenet.reading.confidence import threshold_for
from lenet.reading.readings import Reading
from lenet.reading.spelled import spelled
from lenet.strips import make_strips
from lenet.weights import load

if TYPE_CHECKING:
    from lenet.documents.pages import Source

__all__ = ["in_order", "read_boxes", "read_in_tables", "read_tables", "rows_of"]

TableReadings = list[list[Reading]]
"""A reading for each box, row by row, and one of nothing where nothing is written."""

TOGETHER = 64
"""Boxes that go through the network at once."""
_MARGIN = 8
"""Pixels of paper around what is written in a box when it is read."""
_LEAST_WRITTEN = 0.15
"""Lower and narrower than this share of its box is a speck; of ours."""
_LINE_HEIGHT = 0.25
"""Characters of this share of the box's height, one above the other, are lines; those of a fraction are smaller."""
_FULL = 0.85
"""Several lines fill their box from top to bottom, at least so much of it; of ours."""
_STROKE_WIDTH, _STROKE_LENGTH = 0.06, 0.6
"""A stroke through a box is so much thinner than long, and reaches so far over the box, of its diagonal; of ours."""
_UNREAD = 0.25
"""A box that is no surer than this adds nothing to its row: nor is one that was read only in part; of ours."""
_COUNTED = 3
"""So many boxes that count up one by one are a heading."""
_EVEN = 0.12
"""Print is even: the heights of its digits spread by less than this share of their mean; of ours."""


def read_tables(
    picture: Source,
    kind: Any = "mark",
    *,
    model: str | os.PathLike[str] | Network = "fields",
    max_error: float | None = None,
    threads: int = 0,
) -> Iterator[TableReadings]:
    """Read the ruled tables on a page, or on each page of a document, box by box.

    Parameters
    ----------
    picture : as for `lenet.read_page`.
    kind : what the boxes may say, as for `lenet.read`.
    model, max_error, threads : as for `lenet.Reader`.

    Returns
    -------
    For each table, from top to bottom, its rows; for each row a reading for each box, whose `field` is its row and
    column, from 1, as in "2.5". Print is left out where its colour tells it from writing, and so are headings that
    count up. Boxes with several lines are not accepted.

    Raises
    ------
    InputError
        The picture cannot be used.
    FormatError
        The file is damaged.
    """
    network = model if isinstance(model, Network) else load(model)
    file = os.fspath(picture) if isinstance(picture, str | os.PathLike) else None
    for page in open_document(picture):
        sheet = find_sheet(page.picture)
        ink = to_ink(sheet.picture)
        for table in find_tables(sheet.picture, ink):
            rows = read_boxes(network, ink, table, kind=kind, max_error=max_error, threads=threads)
            yield [[replace(_there(each, sheet), page=page.number, file=file) for each in row] for row in rows]


def _there(reading: Reading, sheet: Sheet) -> Reading:
    characters = tuple(replace(each, box=sheet.there(each.box)) for each in reading.characters)
    return replace(reading, box=sheet.there(reading.box), characters=characters)


def read_boxes(
    network: Network,
    ink: NDArray[np.uint8],
    table: Table,
    *,
    kind: Any = "mark",
    max_error: float | None = None,
    threads: int = 0,
) -> TableReadings:
    """Return the readings of a table's boxes, row by row; `ink` is that of the page."""
    boxes = grammar.get(kind)
    calibration = None if network.calibration is None else network.calibration.of(boxes.kind)
    threshold = threshold_for(max_error, calibration)
    written = [cell for row in table.rows for cell in row if _is_written(cell)]
    read: list[Reading] = []
    for first in range(0, len(written), TOGETHER):
        pictures = [_drawn(ink, cell) for cell in written[first : first + TOGETHER]]
        wholes = [(0, 0, picture.shape[1], picture.shape[0]) for picture in pictures]
        made = make_strips(pictures, fractions=boxes.kind == "mark", threads=threads)
        strips = list(zip(made, wholes, strict=True))
        read += spelled(network, strips, boxes, calibration=calibration, threshold=threshold, threads=threads)
    found = dict(zip(map(id, written), read, strict=True))
    rows = [[_reading(found.get(id(cell)), cell, ink, mark=boxes.kind == "mark") for cell in row] for row in table.rows]
    if not table.two_inks:
        rows = _without_headings(rows, table.rows)
    return [
        [replace(reading, field=f"{number}.{column}") for column, reading in enumerate(row, 1)]
        for number, row in enumerate(rows, 1)
    ]


def read_in_tables(
    picture: NDArray[np.uint8],
    ink: NDArray[np.uint8],
    model: str | os.PathLike[str] | Network | None,
    threads: int,
) -> tuple[list[Reading], NDArray[np.uint8]]:
    """Return a reading for each row of the tables on a page, and the ink that is left beside them.

    Where a table tells print from the pen by its colour, print beside it is taken away as well.
    """
    tables = [] if model is None else find_tables(picture, ink)
    if not tables or model is None:
        return [], ink
    network = model if isinstance(model, Network) else load(model)
    readings, rest = [], np.ones(ink.shape, bool)
    for table in tables:
        readings += rows_of(read_boxes(network, ink, table, threads=threads))
        rest &= table.rest
    return readings, np.where(largest_near(rest.view(np.uint8), 1, 1), ink, 0).astype(np.uint8)


def in_order(readings: Sequence[Reading]) -> list[Reading]:
    """Return readings of rows from top to bottom, by their middles."""
    return sorted(readings, key=lambda reading: reading.box[1] + reading.box[3])


def rows_of(boxes: TableReadings) -> list[Reading]:
    """Return a reading for each row of a table in which anything can be read: what its boxes say, side by side.

    Boxes that are hardly sure say nothing, and are named in the reason: many hold words.
    """
    rows = []
    for row in boxes:
        read = [reading for reading in row if reading.text and reading.confidence > _UNREAD]
        if read:
            text = "".join(reading.text for reading in read)
            unsure = [f"box {reading.field}: {reading.reason}" for reading in row if reading.reason and reading.text]
            sides = np.array([reading.box for reading in read])
            box = (*map(int, sides[:, :2].min(axis=0)), *map(int, sides[:, 2:].max(axis=0)))
            rows.append(
                Reading(
                    text,
                    text,
                    math.prod(reading.confidence for reading in read),
                    not unsure,
                    "; ".join(unsure),
                    tuple(character for reading in read for character in reading.characters),
                    box,  # type: ignore[arg-type]
                )
            )
    return rows


def _is_written(cell: Cell) -> bool:
    wide, high = cell.box[2] - cell.box[0], cell.box[3] - cell.box[1]
    rows, columns = cell.marks.shape
    return bool(rows >= _LEAST_WRITTEN * high or columns >= _LEAST_WRITTEN * wide)


def _drawn(ink: NDArray[np.uint8], cell: Cell) -> NDArray[np.uint8]:
    """Return a picture of what is written in a box, and nothing else, on white paper."""
    left, top, right, bottom = cell.around
    marks = np.pad(cell.marks, _MARGIN)
    dark = np.pad(ink[top:bottom, left:right], _MARGIN)
    return np.where(largest_near(marks.view(np.uint8), 1, 1), 255 - dark, 255).astype(np.uint8)


def _reading(reading: Reading | None, cell: Cell, ink: NDArray[np.uint8], *, mark: bool) -> Reading:
    """Return the reading of a box on the page, of a box without writing, with several lines, or struck through."""
    if reading is None:
        return Reading("", None, 0.0, False, "nothing is written", (), cell.box)
    here = reading.moved(cell.left - _MARGIN, cell.top - _MARGIN) if reading.text else replace(reading, box=cell.box)
    if mark and isinstance(here.value, Decimal):
        here = replace(here, text=f"{int(here.value) or ''}½" if here.value % 1 else str(int(here.value)))
    if _is_struck(cell):
        return Reading("/", None, 1.0, True, "", (), cell.box)
    if _has_lines(cell, ink, fraction="½" in here.text):
        return Reading("", None, 0.0, False, "several lines are written in one box", (), cell.box)
    return here


def _is_struck(cell: Cell) -> bool:
    """Tell whether all that is written is one straight stroke from corner to corner."""
    rows, columns = np.nonzero(cell.marks)
    if len(rows) < 3:
        return False
    narrow, long = np.sqrt(np.maximum(0, np.linalg.eigvalsh(np.cov(rows, columns))))
    wide, high = cell.box[2] - cell.box[0], cell.box[3] - cell.box[1]
    reaches = cell.marks.shape[0] >= _STROKE_LENGTH * high and cell.marks.shape[1] >= _STROKE_LENGTH * wide
    return bool(reaches and narrow <= _STROKE_WIDTH * long)


def _has_lines(cell: Cell, ink: NDArray[np.uint8], *, fraction: bool) -> bool:
    """Tell whether there are lines of characters, one above the other; those of a fraction do not fill the box."""
    left, top, right, bottom = cell.around
    high = cell.box[3] - cell.box[1]
    if fraction and bottom - top < _FULL * high:
        return False
    least = _LINE_HEIGHT * high
    pieces = find_pieces(np.where(cell.marks, ink[top:bottom, left:right], 0).astype(np.uint8))
    rows = text_rows([piece for piece in pieces if piece.height >= least])
    return len(rows) > 1


def _without_headings(rows: TableReadings, cells: Sequence[Sequence[Cell]]) -> TableReadings:
    """Take away the first rows up to one that counts 1, 2, 3, ... in print, and the column below its first box."""
    for number, row in enumerate(rows):
        if not any(reading.text for reading in row):
            continue
        if not _counts(row, cells[number]):
            break
        left = row[0].box[2] if row[0].text and not _starts(row[0]) else -1
        rows = [
            [_nothing(reading) if index <= number or reading.box[2] <= left else reading for reading in each]
            for index, each in enumerate(rows)
        ]
    return rows


def _counts(row: Sequence[Reading], cells: Sequence[Cell]) -> bool:
    """Tell whether the boxes of a row count up by ones, but for the first, in characters of one height."""
    read = [(reading, cell) for reading, cell in zip(row, cells, strict=True) if reading.text]
    for counted in (read, read[1:]):
        numbers = [reading.text for reading, _ in counted]
        if len(numbers) >= _COUNTED and all(text.isdigit() for text in numbers):
            steps = np.diff([int(text) for text in numbers])
            heights = np.array([cell.marks.shape[0] for _, cell in counted])
            if (steps == 1).all() and heights.std() <= _EVEN * heights.mean():
                return True
    return False


def _starts(reading: Reading) -> bool:
    return reading.text in ("0", "1")


def _nothing(reading: Reading) -> Reading:
    return Reading("", None, 0.0, False, "a heading", (), reading.box)

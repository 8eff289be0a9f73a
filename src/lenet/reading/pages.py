"""From a picture to readings: ink, pieces, images, network, characters."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenet.documents.cleanup import to_ink, without_rules
from lenet.documents.pages import open_document
from lenet.documents.pictures import PIXEL_LIMIT
from lenet.documents.segmentation import Box, Piece, find_pieces, find_places, text_rows
from lenet.documents.sheets import Sheet, find_sheet
from lenet.errors import InputError
from lenet.glyphs import glyphs_of
from lenet.network import Network
from lenet.reading.readings import Character, Reading
from lenet.reading.signs import gaps, signs_at
from lenet.weights import load

if TYPE_CHECKING:
    from lenet.documents.pages import Page, Source

__all__ = ["Field", "network_for", "on_picture", "open_field", "read_components", "read_page"]

ALTERNATIVES = 3
"""How many other classes a character names."""


NOTHING = "nothing is written"
"""Why an empty reading is not accepted."""

TURNED_DIGITS = 12
"""Fewer digits do not tell for certain which way up a page is; 12 of MNIST's are wrong 1 time in 5,000."""
TURNED_GAIN, TURNED_DOUBT = 0.06, 0.05
"""A turned page has digits surer by this much, and no less sure than that, in natural logarithms, on average: of 12
that lie upside down 8 in 10 do, of 40 nearly all. (Most digits look much like some digit upside down.)"""

TRIMMING_GAIN = 0.2
"""A character without its tails has to be this much more probable than with them to be believed."""


@dataclass(frozen=True, eq=False)
class Field:
    """A picture that is one field, and the path that it was given as, if it was."""

    page: Page
    file: str | None


def read_page(
    picture: Source,
    *,
    model: str | os.PathLike[str] | Network = "digits",
    tables: str | os.PathLike[str] | Network | None = "fields",
    threads: int = 0,
) -> list[Reading]:
    """Read all that is written on a page, or on each page of a document.

    A sheet on a darker desk is found by its edges, and a page that lies sideways or upside down is turned where its
    digits tell that for certain; boxes are in pixels of the picture given all the same. Where there is a ruled table,
    each of its boxes is read as a field, and a row is what stands in its boxes.

    Parameters
    ----------
    picture : a path, the bytes of a file, an open file, a PIL image, or uint8 `(rows, columns)` or
        `(rows, columns, 3)`; ink dark or light.
    model : the network that knows the characters: a shipped one's name, a path, or a network.
    tables : the network for whole fields that knows what stands in the boxes of tables; None where tables are to be
        read like all the rest.
    threads : how many to use; 0 for as many as `lenet` uses by default.

    Returns
    -------
    One reading for each row of text, in reading order; none where nothing is written. Points, commas, colons and
    strokes between two digits belong to the text; a space stands where a gap parts two numbers of a row.

    Raises
    ------
    InputError
        The picture cannot be used.
    FormatError
        The file is damaged.
    """
    from lenet.reading.tables import in_order, read_in_tables  # who reads fields does not wait for it

    network = network_for(model)
    readings: list[Reading] = []
    file = _path(picture)
    for page in open_document(picture):
        sheet, raw, ink, pieces = _upright(network, find_sheet(page.picture), threads)
        in_tables, beside = read_in_tables(sheet.picture, raw, tables, threads)
        if in_tables:
            ink = without_rules(beside)
            pieces = find_pieces(ink)
        rows = [_reading(*row, page, file) for row in _rows_of_text(network, ink, pieces, threads)]
        boxes = [replace(reading, page=page.number, file=file) for reading in in_tables]
        readings += [on_picture(reading, sheet) for reading in (in_order([*boxes, *rows]) if boxes else rows)]
    return readings


def on_picture(reading: Reading, sheet: Sheet) -> Reading:
    """Return a reading of a sheet with its boxes where they are on the picture that was given."""
    characters = tuple(replace(each, box=sheet.there(each.box)) for each in reading.characters)
    return replace(reading, characters=characters, box=_around(characters) if characters else sheet.there(reading.box))


def _upright(
    network: Network, sheet: Sheet, threads: int
) -> tuple[Sheet, NDArray[np.uint8], NDArray[np.uint8], list[Piece]]:
    """Return a sheet with its ink, with and without rules, and its pieces, turned where its digits ask for it.

    They say whether it lies sideways or upside down.
    """
    raw = to_ink(sheet.picture)
    ink = without_rules(raw)
    pieces = find_pieces(ink)
    quarters = _quarters(network, pieces, threads)
    if not quarters:
        return sheet, raw, ink, pieces
    sheet = sheet.turned(quarters)
    raw = to_ink(sheet.picture)
    ink = without_rules(raw)
    return sheet, raw, ink, find_pieces(ink)


def _quarters(network: Network, pieces: Sequence[Piece], threads: int) -> int:
    """Return by how many quarters against the clock a page has to be turned; 0 where that is not certain.

    The picture of a digit, normalised by its size and centre of mass, turns as the page does.
    """
    if len(pieces) < TURNED_DIGITS or not _knows_digits(network):
        return 0
    images = glyphs_of(pieces)

    def sure(quarters: int) -> float:
        turned = np.ascontiguousarray(np.rot90(images, quarters, axes=(1, 2)))
        return float(np.log(network.predict_proba(turned, threads=threads).max(axis=1)).mean())

    now = sure(0)
    if now > -TURNED_GAIN:
        return 0
    best, quarters = max((sure(quarters), quarters) for quarters in (1, 2, 3))
    return quarters if best > max(-TURNED_DOUBT, now + TURNED_GAIN) else 0


def _knows_digits(network: Network) -> bool:
    return set(network.classes) <= set("0123456789")


def _rows_of_text(
    network: Network, ink: NDArray[np.uint8], pieces: list[Piece], threads: int
) -> Iterator[tuple[str, tuple[Character, ...]]]:
    """Give the text of each row, with the signs and gaps between its digits, and its characters."""
    rows = text_rows(pieces)
    places = find_places(ink, rows) if _knows_digits(network) else []
    found = signs_at(places, load("fields"), threads) if places else {}
    signs = {(place.row, place.index): sign for place, sign in found.items()}
    boxes = np.array([sign.box for sign in signs.values()]).reshape(-1, 4)
    for number, (row, wide) in enumerate(zip(_characters(network, rows, threads), gaps(rows), strict=True)):
        text, characters, parts = "", list[Character](), _parts(row, boxes)
        for index, character in enumerate(row):
            sign = signs.get((number, index))
            if index not in parts:
                characters.append(character)
                text += character.text + (" " if index in wide and sign is None else "")
            if sign is not None:
                characters.append(sign)
                text += sign.text
        if characters:
            yield text.strip(), tuple(characters)


def _parts(row: Sequence[Character], signs: NDArray[np.int64]) -> set[int]:
    """Return which characters are low pieces that were found to be signs: a comma may look like a 1 by itself."""
    left, top, right, bottom = np.array([character.box for character in row]).T[:, :, None]
    x, y = (left + right) / 2, (top + bottom) / 2
    inside = (signs[:, 0] <= x) & (x <= signs[:, 2]) & (signs[:, 1] <= y) & (y <= signs[:, 3])
    return {int(index) for index in np.nonzero(inside.any(axis=1))[0]}


def read_components(network: Network, fields: Sequence[Field], threads: int) -> list[Reading]:
    """Read fields piece by piece, each piece a character; all of them go through the network together."""
    rows = []
    for field in fields:
        pieces = find_pieces(without_rules(to_ink(field.page.picture)), one_row=True)
        rows.append(sorted(pieces, key=lambda piece: piece.box[0] + piece.box[2]))
    found = _characters(network, rows, threads)
    return [
        _reading("".join(each.text for each in characters), characters, field.page, field.file)
        for characters, field in zip(found, fields, strict=True)
    ]


def network_for(model: str | os.PathLike[str] | Network) -> Network:
    """Return the network that a name, a path or a network means."""
    return model if not isinstance(model, str | os.PathLike) else load(model)


def open_field(picture: Source, *, pixels: int = PIXEL_LIMIT) -> Field:
    """Open a picture of one page, of so many pixels at most; raise `InputError` where it has several."""
    pages = open_document(picture, pixels=pixels)
    page = next(pages)
    if next(pages, None) is not None:
        raise InputError("a document of several pages was given as one field; read_page reads all pages")
    return Field(page, _path(picture))


def _characters(network: Network, rows: Sequence[Sequence[Piece]], threads: int) -> list[tuple[Character, ...]]:
    """Turn rows of pieces into characters. This is the one place where a piece gets a meaning."""
    pieces = [piece for row in rows for piece in row]
    if not pieces:
        return [() for _ in rows]
    trimmed = [(index, variant) for index, piece in enumerate(pieces) for variant in piece.trimmed]
    images = glyphs_of(pieces + [variant for _, variant in trimmed])
    probabilities = list(network.predict_proba(images, threads=threads))
    for (index, variant), likely in zip(trimmed, probabilities[len(pieces) :], strict=True):
        if likely.max() > probabilities[index].max() + TRIMMING_GAIN:
            pieces[index], probabilities[index] = variant, likely
    characters = iter([_character(network, *pair) for pair in zip(pieces, probabilities, strict=False)])
    return [tuple(next(characters) for _ in row) for row in rows]


def _character(network: Network, piece: Piece, probabilities: NDArray[np.float32]) -> Character:
    order = np.argsort(-probabilities, kind="stable")[: 1 + ALTERNATIVES]
    ranked = [(network.classes[int(index)], float(probabilities[index])) for index in order]
    return Character(*ranked[0], piece.box, tuple(ranked[1:]))


def _reading(text: str, characters: tuple[Character, ...], page: Page, file: str | None) -> Reading:
    confidence = math.prod(character.confidence for character in characters) if characters else 0.0
    reason = "" if characters else NOTHING
    box = _box(characters, page)
    return Reading(text, text or None, confidence, not reason, reason, characters, box, page.number, file)


def _box(characters: tuple[Character, ...], page: Page) -> Box:
    if not characters:
        return 0, 0, int(page.picture.shape[1]), int(page.picture.shape[0])
    return _around(characters)


def _around(characters: tuple[Character, ...]) -> Box:
    lefts, tops, rights, bottoms = zip(*(character.box for character in characters), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _path(picture: Source) -> str | None:
    return str(picture) if isinstance(picture, str | os.PathLike) else None

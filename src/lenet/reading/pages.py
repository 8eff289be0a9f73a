"""From a picture to readings: ink, pieces, images, network, characters."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenet.documents.cleanup import to_ink, without_rules
from lenet.documents.pages import open_document
from lenet.documents.segmentation import Box, Piece, find_pieces, text_rows
from lenet.errors import InputError
from lenet.glyphs import glyphs_of
from lenet.network import Network
from lenet.reading.readings import Character, Reading
from lenet.reading.tables import in_order, read_in_tables
from lenet.weights import load

if TYPE_CHECKING:
    from lenet.documents.pages import Page, Source

__all__ = ["Field", "network_for", "open_field", "read_components", "read_page"]

ALTERNATIVES = 3
"""How many other classes a character names."""


NOTHING = "nothing is written"
"""Why an empty reading is not accepted."""

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

    Where there is a ruled table, each of its boxes is read as a field, and a row is what stands in its boxes.

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
    One reading for each row of text, in reading order; none where nothing is written.

    Raises
    ------
    InputError
        The picture cannot be used.
    FormatError
        The file is damaged.
    """
    network = network_for(model)
    readings: list[Reading] = []
    file = _path(picture)
    for page in open_document(picture):
        ink = to_ink(page.picture)
        in_tables, ink = read_in_tables(page.picture, ink, tables, threads)
        rows = text_rows(find_pieces(without_rules(ink)))
        beside = [_reading(characters, page, file) for characters in _characters(network, rows, threads)]
        readings += in_order([*in_tables, *beside]) if in_tables else beside
    return [replace(reading, file=file) for reading in readings]


def read_components(network: Network, fields: Sequence[Field], threads: int) -> list[Reading]:
    """Read fields piece by piece, each piece a character; all of them go through the network together."""
    rows = []
    for field in fields:
        pieces = find_pieces(without_rules(to_ink(field.page.picture)), one_row=True)
        rows.append(sorted(pieces, key=lambda piece: piece.box[0] + piece.box[2]))
    found = _characters(network, rows, threads)
    return [_reading(characters, field.page, field.file) for characters, field in zip(found, fields, strict=True)]


def network_for(model: str | os.PathLike[str] | Network) -> Network:
    """Return the network that a name, a path or a network means."""
    return model if not isinstance(model, str | os.PathLike) else load(model)


def open_field(picture: Source) -> Field:
    """Open a picture of one page; raise `InputError` where it has several."""
    pages = open_document(picture)
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


def _reading(characters: tuple[Character, ...], page: Page, file: str | None) -> Reading:
    text = "".join(character.text for character in characters)
    confidence = math.prod(character.confidence for character in characters) if characters else 0.0
    reason = "" if characters else NOTHING
    box = _box(characters, page)
    return Reading(text, text or None, confidence, not reason, reason, characters, box, page.number, file)


def _box(characters: tuple[Character, ...], page: Page) -> Box:
    if not characters:
        return 0, 0, int(page.picture.shape[1]), int(page.picture.shape[0])
    lefts, tops, rights, bottoms = zip(*(character.box for character in characters), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _path(picture: Source) -> str | None:
    return str(picture) if isinstance(picture, str | os.PathLike) else None

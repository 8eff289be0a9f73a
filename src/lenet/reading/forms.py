"""Read forms: find the form on a page, cut its fields out, read them together, check its sums."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lenet.documents.alignment import Placement, align, cut, fitted
from lenet.documents.pages import Page, open_document
from lenet.documents.segmentation import Box
from lenet.documents.sheets import Sheet, find_sheet
from lenet.errors import InputError
from lenet.network import Network
from lenet.reading.pages import network_for, on_picture
from lenet.reading.reader import Reader
from lenet.reading.readings import Reading
from lenet.reading.sums import checked
from lenet.reading.templates import FormField, Template, load_template

if TYPE_CHECKING:
    from lenet.documents.pages import Source

__all__ = ["FormPage", "FormReader", "read_form"]

TOGETHER = 256
"""Fields that are cut out and read at once: a page of any number of fields takes the memory of so many."""
_SIDE = 0.12
"""Printed sides of boxes are looked for so far inside, in heights of the field or widths of a comb's cell."""
_LINE = 0.85
"""What is dark along so much of a field is a printed line."""
_LEAST_DARK = 15
"""Grey levels that a line is darker than paper."""


@dataclass(frozen=True, eq=False)
class FormPage:
    """One page, read as a form.

    Parameters
    ----------
    page : as scanned.
    readings : one for each field, in the template's order, also where the page is no such form.
    turned : whether the page lies upside down; it was read all the same.
    reason : why the page does not fit the template; empty where it does.
    """

    page: Page
    readings: tuple[Reading, ...]
    turned: bool = False
    reason: str = ""

    def __repr__(self) -> str:
        accepted = sum(reading.accepted for reading in self.readings)
        turned = ", upside down" if self.turned else ""
        return f"FormPage({self.page}: {accepted} of {len(self.readings)} fields accepted{turned})"


def read_form(
    picture: Source,
    template: str | os.PathLike[str] | Template,
    *,
    model: str | os.PathLike[str] | Network = "fields",
    max_error: float | None = None,
    threads: int = 0,
) -> Iterator[Reading]:
    """Read the fields of a form, or of every page of a document that is one.

    Parameters
    ----------
    picture : a path, the bytes of a file, an open file, a PIL image, or uint8 `(rows, columns)` or
        `(rows, columns, 3)`; shifted, of another size, turned by a few degrees, or upside down; or photographed on a
        desk that is darker than the paper.
    template : what stands where: a YAML file, or what `lenet.reading.load_template` made of one.
    model : a network for whole fields; a shipped one's name, a path, or a network.
    max_error : the share of all fields that may be accepted though they are read wrong, as for `lenet.Reader`.
    threads : how many to use; 0 for as many as `lenet` uses by default.

    Returns
    -------
    Readings, page after page as they are asked for, in the order of the template; `field` names the field, and boxes
    are in pixels of the page. Where sums do not agree, their fields are not accepted. A page that does not fit the
    template gives a reading for each field as well, none of them accepted, with the reason.

    Raises
    ------
    InputError
        The picture or the template cannot be used.
    FormatError
        A file is damaged.
    GrammarError
        The template has a field of no known kind.

    Examples
    --------
    >>> import lenet
    >>> for reading in lenet.read_form("scans.pdf", "form.yaml"):  # doctest: +SKIP
    ...     print(reading.page, reading.field, reading.text)
    """
    reader = FormReader(template, model=model, max_error=max_error, threads=threads)
    return (reading for page in reader.pages(picture) for reading in page.readings)


class FormReader:
    """Read many documents that are one form; configured once. For its parameters and errors see `read_form`."""

    def __init__(
        self,
        template: str | os.PathLike[str] | Template,
        *,
        model: str | os.PathLike[str] | Network = "fields",
        max_error: float | None = None,
        threads: int = 0,
    ) -> None:
        self.template = template if isinstance(template, Template) else load_template(template)
        self.network = network_for(model)
        self._readers: dict[int, Reader] = {}
        for field in self.template.fields:
            if id(field.grammar) not in self._readers:
                reader = Reader(field.grammar, model=self.network, max_error=max_error, threads=threads)
                self._readers[id(field.grammar)] = reader
        self._grammars = {field.name: field.grammar for field in self.template.fields}

    def pages(self, picture: Source) -> Iterator[FormPage]:
        """Read a document page by page, as they are asked for."""
        file = os.fspath(picture) if isinstance(picture, str | os.PathLike) else None
        return (self.read(page, file) for page in open_document(picture))

    def read(self, page: Page, file: str | None = None) -> FormPage:
        """Read one page; `file` is what its readings say that they are from."""
        try:
            sheet, placement = _placed(page.picture, self.template)
        except InputError as error:
            rows, columns = page.picture.shape[:2]
            whole = (0, 0, int(columns), int(rows))
            nothing = Reading("", None, 0.0, False, str(error), (), whole, page.number, file)
            refused = tuple(replace(nothing, field=field.name) for field in self.template.fields)
            return FormPage(page, refused, False, str(error))
        found: dict[str, Reading] = {}
        fields, flat = self.template.fields, replace(page, picture=sheet.picture)
        for first in range(0, len(fields), TOGETHER):
            found |= self._together(flat, placement, fields[first : first + TOGETHER])
        threshold = max(getattr(reader, "threshold", 0.5) for reader in self._readers.values())
        found = checked(found, self.template.sums, self._grammars, threshold)
        on_page = {name: on_picture(reading, sheet) for name, reading in found.items()}
        readings = tuple(replace(on_page[field.name], page=page.number, file=file) for field in fields)
        return FormPage(page, readings, placement.turned)

    def _together(self, page: Page, placement: Placement, fields: Sequence[FormField]) -> dict[str, Reading]:
        """Read some fields, those of one grammar at once."""
        found = {}
        for key, reader in self._readers.items():
            alike = [field for field in fields if id(field.grammar) == key]
            crops = [_crop(page.picture, placement, field) for field in alike]
            readings = reader.many(crop.picture for crop in crops)
            for field, crop, reading in zip(alike, crops, readings, strict=True):
                found[field.name] = _on_page(reading, field, crop, placement, page)
        return found

    def __repr__(self) -> str:
        return f"FormReader({self.template!r}, {self.network!r})"


def _placed(picture: NDArray[np.uint8], template: Template) -> tuple[Sheet, Placement]:
    """Find the form on a page, or, where it is not there, on the sheet of paper that is seen on the page."""
    if not template.marks:
        sheet = find_sheet(picture)
        return sheet, fitted(sheet.picture, template.size)
    try:
        return Sheet.whole(picture), align(picture, template.size, template.marks)
    except InputError:
        sheet = find_sheet(picture)
        if sheet.picture is picture:
            raise
        return sheet, align(sheet.picture, template.size, template.marks)


@dataclass(frozen=True, eq=False)
class _Crop:
    """A field, without the lines printed around and between its cells.

    `rows` and `columns` say for each row and column of the picture which it was of the whole box, whose `size` (width,
    height) is in the same pixels.
    """

    picture: NDArray[np.uint8]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    size: tuple[int, int]


def _crop(page: NDArray[np.uint8], placement: Placement, field: FormField) -> _Crop:
    whole = cut(page, placement, field.box)
    grey = whole if whole.ndim == 2 else whole.min(axis=2)
    height, width = grey.shape
    paper = float(np.percentile(grey, 80))
    dark = grey < paper - max(_LEAST_DARK, 0.15 * (paper - float(grey.min())))
    rows = _kept(dark, [0, height], round(_SIDE * height))
    cells = max(1, field.comb)
    edges = [round(width * cell / cells) for cell in range(cells + 1)]
    columns = _kept(dark[rows].T, edges, round(_SIDE * min(height, width / cells)))
    picture = np.ascontiguousarray(whole[rows][:, columns])
    return _Crop(picture, rows, columns, (width, height))


def _kept(dark: NDArray[np.bool_], edges: Sequence[int], reach: int) -> NDArray[np.intp]:
    """Return which rows are no printed lines: those dark all along near an edge, and what is between it and the end."""
    near = dark.copy()  # a line that is not quite level goes from one row to the next
    near[1:] |= dark[:-1]
    near[:-1] |= dark[1:]
    lines = near.mean(axis=1) > _LINE
    gone = lines & False
    for edge in edges:
        low, high = max(0, edge - reach), min(len(lines), edge + reach + 1)
        marked = np.flatnonzero(lines[low:high]) + low
        if len(marked):
            first = 0 if edge == 0 else max(0, int(marked[0]) - 1)
            end = len(lines) if edge == len(lines) else int(marked[-1]) + 2
            gone[first:end] = True
    kept = np.flatnonzero(~gone)
    return kept if len(kept) else np.arange(len(lines))


def _on_page(reading: Reading, field: FormField, crop: _Crop, placement: Placement, page: Page) -> Reading:
    """Put a reading of a crop back on its page."""
    across = (field.box[2] - field.box[0]) / crop.size[0]
    down = (field.box[3] - field.box[1]) / crop.size[1]
    rows, columns = page.picture.shape[:2]

    def moved(box: Box) -> Box:
        left, right = (int(crop.columns[side]) for side in (box[0], box[2] - 1))
        top, bottom = (int(crop.rows[side]) for side in (box[1], box[3] - 1))
        on_form = (
            field.box[0] + left * across,
            field.box[1] + top * down,
            field.box[0] + (right + 1) * across,
            field.box[1] + (bottom + 1) * down,
        )
        return _whole_pixels(placement.around(on_form), int(columns), int(rows))

    characters = tuple(replace(character, box=moved(character.box)) for character in reading.characters)
    return replace(reading, box=moved(reading.box), characters=characters, field=field.name)


def _whole_pixels(box: tuple[float, float, float, float], columns: int, rows: int) -> Box:
    left, top = (max(0, min(round(box[side]), end - 1)) for side, end in ((0, columns), (1, rows)))
    return left, top, max(left + 1, min(round(box[2]), columns)), max(top + 1, min(round(box[3]), rows))

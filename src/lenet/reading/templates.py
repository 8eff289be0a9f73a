"""What stands where on a form: fields, combs, tables, sums that must agree, and the marks that it is found by.

A template is a YAML file; docs/forms.md describes it. Every fault is named with its line and field.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lenet import grammar
from lenet.documents.marks import Mark, drawn_mark, printed_marks
from lenet.documents.pages import open_document
from lenet.documents.segmentation import Box
from lenet.errors import FormatError, InputError, LenetError

if TYPE_CHECKING:
    from yaml.nodes import Node

__all__ = ["FormField", "Sum", "Template", "load_template"]

MOST_FIELDS = 100_000
"""Fields and cells that a template may have."""
_MOST_BYTES = 5_000_000
_OPTIONS = {"kind", "pattern", "decimal", "date_order", "comb"}
_LEAST_CONTRAST = 10
"""Standard deviation of the grey levels of a mark; less is paper."""
_SHAPES = ("square", "cross")


@dataclass(frozen=True)
class FormField:
    """A place on a form that something is written into.

    Parameters
    ----------
    name : unique on the form; the cells of a table are `table[row].column`, with rows from 1.
    box : (left, top, right, bottom) in pixels of the form, inside what is printed around it.
    grammar : what may stand there.
    comb : how many cells, of one character each and of one width, the box is divided into; 0 where it is not.
    """

    name: str
    box: Box
    grammar: grammar.Grammar
    comb: int = 0

    def __repr__(self) -> str:
        comb = f", comb of {self.comb}" if self.comb else ""
        return f"FormField({self.name!r}, {self.grammar.name}, box={self.box}{comb})"


@dataclass(frozen=True)
class Sum:
    """A field whose number is the sum of others'.

    Parameters
    ----------
    text : as the template says it.
    total : name of the field that holds the sum.
    parts : for each part its sign, 1 or -1, and its field's name; a table's column stands here cell by cell.
    """

    text: str
    total: str
    parts: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Template:
    """A form.

    Parameters
    ----------
    name : what messages call it: its path.
    size : width and height in pixels; all its boxes are in these pixels, whatever a scan has.
    fields : in the order in which they are read.
    marks : what it is found by on a page; without any, it fills the page.
    sums : which of its numbers have to agree.
    """

    name: str
    size: tuple[int, int]
    fields: tuple[FormField, ...]
    marks: tuple[Mark, ...] = ()
    sums: tuple[Sum, ...] = ()

    def __repr__(self) -> str:
        return f"Template({self.name}, {self.size[0]} x {self.size[1]}, {len(self.fields)} fields)"


def load_template(path: str | os.PathLike[str]) -> Template:
    """Read a template from a YAML file.

    Raises
    ------
    InputError
        There is no such file, or it describes no form: a box outside the page, two fields of one name, ...
    FormatError
        It is no YAML.
    GrammarError
        A field has no such kind, or a pattern that cannot be used.
    """
    name = os.fspath(path)
    root = _Entry(_composed(_text(name), name), name, "the template")
    entries = root.mapping({"page", "blank", "marks", "fields", "sums"}, {"fields"})
    blank = next(open_document(_beside(name, entries["blank"].text()))).picture if "blank" in entries else None
    if blank is not None:
        size = (int(blank.shape[1]), int(blank.shape[0]))
    elif "page" in entries:
        size = _size(entries["page"])
    else:
        root.refuse("says neither how large the page is nor names a picture of the empty form; add page or blank")
    fields = _fields(entries["fields"], size)
    marks = _marks(entries["marks"], size, blank) if "marks" in entries else []
    if blank is not None:
        marks += printed_marks(blank, [field.box for field in fields])
    if len(marks) == 1 or (blank is not None and len(marks) < 3):
        root.refuse(f"has only {len(marks)} marks to find the form by; give it two or more, far apart")
    sums = _sums(entries["sums"], [field.name for field in fields]) if "sums" in entries else ()
    return Template(name, size, tuple(fields), tuple(marks), sums)


def _text(name: str) -> str:
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"the template {name} cannot be read ({error.strerror}); check its name") from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"the template {name} has more than {_MOST_BYTES:,} bytes; describe tables as tables")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"the template {name} is no text in UTF-8; save it as such") from error


def _composed(text: str, name: str) -> Node:
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or type(error).__name__
        raise FormatError(f"{name}{line} is no YAML ({problem}); mend its indents, quotes and brackets") from error
    if node is None:
        raise FormatError(f"the template {name} is empty; name at least page and fields")
    return node


def _beside(template: str, name: str) -> str:
    """Return a path that a template gives, which starts at the template's folder."""
    return str(Path(template).parent / name)


@dataclass(frozen=True, eq=False)
class _Entry:
    """A place in the file, with what messages call it. Aliases cost nothing: no entry is followed twice as deep."""

    node: Node
    file: str
    name: str

    def refuse(self, problem: str, kind: type[LenetError] = InputError) -> NoReturn:
        """Raise an error that names file, line and entry."""
        raise kind(f"{self.file}, line {self.node.start_mark.line + 1}: {self.name} {problem}")

    def mapping(self, known: Iterable[str] | None = None, needed: Iterable[str] = ()) -> dict[str, _Entry]:
        """Return what stands under each key; refuse keys given twice, and those not known."""
        from yaml.nodes import MappingNode

        if not isinstance(self.node, MappingNode):
            self.refuse("has to be names with a value each, as in 'total: ...'")
        entries: dict[str, _Entry] = {}
        for key, value in self.node.value:
            name = _Entry(key, self.file, f"a name in {self.name}").text()
            entry = _Entry(value, self.file, name if self.name == "the template" else f"{self.name}.{name}")
            if name in entries:
                _Entry(key, self.file, entry.name).refuse("is given twice; names are unique: rename one")
            if known is not None and name not in known:
                _Entry(key, self.file, entry.name).refuse(f"is not known; there are {', '.join(sorted(known))}")
            entries[name] = entry
        for name in needed:
            if name not in entries:
                self.refuse(f"lacks {name!r}")
        return entries

    def items(self) -> list[_Entry]:
        """Return the entries of a list."""
        from yaml.nodes import SequenceNode

        if not isinstance(self.node, SequenceNode):
            self.refuse("has to be a list, as in '[1, 2]'")
        return [_Entry(node, self.file, self.name) for node in self.node.value]

    def text(self) -> str:
        """Return a plain value as it is written."""
        from yaml.nodes import ScalarNode

        if not isinstance(self.node, ScalarNode):
            self.refuse("has to be a plain value")
        return str(self.node.value)

    def number(self, least: int = 0) -> int:
        """Return a whole number."""
        text = self.text()
        if not re.fullmatch(r"\d{1,9}", text) or int(text) < least:
            self.refuse(f"is {text!r}; a whole number from {least} on is expected")
        return int(text)


def _size(entry: _Entry) -> tuple[int, int]:
    values = [item.number(1) for item in entry.items()]
    if len(values) != 2:
        entry.refuse("has to be [width, height] in pixels")
    return values[0], values[1]


def _box(entry: _Entry, size: tuple[int, int]) -> Box:
    values = [item.number() for item in entry.items()]
    if len(values) != 4:
        entry.refuse("has to be [left, top, right, bottom] in pixels")
    left, top, right, bottom = values
    if left >= right or top >= bottom:
        entry.refuse(f"is {values}, which holds no pixel; [left, top, right, bottom] is expected")
    if right > size[0] or bottom > size[1]:
        entry.refuse(f"is {values}, outside the page of {size[0]} x {size[1]} pixels; mend it, or the page's size")
    return left, top, right, bottom


def _fields(entry: _Entry, size: tuple[int, int]) -> list[FormField]:
    fields: list[FormField] = []
    for name, field in entry.mapping().items():
        if not re.fullmatch(r"[^\W\d]\w*", name):
            field.refuse("is no name of a field; letters, digits and _ are, beginning with a letter")
        named = _Entry(field.node, field.file, f"field {name}")
        keys = named.mapping({"box", "table"} | _OPTIONS, {"box"})
        box = _box(keys["box"], size)
        if "table" in keys:
            fields += _cells(name, box, keys, len(fields))
        else:
            fields.append(_field(name, box, named, keys))
        if len(fields) > MOST_FIELDS:
            named.refuse(f"is one too many: {MOST_FIELDS:,} fields and cells are possible; divide the template")
    if not fields:
        entry.refuse("are none; name at least one")
    return fields


def _field(name: str, box: Box, entry: _Entry, keys: Mapping[str, _Entry]) -> FormField:
    comb = keys["comb"].number(1) if "comb" in keys else 0
    if comb and box[2] - box[0] < 4 * comb:
        keys["comb"].refuse(f"has {comb} cells in {box[2] - box[0]} pixels; a cell has to be 4 pixels wide at least")
    return FormField(name, box, _grammar(entry, keys), comb)


def _grammar(entry: _Entry, keys: Mapping[str, _Entry]) -> grammar.Grammar:
    given = {key: keys[key].text() for key in ("kind", "pattern", "decimal", "date_order") if key in keys}
    if "pattern" in given and "kind" in given:
        entry.refuse("has a kind and a pattern; give one of them")
    kind = f"regex:{given['pattern']}" if "pattern" in given else given.get("kind", "digits")
    options: dict[str, Any] = {key: given[key] for key in ("decimal", "date_order") if key in given}
    try:
        return grammar.get(kind, **options)
    except LenetError as error:
        where = keys.get("pattern") or keys.get("kind") or entry
        _Entry(where.node, where.file, entry.name).refuse(f"cannot be read: {error}", type(error))


def _cells(name: str, box: Box, keys: Mapping[str, _Entry], before: int) -> list[FormField]:
    """Return the cells of a table: rows of one height; columns of one width, or as wide as they say."""
    table = keys["table"].mapping({"rows", "columns"}, {"rows", "columns"})
    rows, columns = table["rows"].number(1), table["columns"].mapping()
    if not columns:
        table["columns"].refuse("are none; name at least one")
    if before + rows * len(columns) > MOST_FIELDS:
        keys["table"].refuse(f"has too many cells; a template may have {MOST_FIELDS:,} fields and cells")
    if rows > box[3] - box[1] or len(columns) > box[2] - box[0]:
        keys["table"].refuse("has more rows or columns than its box has pixels")
    outer = {key: value for key, value in keys.items() if key in _OPTIONS}
    described = {column: {**outer, **_options(entry)} for column, entry in columns.items()}
    edges = _edges(box, keys["table"], [described[column].get("width") for column in columns])
    cells = []
    models = {}
    for index, (column, entry) in enumerate(columns.items()):
        strip = (edges[index], box[1], edges[index + 1], box[3])
        named = _Entry(entry.node, entry.file, f"column {column} of {name}")
        models[column] = _field(column, strip, named, described[column])
    for row in range(rows):
        top, bottom = (box[1] + (box[3] - box[1]) * end // rows for end in (row, row + 1))
        for column, model in models.items():
            place = (model.box[0], top, model.box[2], bottom)
            cells.append(FormField(f"{name}[{row + 1}].{column}", place, model.grammar, model.comb))
    return cells


def _options(entry: _Entry) -> dict[str, _Entry]:
    from yaml.nodes import ScalarNode

    empty = isinstance(entry.node, ScalarNode) and entry.node.value in ("", "~", "null")
    return {} if empty else entry.mapping({"width"} | _OPTIONS)


def _edges(box: Box, entry: _Entry, widths: list[_Entry | None]) -> list[int]:
    """Return where columns begin, and where the last one ends; those without a width share what is left."""
    given = [None if width is None else width.number(1) for width in widths]
    left_over = box[2] - box[0] - sum(width or 0 for width in given)
    sharing = given.count(None)
    if 0 <= left_over < 4 * sharing:
        entry.refuse(f"leaves {left_over} pixels for {sharing} columns; a column has to be 4 pixels wide at least")
    if left_over < 0 or (not sharing and left_over):
        entry.refuse(f"has columns {abs(left_over)} pixels too {'wide' if left_over < 0 else 'narrow'} for its box")
    edges = [float(box[0])]
    for width in given:
        edges.append(edges[-1] + (left_over / sharing if width is None else width))
    return [round(edge) for edge in edges]


def _marks(entry: _Entry, size: tuple[int, int], blank: Any) -> list[Mark]:
    """Return the marks given: a list of boxes of the blank form, or shapes with a list of boxes each."""
    from yaml.nodes import SequenceNode

    if isinstance(entry.node, SequenceNode):
        if blank is None:
            entry.refuse(f"need a picture of the empty form (blank), or a shape: {' or '.join(_SHAPES)}")
        return [_mark(item, _box(item, size), blank) for item in entry.items()]
    shapes = entry.mapping(_SHAPES)
    return [drawn_mark(shape, _box(item, size)) for shape, boxes in shapes.items() for item in boxes.items()]


def _mark(entry: _Entry, box: Box, blank: Any) -> Mark:
    look = blank[box[1] : box[3], box[0] : box[2]]
    look = look if look.ndim == 2 else look.mean(axis=2).astype("uint8")
    if look.std() < _LEAST_CONTRAST:
        entry.refuse(f"has {list(box)}, where the empty form is blank; a mark has something printed in it")
    return Mark(box, look)


_PART = re.compile(r"\s*([+-]?)\s*([^\W\d]\w*(?:\[\d+\])?(?:\.\w+)?)\s*")


def _sums(entry: _Entry, names: list[str]) -> tuple[Sum, ...]:
    columns: dict[str, list[str]] = {}
    for name in names:
        columns.setdefault(name, []).append(name)
        if "]." in name:
            columns.setdefault(re.sub(r"\[\d+\]", "", name), []).append(name)
    return tuple(_sum(item, columns) for item in entry.items())


def _sum(entry: _Entry, columns: Mapping[str, list[str]]) -> Sum:
    """Read `total = a + b - c`, in which a part may be a column of a table."""
    text = " ".join(entry.text().split())
    entry = _Entry(entry.node, entry.file, f"the sum {text!r}")
    total, equals, right = (part.strip() for part in text.partition("="))
    parts, position = [], 0
    while position < len(right) and (found := _PART.match(right, position)):
        if position and not found[1]:
            break
        parts.append((-1 if found[1] == "-" else 1, found[2]))
        position = found.end()
    if not equals or not parts or position < len(right):
        entry.refuse("cannot be read; 'total = first + second' or 'total = table.column' is expected")
    for name in (total, *(name for _, name in parts)):
        if name not in columns:
            entry.refuse(f"names {name!r}, and there is no such field or column")
    if len(columns[total]) > 1:
        entry.refuse(f"has a whole column, {total!r}, for its total; name one cell or field")
    return Sum(text, columns[total][0], tuple((sign, cell) for sign, name in parts for cell in columns[name]))

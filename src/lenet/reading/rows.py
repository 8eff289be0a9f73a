"""Readings as rows: lines of JSON and CSV, columns for Spark and Dask, Arrow tables for Parquet and Ray."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lenet.errors import InputError, LenetError, MissingExtraError
from lenet.reading.readings import Reading

if TYPE_CHECKING:
    import pyarrow

__all__ = [
    "COLUMNS",
    "Columns",
    "arrow_schema",
    "as_columns",
    "csv_lines",
    "failed",
    "json_line",
    "json_lines",
    "sources_of",
]

COLUMNS: dict[str, type] = {
    "schema": np.int32,
    "file": object,
    "page": np.int32,
    "field": object,
    "box": object,
    "text": object,
    "value": object,
    "confidence": np.float64,
    "accepted": np.bool_,
    "reason": object,
    "characters": object,
    "others": object,
    "error": object,
}
"""The columns of a batch and their types: the keys of `Reading.to_dict`, with lists as JSON text, and `error`. Objects
are texts, and None where a reading has none."""


class Columns(Protocol):
    """Anything with named columns: a dict of lists or arrays, a `pandas.DataFrame`."""

    def keys(self) -> Any: ...
    def __getitem__(self, name: str, /) -> Any: ...


def json_lines(readings: Iterable[Reading]) -> bytes:
    """Return a line of JSON for each reading."""
    return b"".join(json_line(reading.to_dict()) for reading in readings)


def json_line(record: Mapping[str, object]) -> bytes:
    """Return a record as a line of JSON. Bytes of a file's name that are no text stand as JSON escapes them."""
    return f"{json.dumps(record, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace")


def csv_lines(readings: Iterable[Reading] | None) -> bytes:
    """Return comma-separated values for each reading, as spreadsheets take them; the header instead of None."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    if readings is None:
        writer.writerow(Reading.COLUMNS)
    else:
        writer.writerows(reading.to_row().values() for reading in readings)
    return lines.getvalue().encode("utf-8", "backslashreplace")


def sources_of(batch: Columns) -> tuple[list[str | None], list[Any]]:
    """Return the names of a batch's pictures, and the pictures: bytes, or the path where there are no bytes.

    Raises
    ------
    InputError
        The batch has a column neither of bytes nor of paths.
    """
    given = list(batch.keys())
    if not {"bytes", "path"} & set(given):
        raise InputError(
            f"a batch with the columns {', '.join(map(str, given)) or 'none'} was given; expected `bytes`, the content "
            "of files, or `path`: rename a column"
        )
    names = [None if name is None else os.fspath(name) for name in batch["path"]] if "path" in given else []
    contents = list(batch["bytes"]) if "bytes" in given else names
    names = names or [None] * len(contents)
    return names, [
        content if content is not None else name or b"" for name, content in zip(names, contents, strict=True)
    ]


def as_columns(results: Iterable[Reading | LenetError], names: Sequence[str | None]) -> dict[str, NDArray[Any]]:
    """Return a row for each result, reading or error, as columns; `names` are those of the pictures."""
    rows: list[dict[str, Any]] = []
    for name, result in zip(names, results, strict=True):
        reading = failed(name, result) if isinstance(result, LenetError) else result
        error = reading.reason if isinstance(result, LenetError) else ""
        rows.append(reading.to_dict() | {"file": name, "error": error})
    return {name: _column([_flat(row[name]) for row in rows], kind) for name, kind in COLUMNS.items()}


def failed(name: str | None, error: LenetError | str, page: int = 1) -> Reading:
    """Return the row that stands for a picture or a page that cannot be read."""
    return Reading("", None, 0.0, False, " ".join(str(error).split()), (), (0, 0, 0, 0), page, name)


def arrow_schema() -> pyarrow.Schema:
    """Return the types of rows as Parquet and Arrow hold them: those of JSON, lists and records in them.

    Raises
    ------
    MissingExtraError
        pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtraError(
            f'pyarrow is needed for Parquet ({error}); install it: pip install "lenet[parquet]"'
        ) from error
    box, likely = pa.list_(pa.int32()), pa.struct({"text": pa.string(), "confidence": pa.float64()})
    character = pa.struct([*likely, pa.field("box", box), pa.field("alternatives", pa.list_(likely))])
    types = {np.int32: pa.int32(), np.float64: pa.float64(), np.bool_: pa.bool_(), object: pa.string()}
    nested = {"box": box, "characters": pa.list_(character), "others": pa.list_(likely)}
    return pa.schema({name: nested.get(name) or types[COLUMNS[name]] for name in Reading.KEYS})


def _flat(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def _column(values: Sequence[object], kind: type) -> NDArray[Any]:
    column: NDArray[Any] = np.empty(len(values), kind)
    column[:] = values
    return column

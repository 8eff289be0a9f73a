"""Results of long runs: a file that grows as they come, and that a killed run goes on from.

A page counts as done when the file holds a row of a later one; what a run was writing when it was killed is taken
off the file and read anew, so nothing is lost or doubled, whatever was cut where.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from lenet.errors import FormatError, InputError
from lenet.files import require_place
from lenet.reading.readings import Reading

__all__ = ["Results"]

SUFFIXES = (".jsonl", ".csv")


class Results:
    """A file of readings, JSON lines or comma-separated values by its suffix. Use it in a `with` statement.

    Parameters
    ----------
    path : where it stands; the suffix is .jsonl or .csv.
    files : the documents of the run in their order, each once; readings name them.
    resume : go on after what an earlier run of the same documents wrote; without it, an existing file is refused.

    Raises
    ------
    InputError
        The file cannot be written, exists already, is of other documents, or a document is named twice.
    FormatError
        What stands in the file is not what `Results` writes.
    """

    def __init__(self, path: str | os.PathLike[str], files: Sequence[str], *, resume: bool = False) -> None:
        self.path = Path(path)
        self._csv = self.path.suffix.lower() == ".csv"
        self._check(files, resume)
        self._last: tuple[str, int] | None = None
        self._done: set[str] = set()
        self._header: list[str] = []
        end = 0
        if self.path.exists():
            end = self._scan()
        if self._last is not None and self._last[0] not in files:
            raise InputError(
                f"{self.path} ends with {self._last[0]}, which is not among the files given; resume with the same files"
            )
        self._file = self._opened(end)

    def _check(self, files: Sequence[str], resume: bool) -> None:
        if self.path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{self.path} was given for the results; its suffix says the format: .jsonl or .csv")
        twice = next((file for file in files if files.count(file) > 1), None) if len(set(files)) < len(files) else None
        if twice is not None:
            raise InputError(
                f"{twice} was given twice; the rows of results would not tell which is which: give it once"
            )
        if self.path.exists() and not resume:
            raise InputError(f"{self.path} exists already; resume (--resume) to go on with it, or choose another name")
        require_place(self.path)

    def _opened(self, end: int) -> BinaryIO:
        try:
            file = self.path.open("r+b" if self.path.exists() else "xb")
            file.truncate(end)
            file.seek(end)
        except OSError as error:
            raise InputError(f"{self.path} cannot be written ({error.strerror}); choose another place") from error
        return file

    @property
    def rest(self) -> tuple[str, int] | None:
        """The document and page that an earlier run was at, to be read anew; None where nothing was written."""
        return self._last

    def wants(self, file: str, page: int | None = None) -> bool:
        """Tell whether a document, or one of its pages, is still to be read.

        A document that an earlier run found nothing on left no row: it is tried again.
        """
        if file not in self._done:
            return True
        if self._last is None or file != self._last[0]:
            return False
        return page is None or page >= self._last[1]

    def write(self, readings: Sequence[Reading]) -> None:
        """Append the readings of a page."""
        rows = [reading.to_dict() for reading in readings]
        lines = "".join(
            self._csv_lines(rows) if self._csv else (f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        )
        try:
            self._file.write(lines.encode("utf-8", "surrogateescape"))
            self._file.flush()
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be written on ({error.strerror}); make room and resume: what is in it stays"
            ) from error

    def _csv_lines(self, rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
        for row in rows:
            if not self._header:
                self._header = list(row)
                yield _csv_line(self._header)
            yield _csv_line([_flat(row[key]) for key in self._header])

    def _scan(self) -> int:
        """Return where the rows of the last page begin; remember that page, and which documents have rows."""
        start = end = number = 0
        with self.path.open("rb") as file:
            for number, record in enumerate(_records(file, quoted=self._csv), 1):
                if not record.endswith(b"\n"):
                    break  # cut short: of the last page
                if self._csv and number == 1:
                    self._header = next(csv.reader([record.decode("utf-8", "surrogateescape")]))
                    if not {"file", "page"} <= set(self._header):
                        raise FormatError(f"{self.path} has no results of lenet in it; choose another name")
                    start = end = len(record)
                    continue
                place = self._place(record, number)
                if place != self._last:
                    start, self._last = end, place
                    self._done.add(place[0])
                end += len(record)
        return start

    def _place(self, record: bytes, number: int) -> tuple[str, int]:
        text = record.decode("utf-8", "surrogateescape")
        try:
            if self._csv:
                row: Mapping[str, object] = dict(zip(self._header, next(csv.reader(io.StringIO(text))), strict=True))
            else:
                row = json.loads(text)
            return str(row["file"]), int(str(row["page"]))
        except (ValueError, LookupError, TypeError) as error:
            raise FormatError(
                f"line {number} of {self.path} is no result of lenet; mend or remove the line, or choose another name"
            ) from error

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _records(file: BinaryIO, *, quoted: bool) -> Iterator[bytes]:
    """Give the lines of a file; in CSV, a line with an open quotation mark goes on."""
    held = b""
    for line in file:
        held += line
        if not quoted or held.count(b'"') % 2 == 0:
            yield held
            held = b""
    if held:
        yield held.removesuffix(b"\n")


def _flat(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def _csv_line(values: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()

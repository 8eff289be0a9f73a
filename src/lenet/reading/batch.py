"""The results of a long run: a file that grows as they come, and beside it a journal that says how far it got.

The journal is written after what it speaks of, so whenever a run is killed, what stands in the files beyond it is cut
off and read anew: nothing is lost or doubled.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from lenet.errors import FormatError, InputError
from lenet.files import require_place, write_whole
from lenet.reading.rows import arrow_schema, csv_lines, json_line

__all__ = ["SUFFIXES", "Done", "Part", "Results", "files_of"]

SUFFIXES = (".jsonl", ".csv", ".parquet")
"""What results are written as."""
EVERY = 1.0
"""Seconds between entries in the journal: what a killed run reads again at most, and the page that it was at."""
ROWS = 10_000
"""Rows of a row group in Parquet."""


@dataclass(frozen=True)
class Part:
    """What a run gives at once: a page of a document, or some documents that are read together.

    Parameters
    ----------
    lines : the rows, as the file has them.
    readings : how many rows these are.
    documents : how many documents end with this part.
    page : how many pages of a document that does not end yet are done.
    share : how much of that document is done, 0 to 1.
    bad : the documents that cannot be read, with the reason.
    """

    lines: bytes = b""
    readings: int = 0
    documents: int = 0
    page: int = 0
    share: float = 0.0
    bad: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Done:
    """How far a run is: whole documents, pages of the next one, rows, documents set aside; bytes of both files."""

    documents: int = 0
    page: int = 0
    readings: int = 0
    bad: int = 0
    bytes: int = 0
    bad_bytes: int = 0


class Results:
    """The files of a run: `NAME.jsonl`, `.csv` or `.parquet`, `NAME.bad.jsonl` and `NAME.run.json`, its journal.

    Parquet is written at the end, from rows that are kept in `NAME.parquet.rows` until then. Use it in a `with`.

    Parameters
    ----------
    path : where the results shall stand; the suffix says the format.
    run : what the rows depend on, as values that JSON takes: the documents and how they are read.
    resume : go on after what an earlier run wrote; without it, existing files are refused.

    Raises
    ------
    InputError
        The files cannot be written, exist already, or are of another run or in use by one.
    FormatError
        The journal is damaged.
    MissingExtraError
        Parquet is wanted, and pyarrow is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], run: Mapping[str, Any], *, resume: bool = False) -> None:
        self.path = Path(path)
        self.format = self.path.suffix.lower()
        self._check()
        self._run = {"results": self.path.name, **run}
        _, self._rows_path, self.bad_path, self._journal = files_of(self.path)
        self.done, self.finished = self._begun() if resume else self._fresh()
        self._rows: BinaryIO | None = None
        self._bad: BinaryIO | None = None
        self._next = time.monotonic() + EVERY
        if not self.finished:
            self._open()

    def _check(self) -> None:
        if self.format not in SUFFIXES:
            raise InputError(
                f"{self.path} was given for the results; its suffix says the format: {', '.join(SUFFIXES)}"
            )
        if self.format == ".parquet":
            arrow_schema()
        require_place(self.path)

    def _fresh(self) -> tuple[Done, bool]:
        self._need_no_others_journal()
        for path in (self.path, self._rows_path, self._journal, self.bad_path):
            if path.exists():
                raise InputError(f"{path} exists already; resume (--resume) to go on with it, or choose another name")
        return Done(), False

    def _need_no_others_journal(self) -> None:
        """Refuse a name that differs from that of other results in its suffix alone: they would share a journal."""
        with suppress(FormatError, FileNotFoundError):
            other = self._read_journal()[0].get("results")
            if other != self.path.name:
                raise InputError(
                    f"{self._journal} is the journal of {other}; choose another name than {self.path.stem}"
                )

    def _begun(self) -> tuple[Done, bool]:
        """Return how far the run is that the journal speaks of."""
        if not self._journal.exists():
            return self._fresh()
        run, done, finished = self._read_journal()
        other = next((name for name in {**run, **self._run} if run.get(name) != self._run.get(name)), None)
        if other is not None:
            was, now = (each.get(other, "none") for each in (run, self._run))
            of = "other documents" if other == "names" else f"{other} {was}, and now it is {now}"
            raise InputError(f"{self.path} was begun with {of}; give the same again, or choose another name")
        if finished and not self.path.exists():
            raise InputError(f"{self.path} is gone, of which {self._journal} speaks; remove that, or put it back")
        return done, finished

    def _read_journal(self) -> tuple[dict[str, Any], Done, bool]:
        try:
            journal = json.loads(self._journal.read_bytes())
            return dict(journal["run"]), Done(**journal["done"]), bool(journal["finished"])
        except (ValueError, LookupError, TypeError) as error:
            raise FormatError(
                f"{self._journal} is no journal of a run; remove it and the results, or choose another name"
            ) from error

    def _open(self) -> None:
        """Open both files where the journal says that they end, and lock them to this run.

        The journal is there before them: a run that is killed in between can be gone on with.
        """
        if not self._journal.exists():
            self._write_journal()
        self._rows = self._opened(self._rows_path, self.done.bytes)
        try:
            self._bad = self._opened(self.bad_path, self.done.bad_bytes)
        except BaseException:
            self._rows.close()
            raise
        if self.format == ".csv" and not self.done.bytes:
            self._rows.write(csv_lines(None))
            self.done = replace(self.done, bytes=self._rows.tell())
        self._enter()

    def _opened(self, path: Path, end: int) -> BinaryIO:
        try:
            file = path.open("r+b" if path.exists() else "xb")
        except OSError as error:
            raise InputError(f"{path} cannot be written ({error.strerror}); choose another place") from error
        try:
            _lock(file, path)
            self._need(path, os.fstat(file.fileno()).st_size, end)
        except InputError:
            file.close()
            raise
        file.truncate(end)
        file.seek(end)
        return file

    def _need(self, path: Path, size: int, end: int) -> None:
        if size < end:
            raise InputError(
                f"{path} has {size:,} bytes, and its run left {end:,}; put them back, or remove it and {self._journal}"
            )

    def write(self, part: Part) -> None:
        """Append what a run gives."""
        assert self._rows is not None
        assert self._bad is not None
        bad = b"".join(json_line({"file": file, "reason": why}) for file, why in part.bad)
        try:
            self._rows.write(part.lines)
            self._rows.flush()
            self._bad.write(bad)
            self.done = Done(
                self.done.documents + part.documents,
                part.page,
                self.done.readings + part.readings,
                self.done.bad + len(part.bad),
                self._rows.tell(),
                self._bad.tell(),
            )
            if time.monotonic() > self._next:
                self._enter()
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be written on ({error.strerror}); make room and resume: what is in it stays"
            ) from error

    def _enter(self, *, finished: bool = False) -> None:
        """Write the journal, once what it speaks of is on the disk."""
        for file in (self._rows, self._bad):
            assert file is not None
            file.flush()
            os.fsync(file.fileno())
        self._write_journal(finished=finished)
        self._next = time.monotonic() + EVERY

    def _write_journal(self, *, finished: bool = False) -> None:
        journal = {"run": self._run, "done": asdict(self.done), "finished": finished}
        write_whole(self._journal, [json.dumps(journal, indent=1).encode()])

    def finish(self) -> None:
        """Say that all is read; make Parquet of the rows where it is wanted."""
        self._enter()
        if self.format == ".parquet":
            _fold(self._rows_path, self.path)
        self._enter(finished=True)
        self.finished = True

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave whole rows only, also where a run is interrupted in the middle of one."""
        if not self.finished:
            with suppress(OSError, InputError):
                self._enter()
        for file, end in ((self._rows, self.done.bytes), (self._bad, self.done.bad_bytes)):
            for last in () if file is None else (partial(file.truncate, end), file.close):
                with suppress(OSError):  # what is full stays full
                    last()
        if self.finished and self._rows_path != self.path:
            self._rows_path.unlink(missing_ok=True)
        if self.finished and not self.done.bad_bytes:
            self.bad_path.unlink(missing_ok=True)


def files_of(path: str | os.PathLike[str]) -> tuple[Path, Path, Path, Path]:
    """Return the files of a run: results, rows (for Parquet others than the results), bad documents, and journal."""
    path = Path(path)
    rows = path.with_name(f"{path.name}.rows") if path.suffix.lower() == ".parquet" else path
    return path, rows, path.with_suffix(".bad.jsonl"), path.with_suffix(".run.json")


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep a second run away, where the system can."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(f"{path} is being written by another run; wait for it, or choose another name") from error


def _fold(rows: Path, path: Path) -> None:
    """Write lines of JSON as Parquet, whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    schema, aside = arrow_schema(), path.with_name(f".{path.name}.folding")
    with parquet.ParquetWriter(aside, schema, compression="zstd") as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema))
    aside.replace(path)


def _groups(rows: Path) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    with rows.open("rb") as file:
        for line in file:
            row = json.loads(line)
            if row["file"] is not None:  # a name may be no text, which Arrow needs
                row["file"] = row["file"].encode("utf-8", "backslashreplace").decode()
            group.append(row)
            if len(group) == ROWS:
                yield group
                group = []
    if group:
        yield group

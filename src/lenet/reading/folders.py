"""Read folders of documents into one file: over all cores, in order, and on from where a killed run was."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from lenet import _engine
from lenet.documents.pages import count_pages
from lenet.errors import InputError
from lenet.inputs import check_environment
from lenet.network import Network
from lenet.reading.batch import Part, Results, files_of
from lenet.reading.documents import DocumentReader
from lenet.reading.rows import csv_lines, json_lines
from lenet.reading.workers import Group, read_in_processes
from lenet.weights import as_bytes

__all__ = ["SUFFIXES", "Batch", "Progress", "documents_in", "read_folder"]

SUFFIXES = frozenset(
    ".bmp .djv .djvu .gif .jpeg .jpg .pbm .pdf .pgm .png .pnm .ppm .tif .tiff .webp".split()  # noqa: SIM905
)
"""What files of a folder end in that are read; files that are named one by one may end in anything."""


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Parameters
    ----------
    done : documents that are read or set aside, a share of the one at work counted.
    documents : of all.
    readings, bad : rows, and documents set aside, so far.
    seconds : since this run began.
    rate : readings a second of this run.
    left : seconds that it still takes at the rate of its documents until now; infinite where nobody can say.
    """

    done: float
    documents: int
    readings: int
    bad: int
    seconds: float
    rate: float
    left: float


@dataclass(frozen=True)
class Batch:
    """What became of a run.

    Parameters
    ----------
    documents : how many there are.
    readings : rows in the results.
    bad : documents that could not be read, or not to their end; `bad_path` says why.
    passed_over : files of the folders that do not end as pictures and documents do, and links to folders. Those that
        the run itself writes are not counted.
    path, bad_path : the results, and JSON lines of `file` and `reason`; the latter is there where `bad` is not 0.
    """

    documents: int
    readings: int
    bad: int
    passed_over: int
    path: Path
    bad_path: Path


def read_folder(
    folders: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    kind: Any = None,
    *,
    processes: int = 0,
    resume: bool = False,
    progress: Callable[[Progress], object] | None = None,
    **options: Any,
) -> Batch:
    """Read all documents of folders into one file, in the order of their names.

    The file is the same for any number of processes, and however often the run was killed and resumed. Rows are written
    as they come. What cannot be read is set aside with its reason, and the rest is read. A process that dies costs its
    document a second try; if that ends alike, it is set aside, too.

    Parameters
    ----------
    folders : a folder, a file, or several of them; folders with all folders in them. Of a folder, files that end as
        pictures and documents do (`SUFFIXES`) are read, and hidden ones are not.
    out : the file for the results: .jsonl, .csv or .parquet. Beside it, `NAME.bad.jsonl` says what could not be read,
        and `NAME.run.json` how far the run is and how it reads.
    kind : as for `lenet.reading.DocumentReader`: what each page is; None for pages that are read row by row.
    processes : how many; 0 for one a core. 1 reads in the process that asks.
    resume : go on where an earlier run of the same documents and options was; begin where there was none.
    progress : called with a `Progress` a few times a second at most.
    **options : those of `lenet.reading.DocumentReader`. `threads` are those of each process; left out, 1 where there
        are several.

    Returns
    -------
    Counts, and where the results are.

    Raises
    ------
    InputError
        There is nothing to read, a document is named twice, the options cannot be used, or the results cannot be
        written, exist already, or are of another run.
    GrammarError
        There is no such kind of field.
    MissingExtraError
        Parquet is wanted, and pyarrow is not installed.
    LenetError
        The processes cannot be started.

    Examples
    --------
    >>> import lenet
    >>> lenet.read_folder("scans", "amounts.parquet", "amount", max_error=0.01)  # doctest: +SKIP
    """
    paths = [folders] if isinstance(folders, str | os.PathLike) else list(folders)
    names = [os.fspath(path) for path in paths]
    listed = _listed(names, out)
    reader = DocumentReader(kind, **options)
    processes = min(_processes(processes), -(-listed.documents // reader.together))
    if processes > 1:
        reader = DocumentReader(kind, **options | {"threads": options.get("threads") or 1})
    run = {"documents": listed.documents, "names": listed.digest, **_described(kind, options)}
    with Results(out, run, resume=resume) as results:
        if not results.finished:
            report = _Report(results, listed.documents, progress)
            read = _Read(reader, csv=results.format == ".csv")
            groups = _groups(names, reader.together, results.done.documents, results.done.page)
            with closing(_parts(read, groups, processes)) as parts:
                for part in parts:
                    results.write(part)
                    report(part)
            results.finish()
        done = results.done
        return Batch(listed.documents, done.readings, done.bad, listed.passed_over, results.path, results.bad_path)


def documents_in(paths: Sequence[str], passed_over: Callable[[str], object] | None = None) -> Iterator[str]:
    """Give the files that are named and those of folders, each folder sorted by name, as they are asked for.

    Parameters
    ----------
    paths : files and folders.
    passed_over : called with each other file of the folders.

    Raises
    ------
    InputError
        A folder cannot be read.
    """
    for path in paths:
        if Path(path).is_dir():
            yield from _walk(path, passed_over)
        else:
            yield path


def _walk(folder: str, passed_over: Callable[[str], object] | None) -> Iterator[str]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(
            f"the folder {folder} cannot be read ({error.strerror}); ask its owner, or leave it out"
        ) from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, passed_over)
        elif os.path.splitext(entry.name)[1].lower() in SUFFIXES and _may_be_read(entry.path):
            yield entry.path
        elif passed_over is not None:
            passed_over(entry.path)


def _may_be_read(path: str) -> bool:
    """Tell whether what stands there is a file, or a link that leads nowhere: a document is missed, which is said."""
    return os.path.isfile(path) or not os.path.exists(path)


@dataclass(frozen=True)
class _Listed:
    """How many documents there are, what their names come to, and how many other files."""

    documents: int
    digest: str
    passed_over: int


def _listed(paths: Sequence[str], out: str | os.PathLike[str]) -> _Listed:
    _need_each_once(paths)
    others = list[str]()
    digest, documents = hashlib.sha256(), 0
    for name in documents_in(paths, others.append):
        digest.update(os.fsencode(name) + b"\0")
        documents += 1
    if not documents:
        raise InputError(
            f"{', '.join(paths) or 'nothing'} was given, with no file that ends as a picture or a document does "
            f"({', '.join(sorted(SUFFIXES))}); name such files, or a folder of them"
        )
    own = set(map(os.path.realpath, files_of(out)))
    return _Listed(documents, digest.hexdigest(), sum(os.path.realpath(name) not in own for name in others))


def _need_each_once(paths: Sequence[str]) -> None:
    """Refuse what is named twice, also as a part of a folder: its rows could not be told apart."""
    seen: dict[str, str] = {}
    for path in paths:
        if seen.setdefault(os.path.realpath(path), path) is not path:
            raise InputError(f"{path} was given twice; its rows could not be told apart: give it once")
    folders = {place: path for place, path in seen.items() if Path(place).is_dir()}
    for place, path in seen.items() if folders else ():
        above = next((str(parent) for parent in Path(place).parents if str(parent) in folders), None)
        if above is not None:
            raise InputError(f"{path} was given and {folders[above]}, in which it is; its rows would stand there twice")


def _processes(processes: int) -> int:
    if isinstance(processes, bool) or not isinstance(processes, int) or not 0 <= processes <= 1024:
        raise InputError(f"processes={processes!r} was given; expected 1 to 1024, or 0 for one a core")
    check_environment()
    return processes or _engine.default_threads()


def _described(kind: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return what the rows depend on, as values that JSON takes."""
    from importlib.metadata import version

    given = {name: value for name, value in options.items() if name != "threads"}
    given = {"lenet": version("lenet"), "kind": kind, **given}
    return {name: _as_json(name, value) for name, value in given.items() if value is not None}


def _as_json(name: str, value: Any) -> str | float | int:
    """Return a value as JSON takes it; of a network or a template what it holds, too: its file may change meanwhile."""
    if isinstance(value, Network):
        return f"{value}, {_digest(as_bytes(value))}"
    if name in ("model", "template") and isinstance(value, str | os.PathLike) and Path(value).is_file():
        return f"{os.fspath(value)}, {_digest(Path(value).read_bytes())}"
    return value if isinstance(value, str | float | int) else str(value)


def _digest(content: bytes) -> str:
    return f"sha256 {hashlib.sha256(content).hexdigest()[:16]}"


def _groups(names: Sequence[str], together: int, skip: int, after: int) -> Iterator[Group]:
    """Give documents in groups that are the same wherever a run goes on."""
    remaining = islice(documents_in(names), skip, None)
    while group := tuple(islice(remaining, together)):
        yield Group(group, after)
        after = 0


def _parts(read: _Read, groups: Iterator[Group], processes: int) -> Generator[Part, None, None]:
    if processes > 1:
        yield from read_in_processes(read, groups, processes)
    else:
        for group in groups:
            yield from read(group.documents, group.after)


class _Read:
    """Reads documents to parts; sent to the processes."""

    def __init__(self, reader: DocumentReader, *, csv: bool) -> None:
        self._reader, self._lines = reader, csv_lines if csv else json_lines

    def __call__(self, documents: Sequence[str], after: int) -> Iterator[Part]:
        """Give a part for each page of one document, or one part for many documents."""
        if self._reader.together == 1:
            return self._pages(documents[0], after)
        return iter([self._all(documents, after)])

    def _pages(self, document: str, after: int) -> Iterator[Part]:
        pages = count_pages(document) if document.lower().endswith(".pdf") else 1
        bad: tuple[tuple[str, str], ...] = ()
        for result in self._reader.pages([(document, document)], after=after):
            if result.failure:
                bad = ((document, result.failure),)
            else:
                share = min(1.0, result.page / pages)
                yield Part(self._lines(result.readings), len(result.readings), page=result.page, share=share)
        yield Part(documents=1, bad=bad)

    def _all(self, documents: Sequence[str], after: int) -> Part:
        results = list(self._reader.pages([(document, document) for document in documents], after=after))
        readings = [reading for result in results for reading in result.readings]
        bad = tuple((documents[result.document], result.failure) for result in results if result.failure)
        return Part(self._lines(readings), len(readings), len(documents), bad=bad)


class _Report:
    """Tells how far a run is, a few times a second."""

    def __init__(self, results: Results, documents: int, tell: Callable[[Progress], object] | None) -> None:
        self._results, self._documents, self._tell = results, documents, tell
        self._before, self._start, self._next = results.done, time.monotonic(), 0.0

    def __call__(self, part: Part) -> None:
        now = time.monotonic()
        done = self._results.done
        if self._tell is None or (now < self._next and done.documents < self._documents):
            return
        self._next = now + 0.2
        seconds, share = max(now - self._start, 1e-3), done.documents + part.share
        rate = (share - self._before.documents) / seconds
        left = (self._documents - share) / rate if rate > 0 else float("inf")
        readings = (done.readings - self._before.readings) / seconds
        self._tell(Progress(share, self._documents, done.readings, done.bad, seconds, readings, left))

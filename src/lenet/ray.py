"""The bridge to Ray: documents read by the actors of a cluster, to the rows and in the order of one machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from lenet.errors import InputError, MissingExtraError
from lenet.reading.documents import DocumentReader
from lenet.reading.folders import SUFFIXES, documents_in
from lenet.reading.rows import arrow_schema, failed, sources_of
from lenet.reading.templates import load_template
from lenet.weights import load, shipped

try:
    import pyarrow as pa
    import ray.data
    from pyarrow.fs import FileSelector, FileSystem, FileType
except ImportError as error:
    raise MissingExtraError(f'Ray Data is needed ({error}); install it: pip install "lenet[ray]"') from error

__all__ = ["read"]

TOGETHER = 16
"""Documents that go to an actor at once, where none are read together."""
BLOCK = 16
"""Groups of documents that a task fetches, some hundred files."""
ACTOR, FETCH = 0.9, 0.1
"""Shares of a core: as many actors as there are cores leave room for those who fetch, who wait rather than compute."""
FETCHERS = 8
"""Files that a task fetches at once: a store far away answers late, but to many."""


def read(
    documents: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | ray.data.Dataset,
    kind: Any = None,
    *,
    actors: int | None = None,
    **options: Any,
) -> ray.data.Dataset:
    """Read documents on a Ray cluster, as `lenet.read_folder` does on one machine.

    Nothing is read until the dataset is: `lenet.ray.read("s3://scans", "amount").write_parquet("s3://amounts")`. Each
    actor holds the network and reads with one thread. An actor that dies is started again by Ray, and its documents
    are read again: no row is lost or doubled.

    Parameters
    ----------
    documents : files and folders that all machines see, by their whole path or such as "s3://..."; or a dataset whose
        column `bytes` is the content of files, and `path`, if it has that, their name.
    kind : as for `lenet.reading.DocumentReader`.
    actors : how many read, each of them on a core; None for as many as the cluster has room for.
    **options : those of `lenet.reading.DocumentReader`.

    Returns
    -------
    A dataset of the rows of `lenet.read_folder`, with lists as lists, in the order of the documents. A document that
    cannot be read has a row whose `error` says why; elsewhere that is empty.

    Raises
    ------
    InputError, GrammarError
        As for `lenet.reading.DocumentReader`; or there is no document, or one whose name is no text, or no core left
        beside the actors.
    """
    make = partial(DocumentReader, kind, **_sent(options))
    reader = make()
    together = reader.together if reader.together > 1 else TOGETHER
    if isinstance(documents, ray.data.Dataset):
        _need_room(actors)
        groups, size = documents.repartition(target_num_rows_per_block=together, strict=True), together
    else:
        groups, size = _fetched(documents, together), 1
    rows = groups.map_batches(
        _Actor,
        fn_constructor_args=[make],
        batch_size=size,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=ACTOR,
    )
    rows.context.execution_options.preserve_order = True
    return rows


class _Actor:
    """Reads groups of documents; made once in each actor."""

    def __init__(self, make: Callable[[], DocumentReader]) -> None:
        self._reader = make()
        self._schema = arrow_schema().append(pa.field("error", pa.string()))

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the rows of documents: a row each, or all in a row as lists."""
        columns = {name: batch[name].to_pylist() for name in batch.column_names if name in {"bytes", "path", "group"}}
        if "group" in columns:
            columns = {"path": columns["group"][0], "bytes": columns["bytes"][0]}
        names, sources = sources_of(columns)
        rows: list[dict[str, Any]] = []
        for result in self._reader.pages(list(zip(names, sources, strict=True))):
            rows += [reading.to_dict() | {"error": ""} for reading in result.readings]
            if result.failure:
                row = failed(names[result.document], result.failure, result.page)
                rows.append(row.to_dict() | {"error": result.failure})
        return pa.Table.from_pylist(rows, self._schema)


def _sent(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as other machines understand them: what stands in files here is sent along, and is read once."""
    model, template = options.get("model"), options.get("template")
    if isinstance(model, str | os.PathLike) and model not in shipped():
        model = load(model)
    if isinstance(template, str | os.PathLike):
        template = load_template(template)
    return options | {"model": model, "template": template, "threads": options.get("threads") or 1}


def _need_room(actors: int | None) -> None:
    """Refuse what would wait for ever: the tasks that group the rows of a dataset need a core, which actors keep."""
    cores = int(ray.cluster_resources().get("CPU", 0))
    if actors is not None and cores - ACTOR * actors < 1:
        most = max(0, int((cores - 1) / ACTOR))
        raise InputError(
            f"actors={actors} was given, and the cluster has {cores} cores; give at most {most} for a dataset"
        )


def _fetched(documents: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], together: int) -> ray.data.Dataset:
    """Return a dataset of groups of documents with their content, a group a row: the same groups as on one machine."""
    paths = [documents] if isinstance(documents, str | os.PathLike) else list(documents)
    found = (name for path in paths for name in _expanded(os.fspath(path)))
    groups = [{"group": group} for group in iter(lambda: list(islice(found, together)), [])]
    if not groups:
        raise InputError(f"{', '.join(map(str, paths)) or 'nothing'} was given, with no picture or document in it")
    blocks = ray.data.from_items(groups, override_num_blocks=-(-len(groups) // BLOCK))
    return blocks.map_batches(_fetch, batch_size=1, batch_format="pyarrow", num_cpus=FETCH)


def _expanded(path: str) -> Iterator[str]:
    """Give the documents of a folder, sorted by name, in a store as URIs; a file as it is."""
    if "://" not in path:
        yield from map(_as_text, documents_in([os.path.abspath(path)]))
        return
    system, place = FileSystem.from_uri(path)
    if system.get_file_info(place).type != FileType.Directory:
        yield path
        return
    prefix = path.rstrip("/").removesuffix(place.rstrip("/"))
    for info in sorted(
        system.get_file_info(FileSelector(place, recursive=True)), key=lambda info: info.path.split("/")
    ):
        inner = PurePosixPath(info.path.removeprefix(place))
        hidden = any(part.startswith(".") for part in inner.parts)
        if info.type == FileType.File and inner.suffix.lower() in SUFFIXES and not hidden:
            yield prefix + quote(info.path)


def _as_text(name: str) -> str:
    """Return a name that is text; other bytes, which a file system may have, Arrow cannot hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"{name!r} is named in bytes that are no UTF-8; rename the file") from None
    return name


def _fetch(groups: pa.Table) -> pa.Table:
    """Return a group with the content of its files; None for those that cannot be had."""
    (paths,) = groups["group"].to_pylist()
    with ThreadPoolExecutor(FETCHERS) as threads:
        contents = list(threads.map(_content, paths))
    kinds = pa.schema({"group": pa.list_(pa.string()), "bytes": pa.list_(pa.large_binary())})
    return pa.Table.from_pylist([{"group": paths, "bytes": contents}], kinds)


def _content(path: str) -> bytes | None:
    try:
        if "://" not in path:
            return Path(path).read_bytes()
        system, place = FileSystem.from_uri(path)
        with system.open_input_stream(place) as file:
            return bytes(file.read())
    except OSError:
        return None  # reading it says why

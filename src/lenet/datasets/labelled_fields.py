"""Pictures of fields and what is written on them: the labels are one JSON object a line."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.documents.pictures import PIXEL_LIMIT
from lenet.errors import FormatError, InputError, LenetError, TooLargeError
from lenet.files import write_whole

__all__ = ["Fields", "keep_field", "load_fields", "read_labels"]

LABELS = "labels.jsonl"
_LONGEST = 64
"""Characters of a field; of ours: more is a page, or a mistake."""


@dataclass(frozen=True, eq=False)
class Fields:
    """Pictures of fields with their texts.

    Parameters
    ----------
    pictures : uint8 `(rows, columns)` or `(rows, columns, 3)`, as scanned.
    texts : what is written on each. A text of digits alone leaves open what signs (points, dashes) stand around them.
    names : what each picture is called.
    name : what messages and cards call the set.

    Raises
    ------
    InputError
        There are not as many texts and names as pictures.
    """

    pictures: Sequence[NDArray[np.uint8]]
    texts: tuple[str, ...]
    names: tuple[str, ...]
    name: str = "fields"

    def __post_init__(self) -> None:
        if not len(self.pictures) == len(self.texts) == len(self.names):
            raise InputError(
                f"{self.name} has {len(self.pictures):,} pictures, {len(self.texts):,} texts and "
                f"{len(self.names):,} names; give one of each a field"
            )

    def __len__(self) -> int:
        return len(self.texts)

    def subset(self, indices: Sequence[int] | NDArray[np.integer[Any]]) -> Fields:
        """Return the fields with these numbers."""
        numbers = [int(index) for index in indices]
        return Fields(
            [self.pictures[k] for k in numbers],
            tuple(self.texts[k] for k in numbers),
            tuple(self.names[k] for k in numbers),
            self.name,
        )

    def __repr__(self) -> str:
        return f"Fields({self.name!r}: {len(self):,} fields)"


def load_fields(path: str | os.PathLike[str] | bytes, *, pixels: int | None = None) -> Fields:
    """Load labelled fields.

    Parameters
    ----------
    path : a file of lines such as `{"file": "scan1.png", "text": "1,250.00"}`, whose files are looked for beside it; a
        folder with such a file called labels.jsonl; or a tar of such a folder, or the bytes of one that is not
        compressed. Fields with `"ambiguous": true` are left out; other keys mean nothing.
    pixels : that all pictures together may have; None sets no limit but that on each.

    Raises
    ------
    InputError
        There is no such file, it has no fields, or a picture cannot be used; the message names it.
    TooLargeError
        The pictures have more than `pixels`.
    FormatError
        A line is not such an object; the message says which line.
    """
    if isinstance(path, bytes):
        return _load_tar(path, pixels)
    path = Path(path)
    if path.is_dir():
        path = path / LABELS
    if not path.is_file():
        raise InputError(
            f"there is no file {path}; give a file of lines such as " + '{"file": "scan1.png", "text": "12.50"}'
        )
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            return _load(_member(archive, LABELS, path), lambda name: _member(archive, name, path), path, pixels)
    return _load(path.read_bytes(), lambda name: path.parent / name, path, pixels)


def _load_tar(content: bytes, pixels: int | None) -> Fields:
    name = Path("the fields given")
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            return _load(_member(archive, LABELS, name), lambda file: _member(archive, file, name), name, pixels)
    except tarfile.TarError as error:
        raise FormatError(f"{name} are no tar ({error}); pack the pictures with their {LABELS}") from None


def keep_field(folder: str | os.PathLike[str], picture: NDArray[np.uint8], text: str, *, source: str = "") -> str:
    """Add a field to a folder as `load_fields` takes it; of a picture that is there already, mend the text.

    The picture is written first and the labels after it, each whole or not at all, so that whatever interrupts this,
    the folder can be loaded. Two writers at the same time are not provided for.

    Parameters
    ----------
    folder : made where it is missing.
    picture : uint8 `(rows, columns)` or `(rows, columns, 3)`.
    text : what is written on it.
    source : where it is from, for people; it stands beside the text.

    Returns
    -------
    The name of the picture's file, which follows from its pixels.

    Raises
    ------
    InputError
        The text is empty or too long, or the folder cannot be written to.
    FormatError
        The folder's labels are damaged; they stay as they are.
    """
    if not 0 < len(text) <= _LONGEST:
        raise InputError(f"a text of {len(text)} characters was given; write 1 to {_LONGEST} of them")
    path = Path(folder) / LABELS
    before = path.read_bytes() if path.exists() else b""
    list(read_labels(before, path))
    digest = hashlib.sha256(repr(picture.shape).encode() + np.ascontiguousarray(picture).tobytes())
    name = f"{digest.hexdigest()[:16]}.png"
    kept = [line for line in before.splitlines() if line.strip() and json.loads(line)["file"] != name]
    entry = {"file": name, "text": text} | ({"from": source} if source else {})
    if not (Path(folder) / name).exists():
        write_whole(Path(folder) / name, [_png(picture)])
    write_whole(path, [line + b"\n" for line in [*kept, json.dumps(entry, ensure_ascii=False).encode()]])
    return name


def _png(picture: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()


def _load(labels: bytes, find: Callable[[str], bytes | Path], path: Path, pixels: int | None) -> Fields:
    """Read every picture that the labels name, found by `find`."""
    pictures, texts, names, refused = [], [], [], []
    left = math.inf if pixels is None else pixels
    for name, text in read_labels(labels, path):
        try:
            picture = _picture(find(name), left)
        except LenetError as error:
            if isinstance(error, TooLargeError) and left < PIXEL_LIMIT:
                raise TooLargeError(
                    f"{path} has more than {pixels:,} pixels; give fewer pictures, or smaller ones"
                ) from error
            refused.append((name, error))
            continue
        left -= math.prod(picture.shape[:2])
        pictures.append(picture)
        texts.append(text)
        names.append(name)
    if refused:
        more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise InputError(
            f"{path}: {refused[0][0]}{more} cannot be used ({refused[0][1]}); mend the pictures or remove their lines"
        )
    if not texts:
        raise InputError(f"{path} has no fields; give one line a field")
    return Fields(pictures, tuple(texts), tuple(names), path.stem if path.name != LABELS else path.parent.name)


def read_labels(labels: bytes, path: Path) -> Iterator[tuple[str, str]]:
    """Give the file and the text of each line of labels; raise `FormatError`, naming `path`, where it has none."""
    for number, line in enumerate(labels.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            name, text = entry["file"], entry["text"]
        except (ValueError, KeyError, TypeError, RecursionError):
            name = text = None
        if not isinstance(name, str) or not isinstance(text, str) or not 0 < len(text) <= _LONGEST:
            raise FormatError(
                f'{path}, line {number}: expected an object with a "file" and a "text" of 1 to {_LONGEST} characters; '
                "mend the line"
            )
        if not entry.get("ambiguous"):
            yield name, text


def _member(archive: tarfile.TarFile, name: str, path: Path) -> bytes:
    for stored in (name, f"./{name}"):  # as `tar -C folder .` calls it
        with suppress(KeyError, tarfile.TarError):
            member = archive.extractfile(stored)
            if member is not None:
                return member.read()
    raise InputError(
        f"{path} holds no file {name} at its top; pack the pictures with their {LABELS}, without the folder"
    )


def _picture(source: bytes | Path, left: float) -> NDArray[np.uint8]:
    from lenet.documents import open_document

    return next(iter(open_document(source, pixels=int(min(left, PIXEL_LIMIT))))).picture

"""What a request holds: pictures and options, from multipart forms, JSON or the bare bytes of a picture.

Everything stays in memory, bounded by the limit on bodies; a parser that spools large parts to disk is not used.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from lenet.errors import ServiceError
from lenet.serve.limits import Limits, over

__all__ = ["Asked", "Gone", "Picture", "Request", "bounded", "length_of", "read_body"]

MOST_OPTIONS = 32
"""Fields of a form beside its pictures."""

LONGEST_OPTION = 1000
"""Characters of an option's value. Patterns are kept with what was made of them, for the next request."""

_BARE = re.compile(r"image/[\w.+-]+|application/(pdf|octet-stream)")
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_NAME = re.compile(rb'[;\s]name=(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)
_FILENAME = re.compile(rb'[;\s]filename=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', re.IGNORECASE)
_FILENAME_STAR = re.compile(rb"[;\s]filename\*=UTF-8''([^;\s]+)", re.IGNORECASE)

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Gone(Exception):  # noqa: N818
    """The client hung up before all of its request was here."""


@dataclass(frozen=True)
class Picture:
    """A picture as it came: the bytes of a file, and the name that the sender gave, if any."""

    data: bytes
    name: str | None = None


@dataclass(frozen=True)
class Asked:
    """What a request asks for."""

    pictures: list[Picture]
    options: Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """A request as it came, to be taken apart by the thread that does its work.

    Parameters
    ----------
    body : all of it.
    content_type : the header, or "".
    query : of the URL.
    several : whether its route takes several pictures and answers with a list.
    """

    body: bytes
    content_type: str
    query: bytes
    several: bool

    def parsed(self, limits: Limits, known: tuple[str, ...]) -> Asked:
        """Return the pictures and options.

        Raises
        ------
        ServiceError
            413, 415 or 422, with what is wrong.
        """
        pictures, options = self._parts(limits)
        query = dict(parse_qsl(self.query.decode("ascii", "replace"), keep_blank_values=True)) if self.query else {}
        options = query | options
        for name, text in options.items():
            if name not in known:
                raise _wrong(f"there is no option {name[:50]!r} here; known are {', '.join(known)}: leave it out")
            if len(text) > LONGEST_OPTION:
                raise _wrong(f"the option {name} has {len(text):,} characters; give one of up to {LONGEST_OPTION:,}")
        if not pictures:
            raise _wrong("no picture came with the request; give one as the part 'file' of a form, or see /docs")
        if len(pictures) > 1 and not self.several:
            raise _wrong(f"{len(pictures)} pictures were given where one is read; send them to the route .../batch")
        if len(pictures) > limits.pictures:
            raise _too_many(limits)
        return Asked(pictures, {name: text for name, text in options.items() if text != ""})

    def _parts(self, limits: Limits) -> tuple[list[Picture], dict[str, str]]:
        kind = self.content_type.partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return _of_form(self.body, self.content_type, limits)
        if kind == "application/json":
            return _of_json(self.body)
        if _BARE.fullmatch(kind):
            return [Picture(self.body)], {}
        raise ServiceError(
            f"{f'the content type {kind!r}' if kind else 'no content type'} was given; expected multipart/form-data "
            "(curl -F file=@a.png), application/json, or a picture's own, such as image/png or "
            "application/octet-stream: name one of them",
            status=415,
        )


async def read_body(receive: Receive, most: int | None = None) -> bytes:
    """Return a request's body.

    Parameters
    ----------
    receive : of the request; `Guard` bounds what comes of it by the limit on bodies.
    most : bytes, where what is asked for takes fewer than that.

    Raises
    ------
    Gone
        The client hung up before all was here.
    ServiceError
        422: there are more than `most`.
    """
    chunks, size = [], 0
    while (message := await receive())["type"] == "http.request":
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if most is not None and size > most:
            raise _wrong(f"more than {most:,} bytes were sent, the most that is looked at here; send fewer")
        if not message.get("more_body"):
            return b"".join(chunks) if len(chunks) > 1 else chunks[0]
    raise Gone


def length_of(headers: Iterable[tuple[bytes, bytes]], limits: Limits) -> int:
    """Return how many bytes a body may have: what its header says, unless another one overrides it, or the most."""
    known = dict(headers)
    return limits.body if b"transfer-encoding" in known else int(known.get(b"content-length", limits.body))


def _too_long(limits: Limits) -> ServiceError:
    what = f"the request has more than {limits.body:,} bytes, the most that this service takes"
    return over("body", what, "send a smaller picture, or fewer at once")


def _too_many(limits: Limits) -> ServiceError:
    return over("pictures", f"more than {limits.pictures} pictures were given in one request", "send fewer at once")


def _wrong(sentence: str) -> ServiceError:
    return ServiceError(sentence, status=422)


def _of_form(body: bytes, content_type: str, limits: Limits) -> tuple[list[Picture], dict[str, str]]:
    """Take a multipart form apart (RFC 7578)."""
    named = _BOUNDARY.search(content_type)
    if named is None:
        raise _wrong("the form's content type names no boundary; let the HTTP library write that header")
    boundary = b"--" + (named[1] or named[2]).encode("latin-1", "replace")
    most = limits.pictures + MOST_OPTIONS + 2
    parts = (b"\r\n" + body).split(b"\r\n" + boundary, most)
    if len(parts) > most:
        raise _too_many(limits)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise _wrong("the form does not end with its boundary; it was cut short, so send it again")
    pictures: list[Picture] = []
    options: dict[str, str] = {}
    for part in parts[1:-1]:
        head, gap, content = part.partition(b"\r\n\r\n")
        found = _NAME.search(head)
        if not gap or found is None:
            raise _wrong("a part of the form has no name; give it a Content-Disposition with one")
        name, file = _either(found), _file_name(head)
        if name in (b"file", b"picture") or file is not None:
            pictures.append(Picture(content, file or None))
        else:
            options[name.decode("utf-8", "replace")] = content.decode("utf-8", "replace").strip()
    return pictures, options


def _either(found: re.Match[bytes]) -> bytes:
    """Return a parameter that stands with or without quotation marks."""
    return found[1] if found[1] is not None else found[2]


def _file_name(head: bytes) -> str | None:
    """Return the name of a part's file, which may be empty; None where it is no file."""
    starred = _FILENAME_STAR.search(head)
    if starred is not None:
        return unquote(starred[1].decode("ascii", "replace"))
    found = _FILENAME.search(head)
    return None if found is None else re.sub(rb"\\(.)", rb"\1", _either(found)).decode("utf-8", "replace")


def _of_json(body: bytes) -> tuple[list[Picture], dict[str, str]]:
    """Take apart {"picture": base64} or {"pictures": [base64, ...]} with options beside it."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise _wrong('the body is no JSON; send an object such as {"picture": "<base64>"}') from None
    if not isinstance(asked, dict):
        raise _wrong('the body is JSON, but no object; send one such as {"picture": "<base64>"}')
    texts = [asked.pop("picture")] if "picture" in asked else []
    more = asked.pop("pictures", [])
    pictures = [Picture(_unpacked(text)) for text in texts + (more if isinstance(more, list) else [more])]
    return pictures, dict(_options(asked))


def _options(asked: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in asked.items():
        if isinstance(value, dict | list):
            raise _wrong(f"the option {name[:50]!r} is a JSON {type(value).__name__}; give a text or a number")
        if value is not None:
            yield name, str(value).lower() if isinstance(value, bool) else str(value)


def _unpacked(text: object) -> bytes:
    """Return the bytes of base64, which may stand in a data: URL as browsers make them."""
    if not isinstance(text, str):
        raise _wrong("a picture in JSON is no text; give the bytes of its file as base64")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong("a picture in JSON is no base64; encode the bytes of its file, without line breaks") from None


def bounded(headers: Mapping[bytes, bytes], receive: Receive, limits: Limits) -> Receive:
    """Return a `receive` that gives no more of a body than the limit.

    Raises
    ------
    ServiceError
        The header says already that the body is longer (413), or packed (415). A body that does not say its length
        raises when it has become too long.
    """
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise ServiceError("the body is packed; expected it as it is: send it without Content-Encoding", status=415)
    if b"content-length" in headers and b"transfer-encoding" not in headers:
        length = headers[b"content-length"]
        if not length.isdigit() or int(length) > limits.body:
            raise _too_long(limits)
        return receive
    size = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limits.body:
            raise _too_long(limits)
        return message

    return counted

"""A client of the service, of the standard library alone."""

from __future__ import annotations

import io
import json
import os
import secrets
import time
from collections.abc import Iterable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import numpy as np

from lenet.errors import InputError, ServiceError

if TYPE_CHECKING:
    from lenet.documents.pages import Source

__all__ = ["Client"]

_Options = Mapping[str, str | float | None]

Answer = dict[str, Any]

_EXAMPLE = "http://127.0.0.1:8000"
_LEAST = 0.1
"""Seconds between two tries, at least: whoever answers 0 for Retry-After is not to be asked in a tight loop."""


class Client:
    """Ask a service of lenet. It keeps one connection open; every thread needs a client of its own.

    Parameters
    ----------
    address : of the service.
    token : what the service asks for, if anything.
    timeout : seconds to wait for an answer.
    patience : seconds for which a request is sent again where the service has too much to do, or is not ready yet.

    Raises
    ------
    InputError
        The address is no http or https address.

    Examples
    --------
    >>> from lenet.serve import Client
    >>> with Client("http://127.0.0.1:8000") as client:  # doctest: +SKIP
    ...     client.read("field.png", kind="amount")["readings"][0]["value"]
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8000",
        *,
        token: str | None = None,
        timeout: float = 90.0,
        patience: float = 30.0,
    ) -> None:
        parts = urlsplit(address)
        try:
            name, port = (parts.hostname or "").encode("idna"), parts.port
        except ValueError:
            name, port = b"", None
        if parts.scheme not in ("http", "https") or not name:
            raise InputError(f"{address!r} was given as the service's address; expected one such as {_EXAMPLE}")
        if token is not None and not (token.isascii() and token.isprintable()):
            raise InputError("the token has characters that no header carries; give the one that the service was given")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(name.decode(), port, timeout=timeout)
        self._root = parts.path.rstrip("/")
        self._address, self._patience = address, patience
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def predict(self, picture: Source, **options: str | None) -> Answer:
        """Return the class of one picture, as `lenet predict --json` prints it.

        Parameters
        ----------
        picture : a path, the bytes of a file, an open file, a PIL image, or an array as `lenet.open_document` takes it.
        **options : `model`, `prepare`; see the service's /docs. None leaves one out.

        Raises
        ------
        ServiceError
            The service refuses, or cannot be reached; `status` says which.
        """
        return self._work("/v1/predict", [picture], options)

    def predict_many(self, pictures: Iterable[Source], **options: str | None) -> list[Answer]:
        """Return what `predict` does for each picture, by one request; one that cannot be used has an "error"."""
        return self._work_on_many("/v1/predict/batch", pictures, options)

    def read(self, picture: Source, **options: str | float | None) -> Answer:
        """Return what is written on a picture or document: "readings", each as `Reading.to_dict` gives it.

        Parameters
        ----------
        picture : as for `predict`; also PDF, TIFF and DjVu.
        **options : `kind`, `max_error`, `decimal`, `date_order`, `template`, `model`, as for `lenet.read`. None leaves
            one out.

        Raises
        ------
        ServiceError
            As for `predict`.
        """
        return self._work("/v1/read", [picture], options)

    def read_many(self, pictures: Iterable[Source], **options: str | float | None) -> list[Answer]:
        """Return what `read` does for each picture, by one request; one that cannot be used has an "error"."""
        return self._work_on_many("/v1/read/batch", pictures, options)

    def version(self) -> Answer:
        """Return the version, models, templates and limits of the service."""
        return self._asked("GET", "/version", b"", {})

    def ready(self) -> bool:
        """Tell whether the service answers requests already."""
        try:
            return self._once("GET", "/ready", b"", {}).get("ready") is True
        except ServiceError as error:
            if error.status == 503:
                return False
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._address!r})"

    def _work_on_many(self, path: str, pictures: Iterable[Source], options: _Options) -> list[Answer]:
        if isinstance(pictures, str | bytes | os.PathLike):
            raise InputError(f"one picture was given to {path}, which takes several; give a list of them")
        given = list(pictures)
        results: list[Answer] = self._work(path, given, options)["results"] if given else []
        return results

    def _work(self, path: str, pictures: Iterable[Source], options: _Options) -> Answer:
        kind, body = _form([_file(picture) for picture in pictures])
        given = {name: value for name, value in options.items() if value is not None}
        query = f"?{urlencode(given)}" if given else ""
        return self._asked("POST", path + query, body, {"Content-Type": kind})

    def _asked(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Ask, and ask again as long as the service says that this may help."""
        until = time.monotonic() + self._patience
        while True:
            try:
                return self._once(method, path, body, headers)
            except ServiceError as error:
                if error.retry_after is None or time.monotonic() + error.retry_after > until:
                    raise
                time.sleep(max(_LEAST, error.retry_after))

    def _once(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            response, content = self._exchange(method, path, body, headers)
        except (OSError, HTTPException) as error:
            self.close()
            raise ServiceError(
                f"{self._address} cannot be reached ({error or type(error).__name__}); start it with lenet serve, or "
                "check the address"
            ) from error
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise ServiceError(
                f"{self._address} answered {response.status} with what is no object of JSON; is it a service of lenet?",
                status=response.status,
            )
        if response.status != 200:
            raise _refusal(response, answer)
        return answer

    def _exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[HTTPResponse, bytes]:
        """Send a request; once more on a new connection where the service closed an idle one."""
        used = self._connection.sock is not None
        try:
            self._connection.request(method, self._root + path, body or None, {**self._headers, **headers})
            response = self._connection.getresponse()
        except (ConnectionError, HTTPException):
            self.close()
            if not used:
                raise
            return self._exchange(method, path, body, headers)
        return response, response.read()


def _refusal(response: HTTPResponse, answer: Mapping[str, Any]) -> ServiceError:
    after = response.getheader("Retry-After")
    return ServiceError(
        str(answer.get("error", f"the service answered {response.status}")),
        status=response.status,
        limit=str(answer.get("limit", "")),
        retry_after=int(after) if after is not None and after.isdigit() else None,
    )


def _file(picture: Source) -> tuple[str, bytes]:
    """Return the name and the bytes of a picture as a file."""
    if isinstance(picture, str | os.PathLike):
        path = Path(picture)
        try:
            return path.name, path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}); give the path of a picture") from error
    if isinstance(picture, bytes | bytearray | memoryview):
        return "", bytes(picture)
    if isinstance(picture, np.ndarray) or hasattr(picture, "convert"):
        return "", _png(picture)
    data = picture.read() if hasattr(picture, "read") else None
    if data is None:
        raise InputError(f"{type(picture).__name__} was given as a picture; give a path, bytes, a file or an array")
    if not isinstance(data, bytes):
        raise InputError("a file opened as text was given; a file of bytes is expected: open it with mode 'rb'")
    return "", data


def _png(picture: Any) -> bytes:
    from PIL import Image

    from lenet.documents import open_document

    content = io.BytesIO()
    Image.fromarray(next(open_document(picture)).picture).save(content, "PNG")
    return content.getvalue()


def _form(files: Iterable[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Return the content type and the bytes of a form of files (RFC 7578)."""
    boundary = secrets.token_hex(16)
    parts = []
    for name, data in files:
        head = (
            f"Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''{quote(name)}"
            if name
            else ('Content-Disposition: form-data; name="file"')
        )
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n")
    return f"multipart/form-data; boundary={boundary}", b"".join(parts) + f"--{boundary}--\r\n".encode()

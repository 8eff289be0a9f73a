"""From errors to answers: one sentence, a status of HTTP, and the limit that was met, where one was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from lenet.errors import LenetError, MissingExtraError, ServiceError, TooLargeError
from lenet.reading.readings import SCHEMA
from lenet.serve.limits import OPTIONS

__all__ = ["as_json", "headers_of", "named", "one_of", "record_of", "refusal", "share_of", "wrong"]

Thing = TypeVar("Thing")


def wrong(sentence: str) -> ServiceError:
    """Return the refusal of a request that is not as it should be."""
    return ServiceError(sentence, status=422)


def refusal(error: Exception) -> ServiceError:
    """Return what a client is told of an error; raise what is a bug of ours again."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, TooLargeError):
        sentence = f"{error}; or start the service with a higher {OPTIONS['pixels']}"
        return ServiceError(sentence, status=413, limit=OPTIONS["pixels"])
    if isinstance(error, MissingExtraError):
        return ServiceError(str(error), status=501)
    if isinstance(error, LenetError):
        return wrong(" ".join(str(error).split()))
    if isinstance(error, MemoryError):
        return ServiceError("there is not enough memory for this; send a smaller picture", status=503, retry_after=1)
    raise error


def record_of(error: ServiceError) -> dict[str, Any]:
    """Return a refusal as values that `json.dumps` takes."""
    record: dict[str, Any] = {"schema": SCHEMA, "error": str(error), "status": error.status}
    return record | {"limit": error.limit} if error.limit else record


def headers_of(error: ServiceError) -> dict[str, str]:
    """Return the headers that go with a refusal."""
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    if error.limit == OPTIONS["seconds"]:
        headers["connection"] = "close"  # the rest of its body may still be on the way, for as long as the sender likes
    return headers | {"www-authenticate": "Bearer"} if error.status == 401 else headers


def as_json(record: Any) -> bytes:
    """Return a record as the bytes of an answer; what is no text, as names of files may be, becomes question marks."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def named(what: str, name: str, known: Mapping[str, Thing]) -> Thing:
    """Return what goes by a name, or refuse the request with the names that there are."""
    if name not in known:
        raise wrong(f"no {what} is called {name!r} here; known are {', '.join(sorted(known)) or 'none'}: name one")
    return known[name]


def one_of(option: str, value: str, known: Sequence[str]) -> str:
    """Return the value of an option, or refuse the request with the values that there are."""
    if value not in known:
        raise wrong(f"{option}={value!r} was given; choose one of {', '.join(known)}")
    return value


def share_of(option: str, value: str) -> float:
    """Return an option that is a share, such as 0.01 or 1%, or refuse the request."""
    try:
        return float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        raise wrong(f"{option}={value!r} is no share; give one such as 0.01 or 1%") from None

"""The routes that do work, as plain ASGI: take a place, receive the body, have the work done, send the answer."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic

from lenet.errors import ServiceError
from lenet.serve.bodies import Gone, Request, length_of, read_body
from lenet.serve.guard import Receive, Scope, Send, send_refusal
from lenet.serve.limits import late
from lenet.serve.refusals import refusal
from lenet.serve.service import Service

__all__ = ["Detecting", "Predicting", "Reading"]


class _Working(ABC):
    """One such route.

    Parameters
    ----------
    service : whose lanes do the work.
    several : whether the route takes several pictures and answers with a list.
    """

    def __init__(self, service: Service, *, several: bool) -> None:
        self._service, self._several = service, several

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._service.require_ready()
            async with asyncio.timeout(self._service.limits.seconds):
                answer = await self._answer(scope, receive)
        except Gone:
            return
        except TimeoutError:
            await send_refusal(send, late(self._service.limits), self._service.metrics)
        except Exception as error:
            await send_refusal(send, refusal(error), self._service.metrics)
        else:
            await _send_json(send, answer)

    @abstractmethod
    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        """Return the answer to a request, as JSON."""

    def _request(self, scope: Scope, body: bytes) -> Request:
        kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        return Request(body, kind.decode("latin-1"), scope["query_string"], self._several)


class Predicting(_Working):
    """`POST /v1/predict`, in the lane where requests are taken together."""

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        with self._service.predicting.place(length_of(scope["headers"], self._service.limits)) as place:
            return await place.do(self._request(scope, await read_body(receive)))


class Reading(_Working):
    """`POST /v1/read` and what takes several pictures, in the lane where every request has a thread of its own.

    Parameters
    ----------
    service, several : as for every such route.
    answer : returns the answer to a request, begun before a time of `time.monotonic`.
    """

    def __init__(self, service: Service, answer: Callable[[Request, float], bytes], *, several: bool) -> None:
        super().__init__(service, several=several)
        self._do = answer

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        deadline = monotonic() + self._service.limits.seconds
        return await self._service.run_on(scope, receive, lambda body: self._do(self._request(scope, body), deadline))


class Detecting:
    """`POST /v1/detect`: there is no detector yet, and it says so."""

    def __init__(self, service: Service) -> None:
        self._metrics = service.metrics

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        sentence = "this version of lenet has no detector; use /v1/read for what is written on a picture"
        await send_refusal(send, ServiceError(sentence, status=501), self._metrics)


async def _send_json(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""Who may use the service: hosts, origins, token; and what every answer says to browsers.

A page of another site can make a browser send requests to a loopback address. Three things stop it: the Host header
has to be an address or a name that was allowed (a name that an attacker's DNS points here is not), the Origin header
has to be the service's own, and Sec-Fetch-Site must not say that another site is asking. No CORS header is ever sent.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from functools import lru_cache
from time import perf_counter
from typing import Any
from urllib.parse import quote

from lenet.errors import ServiceError
from lenet.serve.bodies import bounded
from lenet.serve.metrics import Metrics
from lenet.serve.refusals import as_json, headers_of, record_of
from lenet.serve.service import Service

__all__ = ["COOKIE", "Guard", "send_refusal"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "lenet-token"

OPEN = ("/health", "/ready")
"""Paths that need no token: what watches over the service asks them."""

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
"""Said with every answer."""

PAGE_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
        b"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""Said with pages: nothing is fetched from anywhere else, and no other page may frame them."""


FRESH = (b"cache-control", b"no-cache")
"""Said with the page's files: a browser asks whether they are still the same, or it would mix two versions of lenet."""


class Guard:
    """Stands in front of all routes: refuses who may not use the service, counts, and adds the headers.

    Parameters
    ----------
    app : what comes after it.
    service : whose limits and metrics are used.
    hosts : names by which the service may be called, beside addresses and localhost.
    token : what has to be shown, if anything.
    paths : routes that are counted by their own name.
    """

    def __init__(
        self,
        app: App,
        *,
        service: Service,
        hosts: Collection[str] = (),
        token: str | None = None,
        paths: Collection[str] = (),
    ) -> None:
        self._app, self._service, self._paths = app, service, frozenset(paths)
        self._token = None if token is None else token.encode()
        names = frozenset(("localhost", *(host.lower() for host in hosts)))
        self._knows_host = lru_cache(256)(lambda header: _is_known(header, names))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        refused = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            await self._websocket(refused, scope, receive, send)
            return
        answering = self._counted(scope, send)
        if refused is None:
            try:
                receive = bounded(headers, receive, self._service.limits)
            except ServiceError as error:
                refused = error
        if refused is not None:
            await send_refusal(answering, refused, self._service.metrics)
        elif self._is_token(_token_of(scope)):
            await self._keep_token(scope, answering)
        else:
            await self._app(scope, receive, answering)

    async def _websocket(self, refused: ServiceError | None, scope: Scope, receive: Receive, send: Send) -> None:
        if refused is None:
            await self._app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": str(refused)[:100]})

    def _refusal(self, scope: Scope, headers: Mapping[bytes, bytes]) -> ServiceError | None:
        """Return why a request may not pass, or None."""
        host = headers.get(b"host", b"")
        if not self._knows_host(host):
            return _forbidden(
                f"the service was called by the name {host.decode('latin-1')!r}, which it does not know; call it by "
                "its address, or start it with --allow-host and that name"
            )
        if _is_foreign(scope, headers, host):
            return _forbidden("a page of another site asked; only the service's own pages may: open it itself")
        if self._token is not None and scope["path"] not in OPEN and not self._has_token(scope, headers):
            return ServiceError(
                "a token is needed, and none or a wrong one came; send 'Authorization: Bearer TOKEN', or open "
                "/?token=TOKEN in a browser",
                status=401,
            )
        return None

    def _has_token(self, scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
        scheme, _, value = headers.get(b"authorization", b"").partition(b" ")
        shown = [value.strip() if scheme.lower() == b"bearer" else b"", _token_of(scope)]
        for cookie in headers.get(b"cookie", b"").split(b";"):
            name, _, value = cookie.strip().partition(b"=")
            if name == COOKIE.encode():
                shown.append(value)
        return any(map(self._is_token, shown))

    def _is_token(self, shown: bytes) -> bool:
        return self._token is not None and hmac.compare_digest(shown, self._token)

    async def _keep_token(self, scope: Scope, send: Send) -> None:
        """Put the token of a link into a cookie that scripts and other sites do not get, and out of the address."""
        rest = scope["query_string"].partition(b"&")[2]
        place = b"/" + quote(scope["path"].lstrip("/")).encode() + (b"?" + rest if rest else b"")
        cookie = COOKIE.encode() + b"=" + _token_of(scope) + b"; Path=/; HttpOnly; SameSite=Strict"
        headers = [(b"location", place), (b"set-cookie", cookie)]
        await send({"type": "http.response.start", "status": 303, "headers": [*headers, (b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def _counted(self, scope: Scope, send: Send) -> Send:
        """Return `send` with the headers added, that also counts the answer."""
        start = perf_counter()
        path = scope["path"]
        route = path if path in self._paths else "page" if path.startswith("/page/") else "other"

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = [*message.get("headers", ()), *HEADERS]
                if any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers):
                    headers += PAGE_HEADERS
                if route == "page" or path == "/":
                    headers.append(FRESH)
                if self._service.leaving:
                    headers.append((b"connection", b"close"))
                self._service.metrics.answered(route, message["status"], perf_counter() - start)
            await send(message)

        return counted


async def send_refusal(send: Send, refused: ServiceError, metrics: Metrics) -> None:
    """Answer with a refusal, and count it where it is a limit."""
    if refused.limit:
        metrics.refused(refused.limit)
    body = as_json(record_of(refused))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.encode(), value.encode()) for name, value in headers_of(refused).items()]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _forbidden(sentence: str) -> ServiceError:
    return ServiceError(sentence, status=403)


def _token_of(scope: Scope) -> bytes:
    """Return the token at the head of a link's query; only a person's own click opens such a link."""
    query: bytes = scope["query_string"]
    if not query.startswith(b"token=") or scope.get("method") != "GET":
        return b""
    return query[len(b"token=") :].partition(b"&")[0]


def _is_known(header: bytes, names: Collection[str]) -> bool:
    """Tell whether a Host header names this service: by an address, which no DNS can turn, or by an allowed name."""
    text = header.decode("latin-1").lower()
    name = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    name = name.removesuffix(".")
    if name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_foreign(scope: Scope, headers: Mapping[bytes, bytes], host: bytes) -> bool:
    """Tell whether a page of another site made the browser send this."""
    origin = headers.get(b"origin")
    if origin is not None and origin.partition(b"://")[2].lower() != host.lower():
        return True
    site = headers.get(b"sec-fetch-site", b"none")
    if site in (b"same-origin", b"none"):
        return False
    followed = headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
    return not (scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and followed)

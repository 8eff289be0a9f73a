"""Requests over many connections at once, as fast as they are answered or at a given rate, and how long each took."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from time import perf_counter

import numpy as np

__all__ = ["Load", "form", "paced", "request", "steady"]

BOUNDARY = "benchmark-of-lenet"


@dataclass
class Load:
    """What became of the requests of a while.

    Parameters
    ----------
    seconds : from the first request to the last answer.
    latencies : seconds of each request, in the order of the answers.
    statuses : how many answers had which status.
    cut : seconds after which a request's connection ended without an answer. A service that ends closes connections
        that it thinks idle; a request that is on the wire then is cut after no time at all.
    bodies : the first few answers.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    cut: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests answered with 200, a second."""
        return self.statuses[200] / self.seconds

    def percentile(self, share: float) -> float:
        """Return the milliseconds within which `share` percent of all requests were answered."""
        return float(np.percentile(self.latencies, share)) * 1000


def form(data: bytes, name: str = "digit.png") -> bytes:
    """Return a form that holds one file, as browsers and curl send it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    return f"{head}Content-Type: image/png\r\n\r\n".encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def request(path: str, body: bytes) -> bytes:
    """Return a whole request that posts a form."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def steady(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Keep so many connections busy for a while: each sends its next request when it has its answer."""
    return asyncio.run(_steady(port, requests, connections, seconds))


def paced(port: int, requests: Sequence[bytes], *, rate: float, connections: int, seconds: float) -> Load:
    """Send so many requests a second, whether they are answered or not, over up to so many connections.

    Where all connections wait for answers, a request is left out: it was never sent.
    """
    return asyncio.run(_paced(port, requests, rate, connections, seconds))


async def _steady(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    load, source = Load(), cycle(requests)
    until = perf_counter() + seconds

    def answered(connection: _Connection) -> None:
        if perf_counter() < until:
            connection.send(next(source))
        else:
            connection.close()

    start = perf_counter()
    opened = [await _open(port, load, answered) for _ in range(connections)]
    for connection in opened:
        connection.send(next(source))
    await asyncio.gather(*(connection.closed for connection in opened))
    load.seconds = perf_counter() - start
    return load


async def _paced(port: int, requests: Sequence[bytes], rate: float, connections: int, seconds: float) -> Load:
    load, source, idle, opened = Load(), cycle(requests), list[_Connection](), list[_Connection]()
    start = perf_counter()
    sent = 0
    while (now := perf_counter() - start) < seconds:
        while sent < now * rate:
            sent += 1
            idle[:] = [connection for connection in idle if connection.usable]
            if not idle and len(opened) < connections:
                try:
                    opened.append(await _open(port, load, idle.append))
                except OSError:  # nobody listens any more
                    continue
                idle.append(opened[-1])
            if idle:
                idle.pop().send(next(source))
        await asyncio.sleep(0.001)
    for connection in opened:
        connection.last()
    await asyncio.gather(*(connection.closed for connection in opened))
    load.seconds = perf_counter() - start
    return load


async def _open(port: int, load: Load, answered: object) -> _Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: _Connection(load, answered), "127.0.0.1", port)
    return connection


class _Connection(asyncio.Protocol):
    """One connection with at most one request on its way."""

    def __init__(self, load: Load, answered: object) -> None:
        self._load, self._answered, self._rest = load, answered, b""
        self._sent, self._length, self._status, self._last = 0.0, -1, 0, False
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @property
    def usable(self) -> bool:
        """Whether the other side has not closed it."""
        return not self._transport.is_closing()

    def send(self, data: bytes) -> None:
        self._sent = perf_counter()
        self._transport.write(data)

    def close(self) -> None:
        self._transport.close()

    def last(self) -> None:
        """Close it once its answer is here."""
        self._last = True
        if not self._sent:
            self.close()

    def data_received(self, data: bytes) -> None:
        self._rest = self._rest + data if self._rest else data
        if self._length < 0 and not self._head():
            return
        if len(self._rest) < self._length:
            return
        body, self._rest, self._length = self._rest[: self._length], self._rest[self._length :], -1
        self._load.latencies.append(perf_counter() - self._sent)
        self._load.statuses[self._status] += 1
        if len(self._load.bodies) < 64:
            self._load.bodies.append(body)
        self._sent = 0.0
        if self._last:
            self.close()
        else:
            self._answered(self)  # type: ignore[operator]

    def _head(self) -> bool:
        """Take the head of an answer off what has come, if all of it has."""
        end = self._rest.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self._rest[:end].lower()
        self._status = int(head[9:12])
        self._last |= b"\r\nconnection: close" in head
        length = head.find(b"content-length:")
        self._length = int(head[length + 15 :].split(b"\r\n", 1)[0])
        self._rest = self._rest[end + 4 :]
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        if self._sent:
            self._load.cut.append(perf_counter() - self._sent)
        self.closed.set_result(None)

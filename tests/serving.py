"""A service in a thread of the tests' own process, and plain requests to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any, NamedTuple

import pytest

BOUNDARY = "a-boundary"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class Served:
    """A service that runs, at a port of the loopback address."""

    def __init__(self, port: int, service: Any, stop: Any) -> None:
        self.port, self.service, self.stop = port, service, stop

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Send one request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_host="Host" in (headers or {}))
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None and not {"Transfer-Encoding", "Content-Length"} & set(headers or {}):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def post(self, path: str, *files: bytes, **options: str) -> Answer:
        """Send pictures and options as a form."""
        kind, body = form(*files, **options)
        return self.ask("POST", path, body, {"Content-Type": kind})


def form(*files: bytes, **options: str) -> tuple[str, bytes]:
    """Return the content type and body of a form."""
    parts = [
        b'; name="file"; filename="%d.png"\r\nContent-Type: image/png\r\n\r\n%b' % pair for pair in enumerate(files)
    ]
    parts += [f'; name="{name}"\r\n\r\n{value}'.encode() for name, value in options.items()]
    inner = b"".join(b"--%b\r\nContent-Disposition: form-data%b\r\n" % (BOUNDARY.encode(), part) for part in parts)
    return f"multipart/form-data; boundary={BOUNDARY}", inner + f"--{BOUNDARY}--\r\n".encode()


@contextmanager
def served(**options: Any) -> Iterator[Served]:
    """Run a service until the end of the block; `options` are those of `create_app`."""
    uvicorn = pytest.importorskip("uvicorn")
    pytest.importorskip("fastapi")
    from lenet.serve import create_app

    app = create_app(**options)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    service = app.state.service
    until = time.monotonic() + 60
    while not (server.started and service.ready) and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.01)
    assert service.ready, "the service did not start"

    def stop() -> None:
        server.should_exit = True
        thread.join(60)

    try:
        yield Served(server.servers[0].sockets[0].getsockname()[1], service, stop)
    finally:
        stop()
        assert not thread.is_alive()

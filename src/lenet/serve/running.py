"""Run the service with uvicorn until a signal ends it, and finish what was accepted."""

from __future__ import annotations

import ipaddress
import math
import signal
import socket
import sys
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from importlib import import_module
from typing import Any

from lenet.errors import InputError, MissingExtraError
from lenet.serve.app import create_app
from lenet.serve.limits import Limits
from lenet.serve.service import Service

__all__ = ["is_loopback", "serve"]

SWITCH = 0.0005
"""Seconds for which a thread may hold the interpreter while others wait: the event loop takes turns with threads that
read, and Python's own 0.005 would be the time of a whole answer."""

LEAVING = 1.0
"""Seconds after SIGTERM in which requests are still taken, and every answer closes its connection: one that is closed
while it seems idle may have the next request on the wire. /ready says 503 meanwhile, so that others stay away."""

IDLE = 75
"""Seconds after which a connection that nobody uses is closed."""


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: Limits | None = None,
    hosts: Collection[str] = (),
    on_start: Callable[[str], None] | None = None,
    **options: Any,
) -> None:
    """Serve until SIGTERM or SIGINT; what was accepted by then is answered first.

    Parameters
    ----------
    host : the address to listen on; 127.0.0.1 is reached from this machine alone.
    port : 0 takes one that is free.
    limits, hosts : as for `create_app`; `host` is known in any case.
    on_start : called with the service's address, once it listens.
    **options : those of `create_app`.

    Raises
    ------
    InputError
        The address cannot be listened on.
    MissingExtraError
        FastAPI or uvicorn is not installed.
    """
    limits = limits or Limits()
    uvicorn = _uvicorn()
    with _listening(host, port) as listener:
        app = create_app(limits=limits, hosts=[*hosts, host], **options)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="on",
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=math.ceil(limits.seconds) + 5,
        )
        if on_start is not None:
            on_start(_address(listener, host))
        server = uvicorn.Server(config)
        server.handle_exit = _leaving(server.handle_exit, app.state.service)
        _until_signal(server, listener)


def is_loopback(host: str) -> bool:
    """Tell whether an address is reached from this machine alone."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _uvicorn() -> Any:
    try:
        return import_module("uvicorn")
    except ImportError as error:
        raise MissingExtraError("the service needs FastAPI and uvicorn: pip install 'lenet[serve]'") from error


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that a port that is taken is said before anything is loaded."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError, UnicodeError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{host}, port {port}, cannot be listened on ({words.lower()}); choose another address, or port, "
            "0 for any that is free"
        ) from error


def _address(listener: socket.socket, host: str) -> str:
    name = "localhost" if host in ("", "0.0.0.0", "::") else host
    return f"http://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}/"


def _leaving(leave: Callable[[int, Any], None], service: Service) -> Callable[[int, Any], None]:
    """Return what SIGTERM does: let everybody know, and leave a little later; a second signal is obeyed at once."""

    def handle(number: int, frame: Any) -> None:
        if number != signal.SIGTERM or service.leaving:
            leave(number, frame)
            return
        service.leaving = True
        later = threading.Timer(LEAVING, leave, [number, frame])
        later.daemon = True
        later.start()

    return handle


def _until_signal(server: Any, listener: socket.socket) -> None:
    """Serve; uvicorn drains at a signal and then raises it again, which SIGTERM is not to end us for.

    A signal that comes before uvicorn listens to it ends the service as soon as it has started.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True)) if main else None
    try:
        server.run(sockets=[listener])
    finally:
        sys.setswitchinterval(usual)
        if main:
            signal.signal(signal.SIGTERM, before)

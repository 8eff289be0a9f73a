"""The service and its page, running in this process for tests and benchmarks of the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["served"]


@contextmanager
def served(**options: Any) -> Iterator[str]:
    """Run the service on a free port of the loopback address; gives its address. Options go to `create_app`."""
    import uvicorn

    from lenet.serve import create_app

    config = uvicorn.Config(create_app(**options), host="127.0.0.1", port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the service did not start")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)

"""`POST /v1/predict` over 32 connections, against a service of twenty lines with Pillow and ONNX Runtime."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO

import numpy as np
from PIL import Image

from benchmarks.http_load import Load, form, request, steady
from benchmarks.records import Figure
from benchmarks.subject import WORK, command

CONNECTIONS, ROUNDS, SECONDS, WARM_UP = 32, 9, 3.0, 1.0
PICTURES = 256
LENET = [command(), "serve", "--no-open", "--port"]
PEER = [sys.executable, "-m", "uvicorn", "benchmarks.peers.http_service:app", "--log-level", "warning",
        "--no-access-log", "--port"]  # fmt: skip
WAYS = {
    "lenet, picture as it is": ("lenet", "/v1/predict?prepare=none"),
    "lenet, digit found on its paper": ("lenet", "/v1/predict"),
    "FastAPI + Pillow + ONNX Runtime, def": ("peer", "/threads"),
    "FastAPI + Pillow + ONNX Runtime, async": ("peer", "/loop"),
}
SETTING = f"{CONNECTIONS} connections, client on the same machine"


def measure(rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Figure]:
    """Return requests a second and 99th percentiles; both services run all the time, and are asked in turns."""
    from benchmarks.subject import Subject

    if not Subject.onnx.exists():
        Subject.write()
    bodies, labels = pictures()
    loads: dict[str, list[Load]] = {name: [] for name in WAYS}
    with ExitStack() as stack:
        ports = {"lenet": stack.enter_context(running(LENET)), "peer": stack.enter_context(running(PEER))}
        for turn in range(rounds + 1):
            for name, (service, path) in WAYS.items():
                requests = [request(path, body) for body in bodies]
                load = steady(ports[service], requests, connections=CONNECTIONS, seconds=seconds if turn else WARM_UP)
                if turn:
                    loads[name].append(load)
                else:
                    check(name, load, labels)
    return [*_rates(loads), *ratios(loads)]


def pictures() -> tuple[list[bytes], list[str]]:
    """Return the first pictures of MNIST's test set as forms that hold a PNG, white on black as they are."""
    import lenet

    data = lenet.load_mnist("test")
    bodies = []
    for image in data.images[:PICTURES]:
        content = BytesIO()
        Image.fromarray(image.reshape(28, 28)).save(content, "PNG")
        bodies.append(form(content.getvalue()))
    return bodies, [str(label) for label in data.labels[:PICTURES]]


def check(name: str, load: Load, labels: Sequence[str]) -> None:
    """Stop where a service does not answer with 200 and, for most pictures, the right class.

    Answers come in the order of their connections, not of the requests, so classes are counted.
    """
    if set(load.statuses) != {200}:
        sys.exit(f"{name} answered {dict(load.statuses)}; 200 was expected")
    answers = Counter(json.loads(body)["class"] for body in load.bodies)
    if (answers - Counter(labels)).total() > len(load.bodies) // 4:
        sys.exit(f"{name} answered {dict(answers)}; about as many of each digit as were sent were expected")


@contextmanager
def running(command: list[str]) -> Iterator[int]:
    """Run a service on a free port until the end of the block; give the port."""
    port = free_port()
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "service.log").open("a") as log:
        process = subprocess.Popen([*command, str(port)], stdout=log, stderr=log, env=os.environ)
        try:
            until_ready(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a service answers, and says that it is ready."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(b"GET /ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if b" 503 " not in connection.recv(64):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit(f"a service did not start; see {WORK / 'service.log'}")


def _rates(loads: dict[str, list[Load]]) -> Iterator[Figure]:
    for name, rounds in loads.items():
        yield Figure.of("serve", name, [load.rate for load in rounds], "requests/s")
        yield Figure.of("serve", f"{name}: half within", [load.percentile(50) for load in rounds], "ms")
        yield Figure.of("serve", f"{name}: 99 % within", [load.percentile(99) for load in rounds], "ms")


def ratios(loads: dict[str, list[Load]]) -> Iterator[Figure]:
    """Compare with the better of the peer's two forms, in each round and for each of the two figures."""
    peers = [loads[name] for name, (service, _) in WAYS.items() if service == "peer"]
    rate = np.max([[load.rate for load in rounds] for rounds in peers], axis=0)
    tail = np.min([[load.percentile(99) for load in rounds] for rounds in peers], axis=0)
    for name, (service, _) in WAYS.items():
        if service == "peer":
            continue
        words = f"`POST /v1/predict`, {name.removeprefix('lenet, ')}, against FastAPI + Pillow + ONNX Runtime"
        rates, tails = ([getter(load) for load in loads[name]] for getter in (_rate, _tail))
        yield Figure.of("serve", f"{name} : peer, requests", rates / rate, "x", SETTING, f"{words}, requests a second")
        yield Figure.of("serve", f"{name} : peer, 99 %", tails / tail, "x", SETTING, f"{words}, 99th percentile")


def _rate(load: Load) -> float:
    return load.rate


def _tail(load: Load) -> float:
    return load.percentile(99)

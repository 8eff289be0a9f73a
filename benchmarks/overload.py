"""Ten times what the service can carry, for a minute, and SIGTERM in the middle: `python -m benchmarks.overload`.

What has to hold: everybody is answered, with 200 or 429 and Retry-After; memory is flat; what was accepted when the
signal comes is answered before the service ends, with exit status 0.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http_load import Load, form, paced, request, steady
from benchmarks.serve import LENET, free_port, until_ready

PICTURE = Path(__file__).parent.parent / "examples" / "pictures" / "field-amount.jpg"
SECONDS, TIMES, MEASURED = 60.0, 10.0, 3.0
CONNECTIONS = 900
"""At most; below the 1,024 files that a process may usually have open."""

GROWTH = 0.05
"""Share by which the service may hold more memory in the second half than in the first."""

ON_THE_WIRE = 0.5
"""Seconds after which a request that was cut off must have been taken by the service, and not only been sent."""

DRAIN = 5.0
"""Seconds of load before the signal in the second part."""


@dataclass
class Outcome:
    """What was seen.

    Parameters
    ----------
    capacity : requests a second that are answered where 16 connections wait for each other.
    load : what became of the requests of the overload.
    memory : resident bytes, sampled all the time.
    drained : what became of the requests that were sent until and when SIGTERM came.
    status : the exit status of the service.
    """

    capacity: float
    load: Load
    memory: list[int]
    drained: Load
    status: int

    def faults(self) -> list[str]:
        """Return what does not hold, in sentences."""
        found = []
        if set(self.load.statuses) - {200, 429}:
            found.append(f"answers were {dict(self.load.statuses)}, not only 200 and 429")
        if not self.load.statuses[429]:
            found.append("nobody was refused, so it was no overload")
        if self.growth() > GROWTH:
            found.append(f"memory grew by {self.growth():.1%} from the first half to the second")
        if self.load.cut:
            found.append(f"{len(self.load.cut)} requests were cut off")
        if set(self.drained.statuses) - {200, 429}:
            found.append(f"at SIGTERM, answers were {dict(self.drained.statuses)}, not only 200 and 429")
        if lost := [seconds for seconds in self.drained.cut if seconds > ON_THE_WIRE]:
            found.append(f"at SIGTERM, {len(lost)} requests were cut off that the service must have begun")
        if self.status != 0:
            found.append(f"the service ended with status {self.status}")
        return found

    def growth(self) -> float:
        """Return by how much the most memory of the second half exceeds that of the first."""
        half = len(self.memory) // 2
        return max(self.memory[half:]) / max(self.memory[:half]) - 1


def overload(command: list[str], *, seconds: float = SECONDS, times: float = TIMES, drain: float = DRAIN) -> Outcome:
    """Run a service, find out what it can carry, and send it `times` as much."""
    port = free_port()
    requests = [request("/v1/read?kind=amount", form(PICTURE.read_bytes(), PICTURE.name))]
    process = subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_ready(port, process)
        steady(port, requests, connections=16, seconds=1.0)
        capacity = steady(port, requests, connections=16, seconds=min(MEASURED, seconds)).rate
        rate = times * capacity
        with _Memory(process.pid) as memory:
            load = paced(port, requests, rate=rate, connections=CONNECTIONS, seconds=seconds)
        timer = threading.Timer(drain / 2, process.send_signal, [signal.SIGTERM])
        timer.start()
        drained = paced(port, requests, rate=rate, connections=CONNECTIONS, seconds=drain)
        return Outcome(capacity, load, memory.samples, drained, process.wait(90))
    finally:
        process.kill()
        process.wait()


class _Memory:
    """Samples the resident memory of a process in a thread."""

    def __init__(self, pid: int) -> None:
        self.samples: list[int] = []
        self._path, self._done = Path(f"/proc/{pid}/statm"), threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self.samples.append(int(self._path.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def main() -> None:
    """Overload a service and say what was seen; exit status 1 where something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--times", type=float, default=TIMES, help="as much as it can carry")
    options = parser.parse_args()
    start = time.perf_counter()
    outcome = overload(LENET, seconds=options.seconds, times=options.times)
    load = outcome.load
    print(f"it carries {outcome.capacity:,.0f} fields a second; {options.times:g} times as many were sent")
    print(f"answers: {dict(load.statuses)}, {load.rate:,.0f} read a second, half within {load.percentile(50):.0f} ms")
    first, last = (part / 1e6 for part in (max(outcome.memory[: len(outcome.memory) // 2]), max(outcome.memory)))
    print(f"memory: at most {first:.0f} MB in the first half, {last:.0f} MB in all")
    drained = outcome.drained
    print(
        f"with SIGTERM: {dict(drained.statuses)}, {len(drained.cut)} cut off on the wire, exit status {outcome.status}"
    )
    print(f"({time.perf_counter() - start:.0f} s)")
    for fault in outcome.faults():
        print(f"FAULT: {fault}")
    sys.exit(1 if outcome.faults() else 0)


if __name__ == "__main__":
    main()

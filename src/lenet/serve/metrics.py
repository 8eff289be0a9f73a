"""What the service counts, as Prometheus' text format. All is written from the event loop."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

__all__ = ["Histogram", "Metrics"]

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BATCHES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


class Histogram:
    """How many values were at most so large, cumulatively, as Prometheus wants it."""

    def __init__(self, name: str, labels: str, bounds: Sequence[float]) -> None:
        self._name, self._labels, self._bounds = name, labels, bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self) -> Iterator[str]:
        """Give the lines of the text format."""
        comma = "," if self._labels else ""
        total = 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            yield f'{self._name}_bucket{{{self._labels}{comma}le="{bound}"}} {total}'
        labels = f"{{{self._labels}}}" if self._labels else ""
        yield f"{self._name}_sum{labels} {self._sum:.6f}"
        yield f"{self._name}_count{labels} {total}"


class Metrics:
    """Counts of requests, and of the work that they made.

    Attributes
    ----------
    gauges : functions that say what is at the moment, by the name and labels under which it is shown.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._requests: Counter[tuple[str, int]] = Counter()
        self._refusals: Counter[str] = Counter()
        self._seconds: dict[str, Histogram] = {}
        self._batches = {"predict": Histogram("lenet_batch_requests", 'lane="predict"', BATCHES)}
        self.gauges: dict[str, Callable[[], float]] = {}

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is one of a bounded number of names."""
        self._requests[route, status] += 1
        if route not in self._seconds:
            self._seconds[route] = Histogram("lenet_request_seconds", f'route="{route}"', SECONDS)
        self._seconds[route].add(seconds)

    def refused(self, limit: str) -> None:
        """Count a request that met a limit, named as its option."""
        self._refusals[limit.lstrip("-")] += 1

    def batch(self, requests: int, _seconds: float) -> None:
        """Count requests for classes that went through the network together."""
        self._batches["predict"].add(requests)

    def text(self) -> str:
        """Return all of it in Prometheus' text format, version 0.0.4."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from _head("lenet_info", "gauge", "The version that runs.")
        yield f'lenet_info{{version="{self._version}"}} 1'
        yield from _head("lenet_requests_total", "counter", "Requests by route and status.")
        for (route, status), count in sorted(self._requests.items()):
            yield f'lenet_requests_total{{route="{route}",status="{status}"}} {count}'
        yield from _head("lenet_refusals_total", "counter", "Requests that met a limit.")
        for limit, count in sorted(self._refusals.items()):
            yield f'lenet_refusals_total{{limit="{limit}"}} {count}'
        yield from _head("lenet_request_seconds", "histogram", "Seconds from a request's head to its answer.")
        for _, histogram in sorted(self._seconds.items()):
            yield from histogram.lines()
        yield from _head("lenet_batch_requests", "histogram", "Requests that went through the network together.")
        for histogram in self._batches.values():
            yield from histogram.lines()
        yield from self._gauges()
        yield from _head("process_resident_memory_bytes", "gauge", "Memory in use.")
        yield f"process_resident_memory_bytes {_resident()}"

    def _gauges(self) -> Iterator[str]:
        yield from _head("lenet_places", "gauge", "Places in use, and the most there are.")
        for name, value in self.gauges.items():
            yield f"{name} {value():g}"


def _head(name: str, kind: str, words: str) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"


def _resident() -> int:
    """Return bytes of memory in use; 0 where /proc does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0

"""Work off the event loop: a bounded number of requests, threads that take them, several at a time where that pays.

A request takes its place before its body is read, so that what waits is bounded in memory, too. Whatever waits when a
thread becomes free is taken together, up to a number. Requests whose bodies came in the same turn of the event loop
wait together; one request alone never waits for company. What takes less time than the way to a thread and back is done
in the event loop at once, a few at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Generic, TypeVar

from lenet.errors import ServiceError
from lenet.serve.limits import OPTIONS

__all__ = ["Lane", "Place", "each"]

Work = TypeVar("Work")
Result = TypeVar("Result")

A_TURN = 16
"""Requests that are looked at in one turn of the event loop; of ours: some milliseconds."""

_SMOOTHING = 0.1
"""How much the latest time of a piece of work counts in their mean; of ours."""


def each(work: Sequence[Callable[[], Result]]) -> list[Result | Exception]:
    """Call one function after the other; give what it returns or raises."""
    results: list[Result | Exception] = []
    for function in work:
        try:
            results.append(function())
        except Exception as error:
            results.append(error)
    return results


class Lane(Generic[Work, Result]):
    """Threads that do one kind of work, and the bounded row of requests in front of them.

    Used from one event loop; `do` runs in the threads.

    Parameters
    ----------
    name : of its threads, and in the metrics.
    do : from some work to as many results or errors.
    threads : how many.
    together : how much work is taken at once.
    places : requests at once, from the first byte of their body to their answer.
    memory : bytes that their bodies may have together.
    at_once : does in the event loop what takes no time, and returns None for what has to go to a thread.

    Attributes
    ----------
    taken : places that are in use.
    """

    def __init__(
        self,
        name: str,
        do: Callable[[Sequence[Work]], Sequence[Result | Exception]],
        *,
        threads: int,
        together: int,
        places: int,
        memory: int,
        at_once: Callable[[Sequence[Work]], Sequence[Result | Exception | None]] | None = None,
    ) -> None:
        self.name, self.places, self.taken = name, places, 0
        self._memory, self._held = memory, 0
        self.on_done: Callable[[int, float], None] | None = None
        self._do, self._together, self._at_once = do, together, at_once
        self._jobs: SimpleQueue[_Job[Work, Result] | None] = SimpleQueue()
        self._fresh: list[_Job[Work, Result]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._seconds = 0.0
        self._threads = [
            threading.Thread(target=self._run, name=f"lenet-{name}-{index}", daemon=True) for index in range(threads)
        ]

    def start(self) -> None:
        """Start the threads, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the threads end after what they were given."""
        while self._fresh:
            self._flush()
        for _ in self._threads:
            self._jobs.put(None)

    @contextlib.contextmanager
    def place(self, size: int = 0) -> Iterator[Place[Work, Result]]:
        """Take a place for one request of so many bytes; raise `ServiceError` 429 where there is none."""
        if self.taken >= self.places or (self.taken and self._held + size > self._memory):
            raise self._full()
        self.taken += 1
        self._held += size
        place = Place(self, size)
        try:
            yield place
        finally:
            if place.job is None or place.job.claim() is not None:
                self._leave(size)

    def _leave(self, size: int) -> None:
        self.taken -= 1
        self._held -= size

    def _enter(self, job: _Job[Work, Result]) -> None:
        """Let a job wait, from the end of this turn of the event loop on.

        A thread that was woken by the first of several would take it alone, and the others would wait for its return.
        """
        assert self._loop is not None
        self._fresh.append(job)
        if len(self._fresh) == 1:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Do what takes no time, and hand the rest to the threads; a few at a time, so that others have their turn."""
        jobs, self._fresh = self._fresh[:A_TURN], self._fresh[A_TURN:]
        if self._fresh and self._loop is not None:
            self._loop.call_soon(self._flush)
        for job in jobs if self._at_once is None else self._not_at_once(jobs, self._at_once):
            self._jobs.put(job)

    def _not_at_once(
        self,
        jobs: list[_Job[Work, Result]],
        at_once: Callable[[Sequence[Work]], Sequence[Result | Exception | None]],
    ) -> list[_Job[Work, Result]]:
        """Do at once what can be, and return the other jobs."""
        claimed = [(job, work[0]) for job in jobs if (work := job.claim()) is not None]
        start = perf_counter()
        try:
            results = at_once([work for _, work in claimed])
        except Exception as error:
            results = [error] * len(claimed)
        rest, done, found = [], [], list[Result | Exception]()
        for (job, given), result in zip(claimed, results, strict=True):
            if result is None:
                job.give_back(given)
                rest.append(job)
            else:
                done.append(job)
                found.append(result)
        if done:
            self._settle(done, found, perf_counter() - start)
        return rest

    def retry_after(self) -> int:
        """Return seconds after which what is waiting now should be done."""
        return max(1, math.ceil(self.taken * self._seconds / len(self._threads)))

    def _full(self) -> ServiceError:
        many = self.taken >= self.places
        limit, most = (OPTIONS["waiting"], f"{self.places}") if many else (OPTIONS["body"], f"{self._memory:,} bytes")
        return ServiceError(
            f"{self.taken} requests with {self._held:,} bytes are waiting, and this service holds no more than {most} "
            f"at once; send it again after Retry-After seconds, or start the service with a higher {limit}",
            status=429,
            limit=limit,
            retry_after=self.retry_after(),
        )

    def _run(self) -> None:
        """Do work until told to stop: the life of a thread."""
        assert self._loop is not None
        while (job := self._jobs.get()) is not None:
            batch = list(self._claimed(job))
            if not batch:
                continue
            start = perf_counter()
            try:
                results = self._do([work for _, work in batch])
            except Exception as error:
                results = [error] * len(batch)
            seconds = perf_counter() - start
            jobs = [job for job, _ in batch]
            del batch
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(self._settle, jobs, results, seconds)
            del job, jobs, results  # or the last ones stay in memory until the next come

    def _claimed(self, first: _Job[Work, Result]) -> Iterator[tuple[_Job[Work, Result], Work]]:
        """Give the first job and those behind it, as far as somebody still waits for them."""
        job: _Job[Work, Result] | None = first
        for count in range(self._together):
            if job is None:
                self._jobs.put(None)  # for the one whose it was to stop
                return
            work = job.claim()
            if work is not None:
                yield job, work[0]
            if count + 1 < self._together:
                try:
                    job = self._jobs.get_nowait()
                except Empty:
                    return

    def _settle(self, jobs: list[_Job[Work, Result]], results: Sequence[Result | Exception], seconds: float) -> None:
        """Hand results to those who wait for them; runs in the event loop."""
        mean = seconds / len(jobs)
        self._seconds += _SMOOTHING * (mean - self._seconds) if self._seconds else mean
        if self.on_done is not None:
            self.on_done(len(jobs), seconds)
        for job, result in zip(jobs, results, strict=True):
            self._leave(job.size)
            if job.future.done():
                continue
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)


class Place(Generic[Work, Result]):
    """A request's place in a lane."""

    __slots__ = ("_lane", "_size", "job")

    def __init__(self, lane: Lane[Work, Result], size: int) -> None:
        self._lane, self._size = lane, size
        self.job: _Job[Work, Result] | None = None

    async def do(self, work: Work) -> Result:
        """Wait until a thread has done this work; once a place."""
        self.job = _Job(work, asyncio.get_running_loop().create_future(), self._size)
        self._lane._enter(self.job)
        return await self.job.future


class _Job(Generic[Work, Result]):
    """Work that waits, and the future of its result. Who claims it, a thread or the one who gives up, has it alone."""

    __slots__ = ("_work", "future", "size")

    def __init__(self, work: Work, future: asyncio.Future[Result], size: int) -> None:
        self._work, self.future, self.size = [work], future, size

    def give_back(self, work: Work) -> None:
        """Put claimed work back, for the next who claims it."""
        self._work.append(work)

    def claim(self) -> list[Work] | None:
        """Take the work out, once: `list.pop` is atomic."""
        try:
            return [self._work.pop()]
        except IndexError:
            return None

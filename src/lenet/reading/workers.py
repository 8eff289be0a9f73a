"""Processes that read side by side, each a group of documents at a time; one may die of a document without the run.

They are programs of their own that are told over pipes what to do, so a script that starts them needs no guard around
its main part, and when whoever started them is killed, they end.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, BinaryIO

from lenet.errors import LenetError
from lenet.reading.batch import Part

__all__ = ["Group", "WorkerDied", "read_in_processes", "serve"]

AHEAD = 32
"""Groups for each process that may be begun before the one whose turn it is has ended."""
HELD = 16
"""Parts of a group that wait for their turn; then its process waits."""
LAST = 10
"""Seconds that a process may take to end."""
FLAGS = (("-I", "isolated"), ("-E", "ignore_environment"), ("-s", "no_user_site"), ("-S", "no_site"))
"""Options of Python that its processes share with it."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Of the libraries under NumPy: there is a process for each core already."""

Read = Callable[[Sequence[str], int], Iterator[Part]]
"""Reads documents together, without the first pages of the first: one part for all, or for one document any number."""


@dataclass(frozen=True)
class Group:
    """Documents that are read together, and how many pages of the first are to be left out."""

    documents: tuple[str, ...]
    after: int = 0


class WorkerDied(Exception):  # noqa: N818 (it says what happened, and never leaves this module)
    """A process ended while it was to read."""


def read_in_processes(read: Read, groups: Iterator[Group], processes: int) -> Iterator[Part]:
    """Yield the parts of all groups in their order, read by so many processes.

    A process that dies (of a crash, or killed since memory is short) is replaced, and its document is read once more;
    if it dies of that again, the document is set aside as bad. Of documents that were read together, those that it dies
    of are found by reading each alone, likewise; then the others are read together.

    Raises
    ------
    LenetError
        The processes cannot be started.
    """
    pool = _Pool(read, processes)
    try:
        yield from pool.parts(groups)
    finally:
        pool.close()


class _Pool:
    """Threads that each hold a process; groups are given to them in order, and their parts taken in order."""

    def __init__(self, read: Read, processes: int) -> None:
        content = pickle.dumps(read)
        self._closing, self._room = Event(), AHEAD * processes
        self._tasks: Queue[tuple[Group, Queue[Any]] | None] = Queue()
        self._workers = [_Worker(content) for _ in range(processes)]
        self._threads = [Thread(target=self._work, args=(worker,), daemon=True) for worker in self._workers]
        for thread in self._threads:
            thread.start()

    def parts(self, groups: Iterator[Group]) -> Iterator[Part]:
        waiting: deque[Queue[Any]] = deque()
        while True:
            for group in groups:
                waiting.append(Queue(HELD))
                self._tasks.put((group, waiting[-1]))
                if len(waiting) >= self._room:
                    break
            if not waiting:
                return
            inbox = waiting.popleft()
            while (part := inbox.get()) is not None:
                if isinstance(part, BaseException):
                    raise part
                yield part

    def _work(self, worker: _Worker) -> None:
        while (task := self._tasks.get()) is not None:
            group, inbox = task
            try:
                for part in _survived(worker, group):
                    self._put(inbox, part)
            except Exception as error:  # handed to whoever takes the parts
                self._put(inbox, error)
            self._put(inbox, None)

    def _put(self, inbox: Queue[Any], part: Part | BaseException | None) -> None:
        while not self._closing.is_set():
            with suppress(Full):
                inbox.put(part, timeout=0.2)
                return

    def close(self) -> None:
        self._closing.set()
        while True:
            try:
                self._tasks.get_nowait()
            except Empty:
                break
        for _ in self._threads:
            self._tasks.put(None)
        for worker in self._workers:
            worker.kill()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.close()


def _survived(worker: _Worker, group: Group) -> Iterator[Part]:
    """Give what comes of a group, whatever becomes of the process."""
    if len(group.documents) == 1:
        yield from _twice(worker, group)
        return
    try:
        yield from list(worker.ask(group))
    except WorkerDied:
        yield _each_alone(worker, group)


def _twice(worker: _Worker, group: Group) -> Iterator[Part]:
    """Read one document; where the process dies, go on once after its last page."""
    for again in (False, True):
        try:
            for part in worker.ask(group):
                group = replace(group, after=max(group.after, part.page))
                yield part
        except WorkerDied as death:
            if again:
                why = f"the process that read it {death}, twice; if memory is short, use fewer processes"
                yield Part(documents=1, bad=((group.documents[0], why),))
        else:
            return


def _each_alone(worker: _Worker, group: Group) -> Part:
    """Find out of which documents the process dies, and read the others together, so that the numbers are the same."""
    parts, bad = list[Part](), dict[str, str]()
    for document in group.documents:
        parts += _twice(worker, Group((document,)))
        bad |= dict(parts[-1].bad)
    rest = tuple(document for document in group.documents if document not in bad)
    if rest:
        with suppress(WorkerDied):  # together they may be too much; alone they were not
            parts = list(worker.ask(Group(rest)))
    return Part(
        b"".join(part.lines for part in parts),
        sum(part.readings for part in parts),
        len(group.documents),
        bad=tuple((document, bad[document]) for document in group.documents if document in bad),
    )


class _Worker:
    """One process, started when it is first asked and again when it is asked after its death."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def ask(self, group: Group) -> Iterator[Part]:
        """Let the process read a group; raise `WorkerDied` where it ends before that is done."""
        if self._closed:
            raise LenetError("the processes were ended")
        process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _send(process.stdin, group)
            while (part := pickle.load(process.stdout)) is not None:
                yield part
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise WorkerDied(self._end()) from error

    def _started(self) -> subprocess.Popen[bytes]:
        flags = [flag for flag, name in FLAGS if getattr(sys.flags, name)]
        program = f"import sys; sys.path[:] = {sys.path!r}; from lenet.reading.workers import serve; serve()"
        process = subprocess.Popen(
            [sys.executable, *flags, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | ONE_THREAD,
            process_group=0 if os.name == "posix" else None,  # Ctrl-C is for whoever started us, who ends us
        )
        self._process = process
        if self._closed:
            process.kill()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(self._content)
            process.stdin.flush()
            pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise LenetError(
                f"a process for reading {self._end()} before it read anything; read in one process (--processes 1) "
                "to see why"
            ) from error
        return process

    def _end(self) -> str:
        """Say how the process ended, and forget it."""
        process, self._process = self._process, None
        assert process is not None
        try:
            status = process.wait(LAST)
        except subprocess.TimeoutExpired:  # it closed its pipes, and is of no use
            process.kill()
            status = process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what it did not read any more
                pipe.close()
        if status >= 0:
            return f"ended with status {status}"
        return f"was ended by {signal.Signals(-status).name}"

    def kill(self) -> None:
        """End the process, whatever it is at; who waits for its answer gets `WorkerDied`."""
        self._closed, process = True, self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Take leave of a process that was killed."""
        if self._process is not None:
            self._end()


def _send(pipe: BinaryIO | Any, value: object) -> None:
    pickle.dump(value, pipe)
    pipe.flush()


def serve() -> None:
    """Be such a process: read what stdin says, and write the parts to stdout until stdin ends."""
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not stand among the answers
    try:
        read: Read = pickle.load(orders)
        _send(answers, True)
        while True:
            group: Group = pickle.load(orders)
            for part in read(group.documents, group.after):
                _send(answers, part)
            _send(answers, None)
    except (EOFError, BrokenPipeError):
        os._exit(0)  # there is nobody to answer

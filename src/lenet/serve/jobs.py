"""Long work behind the page: in a thread of its own, watched by whoever asks for it, and ended when nobody does."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from lenet.errors import LenetError
from lenet.network import Network

__all__ = ["MOST", "Busy", "Job", "Jobs", "Stopped"]

MOST = 2
"""Jobs that run at once, for all pages together; of ours: each takes a core or more."""
KEPT = 8
"""Jobs that are remembered; the oldest one that has ended goes first."""
PATIENCE = 30.0
"""Seconds without a question about it after which a job ends: its page has gone."""
LONGEST = 1800.0
"""Seconds that a job may take, pauses included."""
_GOODBYE = 20.0
"""Seconds that are waited for a job at the end of the program."""


class Stopped(Exception):  # noqa: N818 - what happens, not what is wrong
    """Ends the work of a job from inside; nothing is wrong."""


class Busy(Exception):  # noqa: N818
    """As many jobs run as may."""


class Job:
    """Work under way. The worker calls `report`, a page calls the rest.

    Parameters
    ----------
    session : of which page it is; a page has one job at a time.
    patience, longest : as `PATIENCE` and `LONGEST`.

    Attributes
    ----------
    state : "running", "paused", "stopped", "failed" or "done".
    message : why it failed or ended.
    network : what came of it, or None yet.
    """

    def __init__(self, session: str, *, patience: float = PATIENCE, longest: float = LONGEST) -> None:
        self.id = secrets.token_urlsafe(12)
        self.session = session
        self.state = "running"
        self.message = ""
        self.network: Network | None = None
        self._patience, self._until = patience, time.monotonic() + longest
        self._asked = time.monotonic()
        self._points: list[dict[str, Any]] = []
        self._latest: dict[str, Any] = {}
        self._version = 0
        self._told = threading.Condition()
        self._wanted = "running"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ("stopped", "failed", "done")

    def tell(self, point: dict[str, Any] | None = None, **latest: Any) -> None:
        """Keep what is to be shown.

        Parameters
        ----------
        point : one more of a curve; all of them are kept.
        **latest : what replaces what was told before under the same name.
        """
        with self._told:
            if point is not None:
                self._points.append(point)
            self._latest |= latest
            self._version += bool(point or latest)

    def report(self, point: dict[str, Any] | None = None, **latest: Any) -> None:
        """Keep what is to be shown, wait while the page wants a pause, and raise `Stopped` where it is over."""
        self.tell(point, **latest)
        with self._told:
            while self._wanted == "paused" and not self._over():
                self.state = "paused"
                self._told.wait(0.5)
            if self._wanted == "stopped":
                raise Stopped
            if self._over():
                self._wanted, self.message = "stopped", "it took too long, or its page went away"
                raise Stopped
            self.state = "running"

    def _over(self) -> bool:
        now = time.monotonic()
        return self._wanted == "stopped" or now > self._until or now - self._asked > self._patience

    def want(self, state: str) -> None:
        """Ask it to be "running", "paused" or "stopped"; it obeys at its next report."""
        with self._told:
            if self._wanted != "stopped":
                self._wanted = state
            self._asked = time.monotonic()
            self._told.notify_all()

    def since(self, point: int, version: int = 0) -> dict[str, Any]:
        """Return its state, the points from number `point` on, and the rest if it is newer than `version`."""
        with self._told:
            self._asked = time.monotonic()
            return {
                "id": self.id,
                "state": self.state,
                "message": self.message,
                "first": point,
                "points": self._points[point:],
                "version": self._version,
                "latest": dict(self._latest) if self._version > version else None,
                "has_network": self.network is not None and self.has_ended,
            }

    def run(self, work: Callable[[Job], Network]) -> None:
        """Do the work, and remember how it ended; a fault of ours is told to the page, too, and then raised."""
        try:
            self.network = work(self)
            self.state = "done"
        except Stopped:
            self.state = "stopped"
        except LenetError as error:
            self.state, self.message = "failed", str(error)
        except BaseException:
            self.state, self.message = "failed", "the work broke off; the terminal of lenet serve says where"
            raise


class Jobs:
    """The jobs of a service: a few at once, one a page."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._jobs: dict[str, Job] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def start(self, session: str, work: Callable[[Job], Network], **options: float) -> Job:
        """Start work in a thread of its own; an earlier job of the same page is stopped.

        Parameters
        ----------
        session : of which page.
        work : reports to the job and returns a network.
        **options : of `Job`.

        Raises
        ------
        Busy
            As many jobs of other pages run as may, or as many of this one have not stopped yet.
        """
        with self._lock:
            running = [job for job in self._jobs.values() if not job.has_ended]
            for job in running:
                if job.session == session:
                    job.want("stopped")
            others = sum(job.session != session for job in running)
            if others >= self._most or len(running) >= 2 * self._most:  # a page's own stop soon, but not at once
                raise Busy
            job = Job(session, **options)
            self._forget()
            self._jobs[job.id] = job
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._threads.append(
                threading.Thread(target=job.run, args=(work,), name=f"lenet-job-{job.id}", daemon=True)
            )
            self._threads[-1].start()
        return job

    def _forget(self) -> None:
        ended = [key for key, job in self._jobs.items() if job.has_ended]
        for key in ended[: max(0, len(self._jobs) + 1 - KEPT)]:
            del self._jobs[key]

    def get(self, key: str) -> Job | None:
        """Return a job by its id, or None where there is none, or no longer."""
        return self._jobs.get(key)

    def close(self) -> None:
        """Ask all jobs to end, and wait until they have: a thread inside the engine does not outlive the program."""
        for job in list(self._jobs.values()):
            job.want("stopped")
        for thread in self._threads:
            thread.join(_GOODBYE)

"""What the routes share: the networks, the limits, the two lanes of work, and whether all of it is warm."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import numpy as np

from lenet import _engine, weights
from lenet.errors import InputError, LenetError, ServiceError
from lenet.network import Network
from lenet.reading import Reader, Template, load_template, read_page
from lenet.reading.fields import is_field_network
from lenet.serve.bodies import Receive, Request, length_of, read_body
from lenet.serve.limits import Limits, late
from lenet.serve.metrics import Metrics
from lenet.serve.predictions import Predictions
from lenet.serve.readings import Readings
from lenet.serve.work import Lane, each

__all__ = ["Service"]

TOGETHER = 64
"""Requests for classes that go through the network at once, at most; of ours."""

BODIES = 10
"""Bodies of the largest size that may wait in a lane: most are a hundredth of it; of ours."""

Result = TypeVar("Result")


class Service:
    """The networks, and the threads that use them.

    Parameters
    ----------
    models : shipped networks' names, and paths; requests name them by their file's name without suffix.
    templates : paths of forms' templates, named likewise.
    limits : what requests may ask for.
    threads : how many requests are read at once; 0 for as many as `lenet` uses by default.

    Attributes
    ----------
    networks, templates : by name.
    ready : whether requests are answered already.
    leaving : whether a signal has come to end; requests are still answered, but others should stay away.

    Raises
    ------
    InputError, FormatError, GrammarError
        A model or a template cannot be used, or two have one name.
    """

    def __init__(
        self,
        *,
        models: Sequence[str | os.PathLike[str]] = (),
        templates: Sequence[str | os.PathLike[str]] = (),
        limits: Limits | None = None,
        threads: int = 0,
    ) -> None:
        self.limits = limits or Limits()
        self.networks: Mapping[str, Network] = _by_name("model", (*weights.shipped(), *models), weights.load)
        for name, network in self.networks.items():
            _require_characters(name, network)
        self.templates: Mapping[str, Template] = _by_name("template", templates, load_template)
        self.version = _version()
        self.metrics = Metrics(self.version)
        self.ready = self.leaving = False
        self._readings = Readings(self.networks, self.templates, self.limits)
        self._predictions = Predictions(self.networks, self.limits)
        self.predicting: Lane[Request, bytes] = Lane(
            "predict",
            self._predictions,
            at_once=self._predictions.at_once,
            threads=1,
            together=TOGETHER,
            places=self.limits.waiting,
            memory=BODIES * self.limits.body,
        )
        self.reading: Lane[Callable[[], Any], Any] = Lane(
            "read",
            each,
            threads=threads or _engine.default_threads(),
            together=1,
            places=self.limits.waiting,
            memory=BODIES * self.limits.body,
        )
        self._watch()

    def _watch(self) -> None:
        """Let the metrics see the lanes."""
        self.predicting.on_done = self.metrics.batch
        for lane in (self.predicting, self.reading):
            for what in ("taken", "places"):
                name = f'lenet_places{{lane="{lane.name}",what="{what}"}}'
                self.metrics.gauges[name] = partial(getattr, lane, what)

    async def start(self) -> None:
        """Start the threads and warm everything up; `ready` afterwards.

        What is there by then stays, so garbage is no longer looked for in it: that stopped every request for 40 ms,
        once or twice a second under load.
        """
        self.predicting.start()
        self.reading.start()
        await self.run(self._warm)
        gc.collect()
        gc.freeze()
        self.ready = True

    def stop(self) -> None:
        """Let the threads end after what they were given."""
        self.ready = False
        gc.unfreeze()
        self.predicting.stop()
        self.reading.stop()

    async def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function in a thread of the lane for reading, and wait for what it returns.

        Raises
        ------
        ServiceError
            429: too many requests are waiting.
        """
        with self.reading.place() as place:
            result: Result = await place.do(lambda: function(*arguments))
            return result

    async def run_on(self, scope: Mapping[str, Any], receive: Receive, work: Callable[[bytes], Result]) -> Result:
        """Take a place in the lane for reading, receive a request's body, and call a function with it in a thread.

        Raises
        ------
        ServiceError
            429: too many requests are waiting, or their bodies are too long together.
        Gone
            The client hung up before all of its body was here.
        """
        with self.reading.place(length_of(scope["headers"], self.limits)) as place:
            body = await read_body(receive)
            result: Result = await place.do(lambda: work(body))
            return result

    def read(self, request: Request, deadline: float) -> bytes:
        """Answer a request to read; see `Readings`."""
        return self._readings(request, deadline)

    def predict(self, request: Request, deadline: float) -> bytes:
        """Answer a request for the classes of several pictures; see `Predictions`.

        It goes through no lane of its own, so that single digits do not wait for it.
        """
        if monotonic() > deadline:
            raise late(self.limits)
        (answer,) = self._predictions([request])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def facts(self) -> dict[str, Any]:
        """Return what /version says."""
        return {
            "version": self.version,
            "processor": _engine.processor(),
            "models": sorted(self.networks),
            "templates": sorted(self.templates),
            "limits": asdict(self.limits),
        }

    def require_ready(self) -> None:
        """Refuse a request as long as the networks are not warm."""
        if not self.ready:
            raise ServiceError(
                "the networks are still being made ready; try again in a second", status=503, retry_after=1
            )

    def _warm(self) -> None:
        """Load what is loaded at first use: decoders, grammars, the engine's own forms of weights."""
        paper = np.full((40, 120), 255, np.uint8)
        paper[8:32, 20:24] = 0
        for network in self.networks.values():
            if is_field_network(network):
                for kind in ("digits", "number", "amount", "date"):
                    Reader(kind, model=network, threads=1)(paper)
            elif network.architecture.input[0] == 1:
                read_page(paper, model=network, threads=1)


def _require_characters(name: str, network: Network) -> None:
    """Refuse a network for single characters that are smaller than all that is shown to it."""
    if network.architecture.input[0] != 1 or is_field_network(network):
        return
    try:
        network.predict_proba(np.zeros((1, 28, 28), np.uint8), threads=1)
    except LenetError as error:
        raise InputError(
            f"the model {name!r} reads no characters of 28x28 pixels ({error}); give one that does"
        ) from error


def _by_name(what: str, places: Sequence[str | os.PathLike[str]], load: Callable[[Any], Result]) -> dict[str, Result]:
    """Load files and shipped networks by their names."""
    found: dict[str, Result] = {}
    for place in dict.fromkeys(places):
        name = Path(place).stem
        if name in found:
            raise InputError(f"two {what}s are called {name!r}; requests tell them by name: rename the file {place}")
        found[name] = load(place)
    return found


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("lenet")
    except PackageNotFoundError:
        return "unknown"

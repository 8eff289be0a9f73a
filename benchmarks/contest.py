"""Races between contenders: each at its best batch size and thread count, in turns, several rounds.

The machine's speed drifts, so only figures of one round are divided by each other; a ratio is the median over rounds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.records import Figure
from benchmarks.subject import WORK

__all__ = ["CORES", "Candidate", "Standings", "ask", "race"]

CORES = len(os.sched_getaffinity(0))
ROUNDS, SECONDS, TRIALS, TRIAL = 9, 0.25, 3, 0.1
AGREEMENT = 1e-4
"""How far a probability may lie from lenet's before a contender is refused."""


@dataclass(frozen=True)
class Candidate:
    """A way to do a task, and the settings among which its best is looked for.

    Parameters
    ----------
    name : as printed.
    peer : the module of `benchmarks.peers` that knows it.
    task, variant : what that module calls it.
    batches, threads : every pair of them is tried.
    environment : variables of its process, `NAME=value`.
    core : keep its process on this one core, where its framework cannot be told how many threads to use.
    agreement : how far its probabilities may lie from lenet's.
    """

    name: str
    peer: str
    task: str
    variant: str = ""
    batches: tuple[int, ...] = (1,)
    threads: tuple[int, ...] = (CORES,)
    environment: tuple[str, ...] = ()
    core: int | None = None
    agreement: float = AGREEMENT


class _Process:
    """A candidate's process while a race lasts."""

    def __init__(self, candidate: Candidate, stack: ExitStack) -> None:
        self.candidate, self.key, self.setting = candidate, "", ""
        environment = os.environ | dict(pair.split("=", 1) for pair in candidate.environment)
        WORK.mkdir(parents=True, exist_ok=True)
        pin = [] if candidate.core is None else ["taskset", "-c", str(candidate.core)]
        log = stack.enter_context((WORK / "worker.log").open("a"))
        self.child = stack.enter_context(
            subprocess.Popen(
                [*pin, sys.executable, "-m", "benchmarks.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                text=True,
            )
        )

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(json.dumps(order) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        return dict(json.loads(line)) if line else {"error": f"its process ended; see {WORK / 'worker.log'}"}

    def tune(self) -> str:
        """Find the best setting; return why there is none, or nothing."""
        best, why = 0.0, ""
        for threads in self.candidate.threads:
            for batch in self.candidate.batches:
                key = f"batch {batch}, {threads} thread{'s' * (threads > 1)}"
                known = {name: getattr(self.candidate, name) for name in ("peer", "task", "variant")}
                answer = self.ask({"do": "prepare", "key": key, "batch": batch, "threads": threads, **known})
                if answer.get("difference", 0.0) > self.candidate.agreement:
                    answer = {"error": f"its probabilities are off by {answer['difference']:.1e}"}
                if "error" in answer:
                    why = answer["error"]
                    continue
                rate = max(self.run(TRIAL, key) for _ in range(TRIALS))
                if rate > best:
                    best, self.key = rate, key
        return "" if self.key else why

    def run(self, seconds: float, key: str = "") -> float:
        return float(self.ask({"do": "run", "key": key or self.key, "seconds": seconds})["rate"])


@dataclass(frozen=True)
class Standings:
    """What a race gave: for each name that took part, things done per second in each round, and its best setting."""

    rates: dict[str, np.ndarray] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    def fastest(self, names: Iterable[str]) -> str:
        """Return the name with the highest median among those of `names` that took part."""
        return max((name for name in names if name in self.rates), key=lambda name: float(np.median(self.rates[name])))

    def figures(self, question: str, unit: str, headline: str = "") -> list[Figure]:
        """Return what each did, fastest first; `unit` "us" turns rates into microseconds; `headline` is for lenet's."""
        order = sorted(self.rates, key=lambda name: -float(np.median(self.rates[name])))
        values = {name: 1e6 / self.rates[name] if unit == "us" else self.rates[name] for name in order}
        return [
            Figure.of(question, name, values[name], unit, self.settings[name], headline if name == "lenet" else "")
            for name in order
        ]

    def ratio(self, question: str, headline: str, name: str, other: str) -> Figure:
        """Return how many times as fast as `other` `name` was, round by round."""
        setting = f"{self.settings[name]} : {self.settings[other]}"
        rounds = self.rates[name] / self.rates[other]
        return Figure.of(question, f"{name} : {other}", rounds, "x", setting, headline)


def ask(candidate: Candidate, orders: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what a candidate's process answers to orders that belong to no race."""
    with ExitStack() as stack:
        process = _Process(candidate, stack)
        return [process.ask(order) for order in orders]


def race(candidates: Sequence[Candidate], *, rounds: int = ROUNDS, seconds: float = SECONDS) -> Standings:
    """Let all candidates tune, then run in turns; those that cannot run are named with the reason and left out."""
    standings = Standings()
    with ExitStack() as stack:
        ready = []
        for candidate in candidates:
            process = _Process(candidate, stack)
            why = process.tune()
            if why:
                print(f"  left out: {candidate.name}: {why}", file=sys.stderr)
            else:
                ready.append(process)
        table = np.array([[process.run(seconds) for process in ready] for _ in range(rounds)])
        for column, process in enumerate(ready):
            standings.rates[process.candidate.name] = table[:, column]
            standings.settings[process.candidate.name] = process.key
    return standings

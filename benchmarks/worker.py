"""A contender's own process: takes orders as JSON lines on stdin, answers each with one line.

Every contender lives alone, so that the threads of one framework, which may spin for a while, and its settings, which
may be global, never meet another's. Between orders the process sleeps on its input.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

import numpy as np

from benchmarks.fieldsets import field_set
from benchmarks.job import Job
from benchmarks.subject import Subject


def obey(order: dict[str, Any], jobs: dict[str, Job], subject: Subject) -> dict[str, Any]:
    """Carry out one order, "prepare", "run" or "read", and return the answer."""
    if order["do"] == "run":
        return {"rate": jobs[order["key"]].rate(order["seconds"])}
    module = importlib.import_module(f"benchmarks.peers.{order['peer']}")
    if order["do"] == "read":
        return {"readings": module.read(field_set(order["set"]).some(order["count"]), order["variant"])}
    job: Job = module.prepare(subject, order["task"], order["variant"], order["batch"], order["threads"])
    jobs[order["key"]] = job
    if job.answer is None:
        return {"difference": 0.0}
    return {"difference": float(np.abs(job.answer - subject.expected[: len(job.answer)]).max())}


def main() -> None:
    """Obey until stdin ends. What frameworks print goes to stderr, so that answers stay clean."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    subject, jobs = Subject.load(), dict[str, Job]()
    for line in sys.stdin:
        try:
            answer = obey(json.loads(line), jobs, subject)
        except Exception as error:  # whatever a framework raises, the others go on and the report says why
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

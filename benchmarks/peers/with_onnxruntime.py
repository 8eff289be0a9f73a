"""ONNX Runtime: `run`, with bound input and output, and one session a core, each with one thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime

from benchmarks.job import Job, timed
from benchmarks.subject import Subject

RUNS = 4
"""Batches that a session takes in a row before the threads meet."""


def prepare(subject: Subject, task: str, variant: str, batch: int, threads: int) -> Job:
    """Return the job for "forward" or "single"; with `variant` "sessions", `threads` sessions have a batch each."""
    images = np.ascontiguousarray(subject.images[:batch])
    if variant == "sessions":
        return _sessions(subject, images, threads)
    session = _session(subject, threads)
    name = session.get_inputs()[0].name
    answer = session.run(None, {name: images})[0][: len(subject.expected)]
    if variant == "run":
        return Job(timed(lambda: session.run(None, {name: images}), batch), answer)
    binding = session.io_binding()
    source = onnxruntime.OrtValue.ortvalue_from_numpy(images)
    output = onnxruntime.OrtValue.ortvalue_from_numpy(np.empty((batch, subject.expected.shape[1]), np.float32))
    binding.bind_ortvalue_input(name, source)
    binding.bind_ortvalue_output(session.get_outputs()[0].name, output)
    return Job(timed(lambda: session.run_with_iobinding(binding), batch), answer)


def _session(subject: Subject, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(subject.onnx), options, providers=["CPUExecutionProvider"])


def _sessions(subject: Subject, images: np.ndarray, threads: int) -> Job:
    sessions = [_session(subject, 1) for _ in range(threads)]
    name = sessions[0].get_inputs()[0].name
    pool = ThreadPoolExecutor(threads)

    def several(session: onnxruntime.InferenceSession) -> None:
        for _ in range(RUNS):
            session.run(None, {name: images})

    return Job(timed(lambda: list(pool.map(several, sessions)), len(images) * RUNS * threads))

"""OpenVINO: for latency and for throughput, held to float32; and with its default precision.

On a processor with bfloat16 the default is bfloat16, without a word: float32 is compared with float32 only.
"""

from __future__ import annotations

import numpy as np
import openvino

from benchmarks.job import Job, timed
from benchmarks.subject import Subject

REQUESTS = 4
"""Batches in flight for each stream."""


def prepare(subject: Subject, task: str, variant: str, batch: int, threads: int) -> Job:
    """Return the job for "forward" or "single"; `variant` names the hint and "default" precision."""
    options: dict[str, object] = {"INFERENCE_NUM_THREADS": threads}
    options["PERFORMANCE_HINT"] = "THROUGHPUT" if "throughput" in variant else "LATENCY"
    if "default" not in variant:
        options["INFERENCE_PRECISION_HINT"] = "f32"
    core = openvino.Core()
    model = core.read_model(subject.onnx)
    model.reshape([batch, *subject.images.shape[1:]])
    compiled = core.compile_model(model, "CPU", options)
    images = np.ascontiguousarray(subject.images[:batch])
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(images, shared_memory=True))
    request.infer()
    answer = request.get_output_tensor().data[: len(subject.expected)].copy()
    if "throughput" not in variant:
        return Job(timed(request.infer, batch), answer)
    queue = openvino.AsyncInferQueue(compiled)
    requests = REQUESTS * len(queue)
    tensor = openvino.Tensor(images, shared_memory=True)

    def call() -> None:
        for _ in range(requests):
            queue.start_async(tensor, share_inputs=True)
        queue.wait_all()

    return Job(timed(call, batch * requests), answer)

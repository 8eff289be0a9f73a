"""One image: how long it takes, Python included, by `predict_proba` and by every framework's quickest call."""

from __future__ import annotations

from benchmarks.contest import CORES, Candidate, race
from benchmarks.records import Figure

ANY = tuple(sorted({1, CORES}))

EVERYBODY = (
    Candidate("lenet", "with_lenet", "single", "", threads=ANY),
    Candidate("ONNX Runtime, bound", "with_onnxruntime", "single", "bound", threads=ANY),
    Candidate("ONNX Runtime, run", "with_onnxruntime", "single", "run", threads=ANY),
    Candidate("OpenVINO float32", "with_openvino", "single", "latency", threads=ANY),
    Candidate("OpenVINO default precision", "with_openvino", "single", "default", threads=ANY, agreement=2e-2),
    Candidate("PyTorch, optimize_for_inference", "with_torch", "single", "optimised", threads=ANY),
    Candidate("PyTorch eager", "with_torch", "single", "eager", threads=ANY),
    Candidate("JAX", "with_jax", "single"),
)


def measure() -> list[Figure]:
    """Return microseconds an image for everybody, and how lenet compares with ONNX Runtime's best call."""
    standings = race(EVERYBODY)
    runtime = standings.fastest(c.name for c in EVERYBODY if c.name.startswith("ONNX"))
    return [
        *standings.figures("single", "us", "one image through `predict_proba`, Python included"),
        standings.ratio("single", f"one image against ONNX Runtime's best call ({runtime})", "lenet", runtime),
    ]

"""Recognising: how many images a second, everybody running the exported `digits` at its best batch and threads."""

from __future__ import annotations

from benchmarks.contest import CORES, Candidate, race
from benchmarks.records import Figure

BATCHES = (32, 64, 128, 256, 512)
FEW = (64, 256)
"""Batches of contenders that need seconds to get ready for each."""

HALF = 2e-2
"""How far probabilities in bfloat16, which has 8 bits of mantissa, may lie from those in float32."""

ANY = tuple(sorted({1, CORES}))

FLOAT32 = (
    Candidate("lenet", "with_lenet", "forward", "", BATCHES),
    Candidate("ONNX Runtime", "with_onnxruntime", "forward", "run", BATCHES, ANY),
    Candidate("ONNX Runtime, one session a core", "with_onnxruntime", "forward", "sessions", BATCHES),
    Candidate("OpenVINO float32, latency", "with_openvino", "forward", "latency", BATCHES, ANY),
    Candidate("OpenVINO float32, throughput", "with_openvino", "forward", "throughput", BATCHES),
    Candidate("PyTorch, optimize_for_inference", "with_torch", "forward", "optimised", BATCHES, ANY),
    Candidate("PyTorch, compiled with freezing", "with_torch", "forward", "compiled", FEW),
    Candidate("PyTorch eager, channels last", "with_torch", "forward", "channels last", BATCHES, ANY),
    Candidate("PyTorch eager", "with_torch", "forward", "eager", (*BATCHES, 1024), ANY),
    Candidate("JAX", "with_jax", "forward", "", BATCHES),
)
HALVES = (
    Candidate("lenet bfloat16", "with_lenet", "forward", "bfloat16", BATCHES, agreement=HALF),
    Candidate(
        "OpenVINO default precision, latency", "with_openvino", "forward", "default", BATCHES, ANY, agreement=HALF
    ),
    Candidate(
        "OpenVINO default precision, throughput",
        "with_openvino",
        "forward",
        "default throughput",
        BATCHES,
        agreement=HALF,
    ),
)


def measure() -> list[Figure]:
    """Return images a second for everybody, and how lenet compares with the fastest, PyTorch eager and OpenVINO."""
    standings = race(FLOAT32 + HALVES)
    fastest = standings.fastest(c.name for c in FLOAT32[1:])
    half, *others = (c.name for c in HALVES)
    own = half if half in standings.rates else "lenet"
    default = standings.fastest(others)
    return [
        *standings.figures("forward", "images/s", "images recognised in float32"),
        standings.ratio("forward", f"forward against the fastest float32 peer ({fastest})", "lenet", fastest),
        standings.ratio("forward", "forward against PyTorch eager", "lenet", "PyTorch eager"),
        standings.ratio("forward", f"forward of {own} against {default}", own, default),
    ]

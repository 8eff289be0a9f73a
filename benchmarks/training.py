"""Training: how many images a second go through loss, gradients and an SGD step with momentum, a call a step."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.contest import CORES, Candidate, race
from benchmarks.records import Figure

BATCHES = (64, 128, 256, 512)
ANY = tuple(sorted({1, CORES}))

EVERYBODY = (
    Candidate("lenet", "with_lenet", "training", "", BATCHES),
    Candidate("PyTorch compiled, fused SGD", "with_torch", "training", "compiled", (64, 128)),
    Candidate("PyTorch eager, fused SGD", "with_torch", "training", "fused", BATCHES, ANY),
    Candidate("PyTorch eager, foreach SGD", "with_torch", "training", "foreach", BATCHES, ANY),
    Candidate("JAX", "with_jax", "training", "", BATCHES),
    Candidate("lenet.torch, fused SGD", "with_torch", "training", "lenet", BATCHES),
)
PYTORCH = tuple(c.name for c in EVERYBODY if c.name.startswith("PyTorch"))
EAGER = tuple(name for name in PYTORCH if "eager" in name)


def measure() -> list[Figure]:
    """Return images a second at everybody's best batch and at 64, and how lenet compares with PyTorch."""
    best = race(EVERYBODY)
    same = race([replace(c, batches=(64,)) for c in EVERYBODY])
    fastest, fastest_same = best.fastest(PYTORCH), same.fastest(PYTORCH)
    eager = best.fastest(EAGER)
    return [
        *best.figures("training", "images/s", "images trained on"),
        *same.figures("training", "images/s"),
        best.ratio(
            "training", f"training against the fastest PyTorch ({fastest}), each at its best batch", "lenet", fastest
        ),
        same.ratio(
            "training", f"training against the fastest PyTorch ({fastest_same}), batch 64", "lenet", fastest_same
        ),
        best.ratio(
            "training",
            f"`lenet.torch` with PyTorch's own SGD against plain PyTorch ({eager}), each at its best batch",
            "lenet.torch, fused SGD",
            eager,
        ),
        best.ratio("training", "", "lenet.torch, fused SGD", fastest),
    ]

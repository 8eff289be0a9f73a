"""The AVX2 build on one core, beside peers held to AVX2.

Each is held by what it obeys, found by trying (its rate falls): PyTorch and OpenVINO by `ATEN_CPU_CAPABILITY` and
oneDNN's variables, JAX by a flag of XLA. ONNX Runtime asks the processor itself and obeys nothing: it runs with all
that the processor has, stands in the table, and is left out of the ratio.
"""

from __future__ import annotations

from benchmarks.contest import Candidate, race
from benchmarks.records import Figure

BATCHES = (32, 64, 128, 256)
HELD = ("ATEN_CPU_CAPABILITY=avx2", "DNNL_MAX_CPU_ISA=AVX2", "ONEDNN_MAX_CPU_ISA=AVX2", "MKL_ENABLE_INSTRUCTIONS=AVX2")
XLA = ("XLA_FLAGS=--xla_cpu_max_isa=AVX2",)
FREE = "ONNX Runtime, not held"


def _one_core(
    name: str, peer: str, variant: str, batches: tuple[int, ...] = BATCHES, environment: tuple[str, ...] = HELD
) -> Candidate:
    return Candidate(name, peer, "forward", variant, batches, (1,), environment, core=0)


EVERYBODY = (
    _one_core("lenet", "with_lenet", "", environment=("LENET_PROCESSOR=avx2",)),
    _one_core("OpenVINO float32", "with_openvino", "latency"),
    _one_core("PyTorch, optimize_for_inference", "with_torch", "optimised"),
    _one_core("PyTorch, compiled with freezing", "with_torch", "compiled", (128,)),
    _one_core("PyTorch eager", "with_torch", "eager"),
    _one_core("JAX", "with_jax", "", environment=XLA),
    _one_core(FREE, "with_onnxruntime", "run", environment=()),
)


def measure() -> list[Figure]:
    """Return images a second on one core, and how lenet compares with the fastest peer held to AVX2."""
    standings = race(EVERYBODY)
    fastest = standings.fastest(c.name for c in EVERYBODY[1:] if c.name != FREE)
    return [
        *standings.figures("avx2", "images/s"),
        standings.ratio(
            "avx2", f"AVX2 build on one core against the fastest peer held to AVX2 ({fastest})", "lenet", fastest
        ),
        standings.ratio("avx2", "", "lenet", FREE),
    ]

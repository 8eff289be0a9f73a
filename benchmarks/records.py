"""What was measured, on what machine, and where it is written: tables, dated JSON lines, the README's figures."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

__all__ = ["Figure", "busy", "machine", "print_table", "save", "versions", "write_readme"]

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
START, END = "<!-- figures -->", "<!-- /figures -->"


@dataclass(frozen=True)
class Figure:
    """One measured figure: the median of several rounds, and the quartiles as its spread.

    Parameters
    ----------
    question : the file of this folder that measured it.
    what : who did it, or who is compared with whom.
    value, low, high : median, first and third quartile; of shares of fields, the share and its 95 % interval.
    unit : "images/s", "us", "s", "x" (times as fast), "%", "share".
    setting : batch size, threads and the like.
    headline : its line in the README's table; without one it stands in the results only.
    """

    question: str
    what: str
    value: float
    low: float
    high: float
    unit: str
    setting: str = ""
    headline: str = ""

    @classmethod
    def of(
        cls,
        question: str,
        what: str,
        rounds: Sequence[float] | np.ndarray,
        unit: str,
        setting: str = "",
        headline: str = "",
    ) -> Figure:
        """Return the figure that several rounds give."""
        low, value, high = (float(v) for v in np.percentile(np.asarray(rounds), (25, 50, 75)))
        return cls(question, what, value, low, high, unit, setting, headline)

    def text(self) -> str:
        """Return the median as people write it."""
        return readable(self.value, self.unit)

    def spread(self) -> str:
        """Return the quartiles, or nothing where there was one round."""
        return f"{readable(self.low, self.unit)} to {readable(self.high, self.unit)}" if self.low < self.high else ""


def readable(value: float, unit: str) -> str:
    """Return a number with its unit: `149,000 images/s`, `3.3x`, `0.40 %`."""
    if unit == "x":
        return f"{value:.2f}x"
    if unit == "share":
        return f"{value:.2f}"
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}" if unit != "%" else f"{value:.2f} %"


def machine() -> str:
    """Return the processor's name and the number of cores that we may use."""
    names = [line.split(":")[1].strip() for line in cpu_info() if line.startswith("model name")]
    features = next((line for line in cpu_info() if line.startswith("flags")), "")
    kinds = [kind for kind, flag in (("AVX-512", "avx512f"), ("AVX2", "avx2")) if flag in features.split()]
    return f"{len(names)} cores of {names[0] if names else platform.machine()}{' with ' + kinds[0] if kinds else ''}"


def cpu_info() -> list[str]:
    """Return the lines in which Linux describes the processor; none elsewhere."""
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def busy(seconds: float = 1.0) -> float:
    """Return the part of the processor's time, 0 to 1, that others used while we slept."""

    def times() -> tuple[int, int]:
        numbers = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4]

    if not Path("/proc/stat").exists():
        return 0.0
    before = times()
    time.sleep(seconds)
    after = times()
    return 1 - (after[1] - before[1]) / max(1, after[0] - before[0])


def versions() -> dict[str, str]:
    """Return the versions of everything that took part."""
    found = {"python": platform.python_version()}
    for package in ("lenet", "numpy", "torch", "onnxruntime", "openvino", "jax", "rapidocr"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def print_table(figures: Sequence[Figure]) -> None:
    """Print figures as one table."""
    rows = [(f.what, f.text(), f.spread(), f.setting) for f in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(3)] if rows else [0, 0, 0]
    for row in rows:
        print(f"  {row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}", flush=True)


def save(figures: Sequence[Figure], others: float) -> Path:
    """Append figures to `results/DATE.jsonl`, after a line that says machine, versions and how busy others were."""
    path = RESULTS / f"{time.strftime('%Y-%m-%d')}.jsonl"
    RESULTS.mkdir(exist_ok=True)
    about = {
        "run": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": f"python -m benchmarks {' '.join(sys.argv[1:])}".strip(),
        "machine": machine(),
        "versions": versions(),
        "busy": round(others, 3),
    }
    rounded = [
        asdict(figure) | {name: float(f"{getattr(figure, name):.5g}") for name in ("value", "low", "high")}
        for figure in figures
    ]
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in [about, *rounded])
    return path


def write_readme(figures: Sequence[Figure], path: Path = ROOT / "README.md") -> bool:
    """Put the headline figures between the two marks in the README; return whether the marks were there."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if START not in text or END not in text:
        return False
    rows = [f"| {f.headline} | **{f.text()}** | {f.spread()} | `{f.question}` |" for f in figures if f.headline]
    about = (
        f"Measured {time.strftime('%Y-%m-%d')} on {machine()} by `make bench` "
        "(one question: `python -m benchmarks QUESTION`); medians of rounds taken in turns, everybody at its best."
    )
    table = ["| | median | quartiles | question |", "| --- | --- | --- | --- |", *rows]
    before, after = text.split(START)[0], text.split(END, 1)[1]
    path.write_text("\n".join([before + START, about, "", *table, END + after]), encoding="utf-8")
    return True

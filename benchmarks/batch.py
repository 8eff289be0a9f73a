"""Folders of fields: how much faster two processes read than one, and whether memory stays flat over 100,000 fields."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import lenet
from benchmarks.contest import CORES
from benchmarks.fieldsets import field_set
from benchmarks.records import Figure
from lenet.errors import DownloadError

FIELDS, ROUNDS = 6000, 5
"""Fields of a folder: enough that starting two processes takes a few hundredths of the time."""
READS, FIRST = 100_000, 10_000
SIDES = (
    ("one process, one thread", 1, 1),
    ("one process, a thread a core", 1, CORES),
    (f"{CORES} processes", CORES, 1),
)


def measure() -> list[Figure]:
    """Return fields read a second, the ratio of both sides round by round, and the memory that many reads add."""
    return [*_speed(), _memory()]


def _pictures() -> tuple[str, tuple[NDArray[np.uint8], ...]]:
    """Return amounts of ORAND-CAR-A, or where they are not, synthetic ones."""
    try:
        return "ORAND-CAR-A", field_set("orand").pictures
    except (FileNotFoundError, DownloadError):
        from lenet.datasets.synthetic import synthetic_fields

        return "synthetic", tuple(f.picture for f in synthetic_fields(lenet.load_digits8x8(), 500, seed=1))


def _speed() -> list[Figure]:
    name, pictures = _pictures()
    with tempfile.TemporaryDirectory() as folder:
        first = [Path(folder) / f"{number:06}.png" for number in range(min(FIELDS, len(pictures)))]
        for path, picture in zip(first, pictures, strict=False):
            Image.fromarray(picture).save(path)
        for number in range(len(first), FIELDS):
            shutil.copy(first[number % len(first)], Path(folder) / f"{number:06}.png")
        rates = np.array([[_rate(folder, *how) for _, *how in SIDES] for _ in range(ROUNDS)])
    setting = f"{FIELDS} fields of {name}, start included"
    figures = [Figure.of("batch", who, rates[:, side], "fields/s", setting) for side, (who, *_) in enumerate(SIDES)]
    headline = f"`lenet read FOLDER` on {CORES} cores against one process"
    ratio = Figure.of("batch", f"{SIDES[2][0]} : one", rates[:, 2] / rates[:, 0], "x", setting, headline)
    return [*figures, ratio]


def _rate(folder: str, processes: int, threads: int) -> float:
    with tempfile.TemporaryDirectory() as place:
        start = perf_counter()
        out = Path(place) / "results.jsonl"
        batch = lenet.read_folder(folder, out, "digits", processes=processes, threads=threads)
        return batch.readings / (perf_counter() - start)


def _memory() -> Figure:
    """Return what a process holds after many readings beyond what it held after the first of them."""
    name, pictures = _pictures()
    reader, held = lenet.Reader("digits", threads=1), []
    repeated = (pictures[number % len(pictures)] for number in range(READS))
    for number, _ in enumerate(reader.many(repeated), 1):
        if number in (FIRST, READS):
            held.append(_resident())
    growth = (held[1] - held[0]) / 1e6
    return Figure.of("batch", f"memory grown from reading {FIRST:,} to {READS:,}", [growth], "MB", name)


def _resident() -> int:
    """Return the bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

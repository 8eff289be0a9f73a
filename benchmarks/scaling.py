"""How the time grows with images, with maps and with threads."""

from __future__ import annotations

from benchmarks.contest import CORES, Candidate, race
from benchmarks.records import Figure

IMAGES = (1, 4, 16, 64, 256, 1024, 4096)
WIDTHS = (1, 2, 4, 8)
BATCH = 256


def measure() -> list[Figure]:
    """Return microseconds a call (images) and an image (maps), and images a second (threads)."""
    images = race([Candidate(f"{n} images", "with_lenet", "forward", "", (n,)) for n in IMAGES], rounds=5, seconds=0.15)
    widths = race(
        [Candidate(f"{w} times the maps", "with_lenet", "wide", str(w), (BATCH,)) for w in WIDTHS],
        rounds=5,
        seconds=0.15,
    )
    threads = race(
        [
            Candidate(f"{what}, {t} thread{'s' * (t > 1)}", "with_lenet", what, "", (BATCH,), (t,))
            for what in ("forward", "training")
            for t in sorted({1, 2, CORES // 2, CORES} & set(range(1, CORES + 1)))
        ]
    )
    figures = [
        Figure.of("scaling", name, 1e6 * int(name.split()[0]) / rates, "us", images.settings[name])
        for name, rates in images.rates.items()
    ]
    return figures + widths.figures("scaling", "us") + threads.figures("scaling", "images/s")

"""How long a whole process takes: `lenet read` on one small picture, and `import lenet` with its engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.records import Figure
from benchmarks.subject import command

RUNS = 11
PICTURE = Path(__file__).parent.parent / "examples" / "pictures" / "field-small.png"
COMMANDS = {
    "lenet read": [command(), "read", str(PICTURE)],
    "import lenet": [sys.executable, "-c", "import lenet.network"],
    "import numpy": [sys.executable, "-c", "import numpy"],
}


def measure() -> list[Figure]:
    """Return seconds from start to exit, the files already in memory; the programs take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(RUNS + 1):
        for name, line in COMMANDS.items():
            start = perf_counter()
            subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
            if turn:
                seconds[name].append(perf_counter() - start)
    beyond = np.array(seconds["import lenet"]) - np.array(seconds["import numpy"])
    return [
        Figure.of(
            "startup",
            "lenet read",
            seconds["lenet read"],
            "s",
            PICTURE.name,
            "`lenet read` one small picture, whole process",
        ),
        Figure.of("startup", "import numpy", seconds["import numpy"], "s"),
        Figure.of(
            "startup", "import lenet, beyond numpy", beyond, "s", "", "`import lenet` with its engine, beyond NumPy's"
        ),
    ]

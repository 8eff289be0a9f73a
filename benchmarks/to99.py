"""From start to exit until 99 % of MNIST's test digits are right: `lenet train` and a plain PyTorch script.

Both follow the same recipe, read from lenet, on the same files, and end by counting the test digits.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import lenet
from benchmarks.records import Figure
from benchmarks.subject import WORK, command
from lenet.architectures import lenet5
from lenet.errors import DownloadError
from lenet.learning import recipes

SEEDS = range(5)
PAIRED = 3
"""Seeds that the slower one runs, too."""

SCRIPT = Path(__file__).parent / "peers" / "torch_train.py"


def timed(line: list[str]) -> tuple[float, float]:
    """Run a program; return its seconds, and the percentage right that its output tells."""
    start = perf_counter()
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    seconds = perf_counter() - start
    found = re.search(r"(\d+) of ([\d,]+) images", done.stdout)
    if found is None:
        raise ValueError(f"{line[0]} did not say how many were wrong, but: {done.stdout[:200]}")
    wrong, total = (int(number.replace(",", "")) for number in found.groups())
    return seconds, 100 - 100 * wrong / total


def measure() -> list[Figure]:
    """Return seconds and accuracy of both, over seeds, and their ratio; nothing where MNIST cannot be had."""
    try:
        images = len(lenet.load_mnist("train", download=False))
    except DownloadError as error:
        print(f"  left out: {error}")
        return []
    recipe = WORK / "recipe.json"
    recipe.write_text(recipes.usual(images, lenet5()).to_json())
    ours, theirs = [], []
    for seed in SEEDS:
        ours.append(timed([command(), "train", "--quiet", "--seed", str(seed)]))
        if seed < PAIRED:
            theirs.append(timed([sys.executable, str(SCRIPT), str(recipe), _folder(), str(seed)]))
    ratio = [theirs[i][0] / ours[i][0] for i in range(PAIRED)]
    return [
        _figure("lenet train", ours, "`lenet train` to 99 % on MNIST, whole process"),
        _figure("the same recipe in PyTorch", theirs, ""),
        Figure.of(
            "to99", "lenet train : PyTorch", ratio, "x", "", "`lenet train` against the same recipe in plain PyTorch"
        ),
    ]


def _figure(name: str, runs: list[tuple[float, float]], headline: str) -> Figure:
    right = sorted(run[1] for run in runs)
    reached = sum(percent >= 99 for percent in right)
    setting = f"{reached} of {len(right)} seeds reach 99 %: {right[0]:.2f} to {right[-1]:.2f} %"
    return Figure.of(
        "to99", name, [run[0] for run in runs], "s", setting, f"{headline} ({setting})" if headline else ""
    )


def _folder() -> str:
    """Return the folder in which lenet found MNIST."""
    from lenet.downloads import cache_folder

    for root in (Path(os.environ.get("LENET_DATA") or cache_folder()), cache_folder()):
        for folder in (root, root / "mnist"):
            if list(folder.glob("train-images-idx3-ubyte*")):
                return str(folder)
    raise DownloadError("MNIST is not on this machine")

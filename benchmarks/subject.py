"""What all contenders run: the shipped `digits`, exported once, with images and the probabilities that lenet gives."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

__all__ = ["WORK", "Subject", "command"]

WORK = Path(__file__).parent.parent / "build" / "benchmarks"
IMAGES, CLASSES, COMPARED = 4096, 10, 64


def command(name: str = "lenet") -> str:
    """Return the path of a program of the environment that runs the benchmarks."""
    return str(Path(sys.executable).parent / name)


@dataclass(frozen=True)
class Subject:
    """The exported network, as files in `build/benchmarks/`, and images to run it on.

    Parameters
    ----------
    parameters : the trained numbers by name, such as "C1.weights", float32.
    temperature : what scores are divided by before the softmax.
    expected : the probabilities that lenet gives the first `COMPARED` images, float32 (n, classes).
    """

    parameters: dict[str, np.ndarray]
    temperature: float
    expected: np.ndarray

    onnx: ClassVar[Path] = WORK / "digits.onnx"

    @cached_property
    def small(self) -> np.ndarray:
        """Images as a data set holds them, uint8 (n, 1, 28, 28): noise as sparse as handwriting."""
        rng = np.random.default_rng(5)
        ink = rng.integers(0, 256, (IMAGES, 1, 28, 28), dtype=np.uint8)
        return np.where(rng.random(ink.shape) < 0.2, ink, 0).astype(np.uint8)

    @cached_property
    def images(self) -> np.ndarray:
        """The same as every framework takes them, float32 (n, 1, 32, 32) from 0 to 1, so that nobody has to convert."""
        return np.pad(self.small, ((0, 0), (0, 0), (2, 2), (2, 2))).astype(np.float32) / 255

    @cached_property
    def labels(self) -> np.ndarray:
        """A class for each image, int64 (n,)."""
        return np.random.default_rng(6).integers(0, CLASSES, IMAGES)

    @classmethod
    def load(cls) -> Subject:
        """Read what `write` wrote."""
        with np.load(WORK / "digits.npz") as file:
            arrays = dict(file)
        expected, temperature = arrays.pop("expected"), float(arrays.pop("temperature"))
        return cls(arrays, temperature, expected)

    @classmethod
    def write(cls) -> None:
        """Export `digits` with `lenet export`, and write its parameters and what it answers."""
        import lenet

        WORK.mkdir(parents=True, exist_ok=True)
        subprocess.run([command(), "export", str(cls.onnx), "--model", "digits"], check=True, stdout=subprocess.DEVNULL)
        network = lenet.load("digits")
        empty = cls({}, 1.0, np.empty(0))
        np.savez(
            WORK / "digits.npz",
            expected=network.predict_proba(empty.images[:COMPARED]),
            temperature=network.temperature,
            **network.parameters,
        )

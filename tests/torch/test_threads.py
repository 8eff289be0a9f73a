"""Training passes run on PyTorch's own threads: the same numbers, errors that come through, and children that live."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lenet.torch import LeNet5  # noqa: E402


def pass_of(module: LeNet5, images: np.ndarray, threads: int, *, on_openmp: bool) -> tuple[np.ndarray, np.ndarray]:
    engine = module._numbers._engine
    engine.on_openmp = on_openmp
    scores = engine.forward_train(images, threads)
    return scores, engine.backward(np.sin(scores), False)[0]


@pytest.mark.parametrize("threads", [2, 5])
def test_bits_do_not_depend_on_whose_threads_they_are(threads: int) -> None:
    module = LeNet5(seed=1)
    images = np.random.default_rng(1).random((100, 1, 32, 32), np.float32)
    alone = pass_of(module, images, 1, on_openmp=False)
    for on_openmp in (True, False):
        for found, expected in zip(pass_of(module, images, threads, on_openmp=on_openmp), alone, strict=True):
            np.testing.assert_array_equal(found, expected)


def test_images_that_are_not_finite_are_refused_on_any_threads() -> None:
    module = LeNet5(seed=1)
    for on_openmp in (True, False):
        with pytest.raises(ValueError, match="NaN"):
            pass_of(module, np.full((100, 1, 32, 32), np.nan, np.float32), 2, on_openmp=on_openmp)


def test_a_forked_child_goes_on_with_threads_of_its_own() -> None:
    """OpenMP's threads do not survive a fork, and a loop on them in the child would wait for ever."""
    program = (
        "import os, torch, numpy, lenet.torch\n"
        "engine = lenet.torch.LeNet5(seed=1)._numbers._engine\n"
        "images = numpy.ones((64, 1, 32, 32), numpy.float32)\n"
        "before = engine.forward_train(images, 2)\n"
        "if (child := os.fork()) == 0: os._exit(not (engine.forward_train(images, 2) == before).all())\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.split() == ["0"]

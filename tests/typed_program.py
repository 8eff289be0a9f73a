"""A program of a user who checks types: `mypy --strict` has to pass it, and it has to run.

`assert_type` states what the annotations promise; at run time it does nothing.
"""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import lenet


def learn() -> lenet.Network:
    """Train a network on twenty images of two classes."""
    images = np.zeros((20, 28, 28), np.uint8)
    images[::2, 10:18] = 255
    training = lenet.train((images, np.arange(20) % 2), "lenet5", recipe=lenet.Recipe(epochs=2, validation=0))
    assert_type(training, lenet.Training)
    network, history = training
    assert_type(history, lenet.History)
    assert_type(history.loss, tuple[float, ...])
    assert_type(network.predict(images), NDArray[np.int64])
    assert_type(network.predict_proba(images), NDArray[np.float32])
    assert_type(network.feature_maps(images[0]), dict[str, NDArray[np.float32]])
    assert_type(network.architecture, lenet.Architecture)
    assert_type(network.card, lenet.Card | None)
    return network


def read(picture: NDArray[np.uint8]) -> str:
    """Read a picture as a field and as a page."""
    reader = lenet.Reader("amount", max_error=0.01)
    reading = reader(picture)
    assert_type(reading, lenet.Reading)
    assert_type(reading.characters, tuple[lenet.Character, ...])
    assert_type(reading.confidence, float)
    assert_type(reading.accepted, bool)
    assert_type(reading.to_dict(), dict[str, Any])
    for row in lenet.read_page(picture):
        assert_type(row, lenet.Reading)
    try:
        return lenet.read(picture, "digits").text
    except lenet.LenetError as error:
        assert_type(error.exit_status, int)
        return str(error)


def main() -> None:
    """Do all of it."""
    print(learn().classes, read(np.full((40, 120), 255, np.uint8)), lenet.lenet5_1998().parameters, lenet.__version__)


if __name__ == "__main__":
    main()

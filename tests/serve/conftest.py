"""Services that tests share, and the pictures that they are asked about."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lenet.serve.limits import Limits
from tests.serving import Served, served

PICTURES = Path(__file__).parents[2] / "examples" / "pictures"


@pytest.fixture(scope="session")
def service() -> Iterator[Served]:
    """Give a service with small limits, which no ordinary request meets."""
    limits = Limits(body=2_000_000, pixels=3_000_000, pages=3, pictures=5)
    with served(limits=limits, threads=1) as running:
        yield running


@pytest.fixture(scope="session")
def digit() -> bytes:
    return (PICTURES / "digit-3.png").read_bytes()


@pytest.fixture(scope="session")
def field() -> bytes:
    return (PICTURES / "field-small.png").read_bytes()


def png(rows: int, columns: int, value: int = 255) -> bytes:
    """Return an empty picture of a size."""
    return png_of(np.full((rows, columns), value, np.uint8))


def png_of(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as the bytes of a file."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()

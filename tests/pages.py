"""The live page for tests: the service that shows it, by its address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests import serving

__all__ = ["served"]


@contextmanager
def served(**options: Any) -> Iterator[str]:
    """Run the service until the end of the block; gives its address. Options go to `create_app`."""
    with serving.served(**options) as running:
        yield running.address

"""The command `lenet`: what can be interrupted at any moment, even while it is still being loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    try:
        from lenet.cli.verbs import run

        status = run(arguments)
    except KeyboardInterrupt:
        print("lenet: interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)

"""The command `lenet` under its other name, `python -m lenet`."""

from __future__ import annotations

from lenet.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()

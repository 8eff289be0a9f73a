"""What the command does when something fails: one sentence for people, one exit status for programs."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import TypeVar

import click

from lenet.errors import LenetError

__all__ = ["EXPECTED", "Failures", "sentence"]

EXPECTED = (LenetError, OSError, MemoryError)
"""What can go wrong without a mistake of ours; anything else is a bug and shows where it happened."""

Result = TypeVar("Result")

_REMEDIES = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there",
    errno.EACCES: "choose a place that you may use",
    errno.EPERM: "choose a place that you may use",
    errno.EROFS: "choose a place that can be written",
    errno.ENOENT: "check the name",
    errno.EISDIR: "give a file, not a folder",
    errno.ENOTDIR: "check the name",
}


def sentence(error: BaseException) -> str:
    """Say in one line what was wrong and what to do."""
    if isinstance(error, MemoryError):
        return "there is not enough memory for this; use a smaller picture, fewer images or a smaller batch"
    if isinstance(error, OSError) and not isinstance(error, LenetError):
        what = f"{error.filename} cannot be used" if error.filename else "the system refused"
        remedy = _REMEDIES.get(error.errno or 0, "check the file and its place")
        return f"{what} ({(error.strerror or type(error).__name__).lower()}); {remedy}"
    return " ".join(str(error).split()) or type(error).__name__


class Failures:
    """Lets a command go on when one of its inputs fails.

    Attributes
    ----------
    status : exit status of the whole command, 0 as long as nothing failed.
    """

    def __init__(self) -> None:
        self.status = 0

    def watch(self, name: str, results: Iterator[Result]) -> Iterator[Result]:
        """Yield what comes of the input `name`; where that fails, say so in a line on stderr, and end."""
        while True:
            try:
                result = next(results)
            except StopIteration:
                return
            except EXPECTED as error:
                self.status = 1
                words = sentence(error)
                click.echo(f"lenet: {words if name in words else f'{name}: {words}'}", err=True)
                return
            yield result

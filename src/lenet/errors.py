"""The errors that lenet raises on purpose, as one tree.

::

    LenetError                            exit status 1
    ├── InputError (ValueError)           an array, picture or option that cannot be used
    │   └── TooLargeError                 a picture or file with more pixels or bytes than are read
    ├── ArchitectureError (ValueError)    a description of a network that cannot be built
    ├── FormatError (ValueError)          a file that is not what it says it is
    │   └── ChecksumError                 a download whose bytes are not the published ones
    ├── DownloadError (OSError)           a file that could not be fetched
    ├── GrammarError (ValueError)         a description of a field that cannot be used
    ├── GraphError (ValueError)           a graph that an operation does not accept
    ├── DivergenceError (ArithmeticError) a training whose loss left the finite numbers
    ├── MissingExtraError (ImportError)   an optional package or program that is not installed
    └── ServiceError (OSError)            a request that a service refused, or that did not reach it

Each refines the builtin in parentheses, so that code written for that builtin goes on working. A message has three
parts: what was given, what was expected, what to do.
"""

from __future__ import annotations

__all__ = [
    "ArchitectureError",
    "ChecksumError",
    "DivergenceError",
    "DownloadError",
    "FormatError",
    "GrammarError",
    "GraphError",
    "InputError",
    "LenetError",
    "MissingExtraError",
    "ServiceError",
    "TooLargeError",
]


class LenetError(Exception):
    """Say what was given, what was expected and what to do; root of every error that lenet raises on purpose."""

    exit_status = 1


class InputError(LenetError, ValueError):
    """An array, picture, folder or option has a shape, type or value that cannot be used."""


class TooLargeError(InputError):
    """A picture has more pixels, or a file more bytes, than are read."""


class ArchitectureError(LenetError, ValueError):
    """A layer does not fit the one before it, or a description is not a network at all."""


class FormatError(LenetError, ValueError):
    """A file is damaged, cut short, or not of the format that its name or header promises."""


class ChecksumError(FormatError):
    """A downloaded file has other bytes than the published ones."""


class DownloadError(LenetError, OSError):
    """A file could not be fetched."""


class GrammarError(LenetError, ValueError):
    """A regular expression or a named grammar cannot be used to read a field."""


class GraphError(LenetError, ValueError):
    """A graph has a shape that the operation does not accept."""


class DivergenceError(LenetError, ArithmeticError):
    """The loss left the finite numbers during training."""


class MissingExtraError(LenetError, ImportError):
    """An optional package or program is needed; the message names the command that installs it."""


class ServiceError(LenetError, OSError):
    """A service refused a request, or could not be reached.

    Attributes
    ----------
    status : of HTTP, such as 413; 0 where there was no answer.
    limit : the option of `lenet serve` that changes the limit that was met, if one was.
    retry_after : seconds after which it may be sent again, where that may help.
    """

    def __init__(self, sentence: str, *, status: int = 0, limit: str = "", retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status, self.limit, self.retry_after = status, limit, retry_after

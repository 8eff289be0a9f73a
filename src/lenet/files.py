"""Write files whole or not at all: aside, under a temporary name in the same folder, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lenet.errors import InputError

__all__ = ["write_whole"]


def write_whole(path: str | os.PathLike[str], pieces: Iterable[bytes | memoryview]) -> Path:
    """Write `pieces` to `path`, one after the other, so that no reader ever sees half a file.

    Whatever happens on the way (a full disk, an interruption), a file that stood there before stays as it was.

    Parameters
    ----------
    path : where the file shall stand; missing folders are made.
    pieces : the content, in order.

    Returns
    -------
    The path written to.

    Raises
    ------
    InputError
        The folder cannot be made or written to, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}); nothing there was changed: "
            "make room or choose another place"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return path


def _umask() -> int:
    """Return the mask of permissions for new files; reading it needs setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

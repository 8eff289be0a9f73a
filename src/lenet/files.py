"""Write files whole or not at all: aside, under a temporary name in the same folder, then renamed."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lenet.errors import InputError

__all__ = ["require_place", "write_whole"]


def write_whole(path: str | os.PathLike[str], pieces: Iterable[bytes | memoryview]) -> Path:
    """Write `pieces` to `path`, one after the other, so that no reader ever sees half a file.

    Whatever happens on the way (a full disk, an interruption), a file that stood there before stays as it was. A link
    is followed, and the file that it leads to written; who may use an earlier file may use the new one.

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
        The folder cannot be made or written to, the disk is full, or what stands there is no file.
    """
    place = Path(os.path.realpath(path))
    temporary = None
    try:
        mode = _mode(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
        temporary.chmod(mode)
        temporary.replace(place)
        temporary = None
    except OSError as error:
        raise _refusal(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return Path(path)


def require_place(path: str | os.PathLike[str]) -> None:
    """Raise `InputError` where `write_whole` could not write: to be asked before the work is done, not after it.

    Nothing is left behind, and no folder is made.
    """
    place = Path(os.path.realpath(path))
    try:
        _mode(place)
        folder = next(folder for folder in place.parents if folder.exists())
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _refusal(path, error) from error


def _refusal(path: str | os.PathLike[str], error: OSError) -> InputError:
    return InputError(
        f"{os.fspath(path)} cannot be written ({error.strerror or error}); nothing there was changed: "
        "make room or choose another place"
    )


def _mode(place: Path) -> int:
    """Return the permissions that a file there has or would have; raise `OSError` where it is no file."""
    try:
        found = place.stat().st_mode
    except FileNotFoundError:
        return 0o666 & ~_umask()
    if not stat.S_ISREG(found):
        raise OSError(errno.EINVAL, "what stands there is no ordinary file")
    return stat.S_IMODE(found) & 0o777


def _umask() -> int:
    """Return the mask of permissions for new files; reading it needs setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

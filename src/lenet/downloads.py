"""Fetch a published file from the first mirror that has it, and believe it only by its checksum."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from lenet.errors import ChecksumError, DownloadError, InputError
from lenet.files import write_whole

__all__ = ["LARGEST", "Progress", "cache_folder", "fetch", "is_published"]

Progress = Callable[[str, int, int], None]
"""Called while a file arrives, with its name, the bytes so far and the bytes in all (0 if the mirror did not say)."""

LARGEST = 1 << 28
"""Bytes after which a download is given up: far above every file that lenet fetches."""

_PIECE = 1 << 16


def cache_folder() -> Path:
    """Return the folder for fetched files: `LENET_CACHE`, else `~/.cache/lenet`; it need not exist yet."""
    return Path(os.environ.get("LENET_CACHE") or Path.home() / ".cache" / "lenet")


def fetch(
    urls: Sequence[str],
    sha256: str,
    destination: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    timeout: float = 20.0,
) -> Path:
    """Fetch one file from `urls`, in turn, check it, and put it whole at `destination`.

    Parameters
    ----------
    urls : addresses of the same file, best first.
    sha256 : the published checksum, 64 hexadecimal digits; bytes that differ are never written.
    destination : path of the file; its folder is made where it is missing.
    progress : called as bytes arrive.
    timeout : seconds to wait for a mirror to say something.

    Returns
    -------
    The path of the file.

    Raises
    ------
    ChecksumError
        Every mirror that answered sent other bytes than the published ones.
    DownloadError
        No mirror could be reached, or none sent the whole file.
    InputError
        The destination cannot be written.
    """
    destination = Path(destination)
    refusals: list[str] = []
    wrong = 0
    for url in urls:
        try:
            content = _download(url, destination.name, progress, timeout)
        except DownloadError as error:
            refusals.append(f"{url}: {error}")
            continue
        if hashlib.sha256(content).hexdigest() == sha256.lower():
            return write_whole(destination, [content])
        wrong += 1
        refusals.append(f"{url}: other bytes than the published ones")
    message = f"{destination.name} could not be fetched ({'; '.join(refusals) or 'no address given'})"
    if wrong and wrong == len(urls):
        raise ChecksumError(f"{message}; nothing was kept: try again later, or fetch it by hand to {destination}")
    raise DownloadError(f"{message}; check the network, or put the file at {destination}")


def is_published(path: Path, sha256: str) -> bool:
    """Return whether a file has the published checksum; raise `InputError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256.lower()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror or error}); make it readable, or remove it"
        ) from error


def _download(url: str, name: str, progress: Progress | None, timeout: float) -> bytes:
    """Return the whole body of `url`; raise `DownloadError`, with the reason in a few words, where there is none."""
    # These take 30 ms to import, which only who downloads shall pay.
    import http.client
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": "lenet"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            total = int(answer.headers.get("Content-Length") or 0)
            content = _body(answer, name, total, progress)
    except urllib.error.HTTPError as error:
        raise DownloadError(f"status {error.code}") from error
    except urllib.error.URLError as error:
        raise DownloadError(str(error.reason)) from error
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: an address or a length that is none
        raise DownloadError(str(error) or type(error).__name__) from error
    if total and len(content) != total:
        raise DownloadError(f"the connection ended after {len(content):,} of {total:,} bytes")
    return content


def _body(answer: IO[bytes], name: str, total: int, progress: Progress | None) -> bytes:
    """Return all that a mirror sends, up to `LARGEST` bytes."""
    content = bytearray()
    while piece := answer.read(_PIECE):
        content += piece
        if len(content) > LARGEST:
            raise DownloadError(f"larger than {LARGEST:,} bytes")
        if progress is not None:
            progress(name, len(content), total)
    return bytes(content)

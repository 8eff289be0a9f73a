"""MNIST: 60,000 training and 10,000 test digits (LeCun et al. 1998, section III-A), found or fetched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np

from lenet.datasets.arrays import Dataset
from lenet.datasets.idx import read_idx
from lenet.downloads import Progress, cache_folder, fetch, is_published
from lenet.errors import ChecksumError, DownloadError, FormatError, InputError

__all__ = ["MIRRORS", "fetch_mnist", "load_mnist"]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
"""Where the four files are published unchanged; the original page (yann.lecun.com) no longer gives them out."""

SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
"""Checksums of the files as they are published."""

_PREFIXES = {"train": "train", "test": "t10k"}


def load_mnist(
    part: Literal["train", "test"] = "train",
    *,
    data: str | os.PathLike[str] | None = None,
    download: bool = True,
    progress: Progress | None = None,
) -> Dataset:
    """Load a part of MNIST: uint8 `(60000 or 10000, 1, 28, 28)`, paper 0, ink 255.

    Looks in the folder `data`, or else in the folder that `LENET_DATA` names and in the cache (`LENET_CACHE`, else
    `~/.cache/lenet`), and in a folder `mnist` inside each; then downloads to the cache, checking SHA-256.

    Parameters
    ----------
    part : "train" or "test".
    data : a folder that holds the IDX files, plain or in gzip; nothing is downloaded then.
    download : whether a missing file may be fetched.
    progress : called as bytes arrive.

    Raises
    ------
    InputError
        There is no such part, or `data` does not hold it.
    DownloadError
        The files are nowhere and cannot be fetched, or may not.
    FormatError
        A file is damaged.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner 1998, section III-A.
    """
    if part not in _PREFIXES:
        raise InputError(f"MNIST has no part {part!r}; choose 'train' or 'test'")
    files = [
        _file(f"{_PREFIXES[part]}-{kind}-ubyte.gz", data, download, progress) for kind in ("images-idx3", "labels-idx1")
    ]
    images, labels = (read_idx(file) for file in files)
    if images.dtype != np.uint8 or images.ndim != 3:
        raise FormatError(
            f"{files[0]} holds {images.dtype} {images.shape}, not digits (n, rows, columns); fetch it again"
        )
    if labels.dtype != np.uint8 or labels.shape != images.shape[:1] or labels.max(initial=0) > 9:
        raise FormatError(
            f"{files[1]} does not hold one label from 0 to 9 for each of {len(images):,} digits; fetch it again"
        )
    return Dataset(images[:, np.newaxis], labels.astype(np.int64), tuple("0123456789"), name=f"mnist {part}")


def fetch_mnist(*, progress: Progress | None = None) -> None:
    """Bring all four files to this machine; those that are here are compared with their checksums.

    A damaged one in the cache is fetched again. Files that are not in gzip have no published checksum; only reading
    them (`load_mnist`) checks their form.

    Raises
    ------
    ChecksumError
        A file outside the cache, or as the mirrors send it, has other bytes than the published ones.
    DownloadError
        A file cannot be fetched.
    """
    for name, sha256 in SHA256.items():
        path = _found(name, None)
        if path is None or (path.suffix == ".gz" and not is_published(path, sha256)):
            if path is not None and cache_folder() not in path.parents:
                raise ChecksumError(f"{path} has other bytes than the published ones; remove it, or copy it again")
            _fetched(name, progress)


def _file(name: str, data: str | os.PathLike[str] | None, download: bool, progress: Progress | None) -> Path:
    """Return the path of one of the four files, fetched if need be."""
    path = _found(name, data)
    if path is not None:
        return path
    if data is not None:
        raise InputError(f"{data} does not hold {name}; give the folder of the four MNIST files, or leave it out")
    if not download:
        place = cache_folder() / "mnist" / name
        raise DownloadError(f"{name} is not on this machine; allow the download, or put it at {place}")
    return _fetched(name, progress)


def _found(name: str, data: str | os.PathLike[str] | None) -> Path | None:
    """Return the path of one of the four files where it is on this machine, in gzip or plain."""
    roots = [Path(data)] if data is not None else [Path(os.environ.get("LENET_DATA") or cache_folder()), cache_folder()]
    for folder in (folder for root in roots for folder in (root, root / "mnist")):
        for path in (folder / name, folder / name.removesuffix(".gz")):
            if path.is_file():
                return path
    return None


def _fetched(name: str, progress: Progress | None) -> Path:
    place = cache_folder() / "mnist" / name
    try:
        return fetch([mirror + name for mirror in MIRRORS], SHA256[name], place, progress=progress)
    except DownloadError as error:
        raise DownloadError(
            f"{error}; or set LENET_DATA to a folder that holds MNIST's files, or train on digits that need no network "
            "(--data digits8x8)"
        ) from error

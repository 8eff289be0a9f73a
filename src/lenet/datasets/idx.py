"""IDX, the format of MNIST: a magic number, the sizes of an array, and its numbers; plain or in gzip.

::

    0 0 T D     two zeros; the type of the numbers, 8: uint8, 9: int8, 11: int16, 12: int32, 13: float32, 14: float64;
                the number of dimensions
    size ...    a size for each dimension, 32 bits
    numbers     row by row; everything is big-endian
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lenet.errors import FormatError, InputError
from lenet.files import write_whole

__all__ = ["LARGEST", "read_idx", "write_idx"]

LARGEST = 1 << 32
"""Bytes of the largest array that is read: ninety times MNIST."""

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {np.dtype(name).newbyteorder("="): code for code, name in _TYPES.items()}
_DIMENSIONS = 8
_GZIP = b"\x1f\x8b"
_PIECE = 1 << 16
_DEFLATE_RATIO = 1032
"""How many bytes one byte of deflate can stand for, at most (zlib's technical notes)."""


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read an IDX file, plain or compressed with gzip.

    What the header promises is compared with what the file can hold before memory is taken.

    Parameters
    ----------
    path : the file; compression is told by its first bytes, not by its name.

    Returns
    -------
    The array, in the type and shape that the header names and the byte order of this machine.

    Raises
    ------
    InputError
        There is no such file, or it cannot be opened.
    FormatError
        The file is not IDX, is damaged or cut short, holds more than its header says, or promises an absurd size.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            held = _held(file, packed)
            file.seek(0)
            return _read(path, _unpacked(path, file) if packed else _plain(file), *held)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}); give the path of an IDX file") from error


def write_idx(path: str | os.PathLike[str], array: NDArray[Any]) -> Path:
    """Write an array as an IDX file, compressed if the name ends in `.gz`; the same array gives the same bytes.

    Parameters
    ----------
    path : where to write; an earlier file is replaced only when the new one is whole.
    array : uint8, int8, int16, int32, float32 or float64, of one to eight dimensions.

    Raises
    ------
    InputError
        IDX has no such type or shape, or the file cannot be written.
    """
    array = np.asarray(array)
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        raise InputError(f"IDX cannot hold {array.dtype}; convert to uint8, int8, int16, int32, float32 or float64")
    if not 1 <= array.ndim <= _DIMENSIONS or max(array.shape) >= 1 << 32:
        raise InputError(f"the array has shape {array.shape}; IDX holds 1 to {_DIMENSIONS} dimensions below 2**32")
    header = struct.pack(f">2xBB{array.ndim}I", code, array.ndim, *array.shape)
    content = header + np.ascontiguousarray(array, _TYPES[code]).tobytes()
    return write_whole(path, [gzip.compress(content, mtime=0) if Path(path).suffix == ".gz" else content])


def _held(file: BinaryIO, packed: bool) -> tuple[int, int]:
    """Return the bytes that the file says it holds unpacked (modulo 2**32 in gzip), and the most that it can hold."""
    size = file.seek(0, os.SEEK_END)
    if not packed:
        return size, size
    file.seek(max(0, size - 4))
    return int.from_bytes(file.read(4), "little"), size * _DEFLATE_RATIO


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _unpacked(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """Unpack gzip piece by piece, so that a small file cannot fill the memory."""
    unpacker = zlib.decompressobj(wbits=31)
    for piece in _plain(file):
        try:
            yield unpacker.decompress(piece)
        except zlib.error as error:
            raise FormatError(f"{path} is damaged ({error}); fetch or copy it again") from None
        if unpacker.unused_data:
            raise FormatError(f"{path} has bytes after its end; fetch or copy it again")
    if not unpacker.eof:
        raise FormatError(f"{path} is cut short; fetch or copy it again")


def _read(path: Path, pieces: Iterator[bytes], held: int, most: int) -> NDArray[Any]:
    """Read header and numbers; `held` and `most` are from `_held`."""
    dtype, shape, start, rest = _header(path, pieces)
    size = prod(shape) * dtype.itemsize
    if size > min(LARGEST, most):
        raise FormatError(
            f"{path} promises {size:,} bytes {shape}, more than it can hold or than the {LARGEST:,} allowed"
        )
    if (start + size - held) % (1 << 32):
        raise FormatError(f"{path} does not hold the {start + size:,} bytes it promises; it is damaged or cut short")
    numbers = np.empty(size, np.uint8)
    into, at = numbers.data, 0
    for piece in chain([rest], pieces):
        if at + len(piece) > size:
            raise FormatError(f"{path} holds more than the {size:,} bytes it promises; fetch or copy it again")
        into[at : at + len(piece)] = piece
        at += len(piece)
    if at < size:
        raise FormatError(f"{path} ends after {at:,} of {size:,} bytes; fetch or copy it again")
    array = numbers.view(dtype).reshape(shape)
    return array if dtype.itemsize == 1 else array.astype(dtype.newbyteorder("="))


def _header(path: Path, pieces: Iterator[bytes]) -> tuple[np.dtype[Any], tuple[int, ...], int, bytes]:
    """Return the type of the numbers, the shape, the length of the header, and what was read beyond it."""
    head = b""
    while len(head) < 4 or len(head) < 4 + 4 * head[3]:
        piece = next(pieces, None)
        if piece is None:
            raise FormatError(f"{path} is {len(head)} bytes long, shorter than an IDX header; give an IDX file")
        head += piece
        if len(head) >= 4 and (head[:2] != b"\0\0" or head[2] not in _TYPES or not 1 <= head[3] <= _DIMENSIONS):
            raise FormatError(f"{path} starts with {head[:4].hex(' ')}, which is no IDX magic number; give an IDX file")
    start = 4 + 4 * head[3]
    return np.dtype(_TYPES[head[2]]), struct.unpack(f">{head[3]}I", head[4:start]), start, head[start:]

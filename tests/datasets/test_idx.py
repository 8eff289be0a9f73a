"""IDX files: what is written is read back, and every lie is refused before memory is taken."""

from __future__ import annotations

import gzip
import re
import struct
import tracemalloc

import numpy as np
import pytest

from lenet.datasets import read_idx, write_idx
from lenet.errors import FormatError, InputError

DIGITS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
HEADER = b"\0\0\x08\x03" + struct.pack(">3I", 2, 3, 4)


def test_bytes_are_those_of_the_format(tmp_path):
    write_idx(tmp_path / "digits", DIGITS)
    assert (tmp_path / "digits").read_bytes() == HEADER + DIGITS.tobytes()


@pytest.mark.parametrize("name", ["array", "array.gz"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i4", "f4", "<f8"])
def test_every_type_comes_back(tmp_path, name, dtype):
    array = (np.arange(30) - 7).astype(dtype).reshape(5, 3, 2)
    back = read_idx(write_idx(tmp_path / name, array))
    assert back.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(back, array)


def test_empty_array_comes_back(tmp_path):
    assert read_idx(write_idx(tmp_path / "none.gz", np.zeros((0, 28, 28), np.uint8))).shape == (0, 28, 28)


def test_compressed_files_of_equal_arrays_are_equal(tmp_path):
    first, second = (write_idx(tmp_path / name, DIGITS).read_bytes() for name in ("a.gz", "b.gz"))
    assert first == second


def test_compression_is_told_by_the_bytes(tmp_path):
    (tmp_path / "digits").write_bytes(gzip.compress(HEADER + DIGITS.tobytes()))
    np.testing.assert_array_equal(read_idx(tmp_path / "digits"), DIGITS)


@pytest.mark.parametrize(
    "array", [DIGITS.astype(np.int64), np.array(["seven"]), np.uint8(7), DIGITS.reshape(2, *[1] * 8, 12)]
)
def test_arrays_that_the_format_cannot_hold_are_refused(tmp_path, array):
    with pytest.raises(InputError, match="IDX"):
        write_idx(tmp_path / "array", array)
    assert not list(tmp_path.iterdir())


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        read_idx(tmp_path / "nowhere")


WHOLE = HEADER + DIGITS.tobytes()
HOSTILE = {
    "empty": b"",
    "short header": WHOLE[:9],
    "other magic number": b"\x89PNG" + WHOLE[4:],
    "unknown type": b"\0\0\x0a\x03" + WHOLE[4:],
    "no dimensions": b"\0\0\x08\0" + WHOLE[4:],
    "200 dimensions": b"\0\0\x08\xc8" + WHOLE[4:] + bytes(800),
    "cut short": WHOLE[:-1],
    "one byte more": WHOLE + b"\0",
    "absurd size": b"\0\0\x0e\x03" + b"\xff" * 12 + bytes(100),
    "three gigabytes": b"\0\0\x08\x03" + struct.pack(">3I", 1 << 30, 3, 1) + bytes(100),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_file_is_refused_before_memory_is_taken(tmp_path, content, packed):
    path = tmp_path / "hostile"
    path.write_bytes(gzip.compress(content) if packed else content)
    tracemalloc.start()
    with pytest.raises(FormatError, match="hostile"):
        read_idx(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


PACKED = gzip.compress(WHOLE)
DAMAGED = {
    "cut in the data": PACKED[: len(PACKED) // 2],
    "cut in the checksum": PACKED[:-6],
    "wrong checksum": PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
    "lying length": PACKED[:-4] + struct.pack("<I", len(WHOLE) + 1),
    "bytes after the end": PACKED + b"more" + PACKED[-4:],
    "two files in one": PACKED + PACKED,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_gzip_is_refused(tmp_path, content):
    path = tmp_path / "damaged.gz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"damaged\.gz"):
        read_idx(path)


def test_small_file_that_unpacks_to_more_than_it_promises_is_stopped(tmp_path):
    bomb = gzip.compress(HEADER + bytes(50_000_000))
    path = tmp_path / "bomb.gz"
    path.write_bytes(bomb[:-4] + struct.pack("<I", len(WHOLE)))
    with pytest.raises(FormatError, match="bomb"):
        read_idx(path)


def test_cut_gzip_says_no_size_that_it_does_not_know(tmp_path):
    """The last four bytes of a cut file are not the size that gzip puts there."""
    path = write_idx(tmp_path / "x.gz", np.random.default_rng(0).integers(0, 256, (9, 28, 28), np.uint8))
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(FormatError, match=r"does not hold the 7,072 bytes it promises|cut short") as raised:
        read_idx(path)
    assert len(re.findall(r"[\d,]{4,} bytes", str(raised.value))) <= 1

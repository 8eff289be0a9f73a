"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lenet.errors import InputError
from lenet.files import require_place, write_whole


def test_pieces_follow_each_other(tmp_path):
    path = write_whole(tmp_path / "new" / "file", [b"one ", memoryview(b"two")])
    assert path.read_bytes() == b"one two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_permissions_are_the_usual_ones(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    path = write_whole(tmp_path / "file", [b"x"])
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


def full_disk():
    yield b"half of it"
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupted():
    yield b"half of it"
    raise KeyboardInterrupt


@pytest.mark.parametrize(("pieces", "error"), [(full_disk, InputError), (interrupted, KeyboardInterrupt)])
def test_failure_leaves_the_earlier_file(tmp_path, pieces, error):
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    with pytest.raises(error):
        write_whole(path, pieces())
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_is_named(tmp_path):
    with pytest.raises(InputError, match="No space left on device"):
        write_whole(tmp_path / "file", full_disk())


def test_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="inside"):
        write_whole(tmp_path / "file" / "inside", [b"x"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder"):
        write_whole(Path(tmp_path / "folder"), [b"x"])


def test_link_is_followed(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    for content in (b"new", b"newer"):
        assert write_whole(tmp_path / "link", [content]) == tmp_path / "link"
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "there" / "file").read_bytes() == content


def test_what_is_no_file_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", tmp_path, Path("/dev/null")):
        for refuse in (lambda place: write_whole(place, [b"x"]), require_place):
            with pytest.raises(InputError, match="no ordinary file"):
                refuse(place)
    assert (tmp_path / "pipe").is_fifo()


def test_permissions_of_an_earlier_file_stay(tmp_path):
    path = write_whole(tmp_path / "secret", [b"x"])
    path.chmod(0o600)
    write_whole(path, [b"y"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_place_is_tried_without_a_trace(tmp_path):
    require_place(tmp_path / "new" / "deep" / "file")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        require_place(tmp_path / "file" / "deep")

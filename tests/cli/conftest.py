"""A fixture that runs the command as a shell would, in this process."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from lenet.cli import main


class Outcome(NamedTuple):
    status: int
    stdout: str
    stderr: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run `lenet` with arguments and standard input; give its exit status and what it printed."""

    def call(*arguments: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        return Outcome(int(left.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture
def pictures() -> Path:
    return Path(__file__).parents[2] / "examples" / "pictures"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Give a file that says it is a picture and is none."""
    path = tmp_path / "broken.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing that is right")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with two classes of drawn figures, eight of each."""
    from PIL import Image, ImageDraw

    for kind in ("cross", "ring"):
        (tmp_path / "shapes" / kind).mkdir(parents=True)
        for i in range(8):
            picture = Image.new("L", (60 + i, 64), 235)
            draw = ImageDraw.Draw(picture)
            if kind == "ring":
                draw.ellipse((12, 10 + i, 48, 50), outline=20, width=5)
            else:
                draw.line((12, 12, 50, 50 - i), fill=20, width=5)
                draw.line((50, 12, 12, 50), fill=20, width=5)
            picture.save(tmp_path / "shapes" / kind / f"{i}.png")
    return tmp_path / "shapes"

"""What the docs show is true: examples in docstrings, and commands in README and docs."""

from __future__ import annotations

import doctest
import importlib
import io
import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from lenet.cli import main
from lenet.cli.verbs import lenet
from tests.writing import on_paper, page

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "lenet"
SHOWN = sorted(path.relative_to(ROOT / "src") for path in SOURCES.rglob("*.py") if ">>> " in path.read_text())
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", SHOWN, ids=str)
def test_examples_in_docstrings_are_true(path):
    for package in ("torch", "sklearn"):
        if package in path.name or package in path.parts:
            pytest.importorskip(package)
    module = importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


def commands() -> list[str]:
    """Return every `lenet` line of a fenced block, without its comment."""
    found = []
    for shown in PAGES:
        for block in re.findall(r"^```\n(.*?)^```", shown.read_text(), re.DOTALL | re.MULTILINE):
            found += [line.split("  #")[0].strip() for line in block.splitlines() if line.startswith("lenet ")]
    return sorted(set(found))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Give a folder with the files that the docs speak of."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    paper = on_paper(page(["3141", "592"], 30))
    for name in ("page.jpg", "photo.jpg", "photo.png", "letter.tif", "scan.pdf"):
        Image.fromarray(paper).save(tmp_path / name)
    for name in ("field.png", "digit.png"):
        Image.fromarray(on_paper(page(["7"], 30))).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_commands():
    assert len(commands()) > 20


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_docs_is_understood(line, here):
    name, *arguments = shlex.split(line)[1:]
    verb = lenet.get_command(click.Context(lenet), name)
    assert verb is not None
    verb.make_context(name, arguments)


@pytest.mark.parametrize("line", [line for line in commands() if re.match(r"lenet (read|predict|show|info)\b", line)])
def test_commands_that_only_look_are_done(line, here, monkeypatch):
    if ".safetensors" in line or "form.yaml" in line:
        pytest.skip("needs a network that another line trains, or a form")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((here / "digit.png").read_bytes())))
    with pytest.raises(SystemExit) as left:
        main(shlex.split(line)[1:])
    assert not left.value.code


def test_the_page_of_the_public_names_is_current(monkeypatch):
    written = []
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.setattr(Path, "write_text", lambda self, text, **_: written.append(text))
    importlib.import_module("make_api").main()
    assert written == [(ROOT / "docs" / "api.md").read_text()], "run make docs"
    assert np.all([f"## {name}" in written[0] for name in ("Network", "Reader", "train")])

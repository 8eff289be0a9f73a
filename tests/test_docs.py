"""What the docs show is true: examples in docstrings, and commands in README and docs."""

from __future__ import annotations

import doctest
import importlib
import io
import json
import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.cli import main
from lenet.cli.verbs import lenet as group
from tests.writing import on_paper, page

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src" / "lenet"
SHOWN = sorted(path.relative_to(ROOT / "src") for path in SOURCES.rglob("*.py") if ">>> " in path.read_text())
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", SHOWN, ids=str)
def test_examples_in_docstrings_are_true(path):
    for package in ("torch", "sklearn", "ray"):
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
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "1.png").write_bytes((tmp_path / "field.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_commands():
    assert len(commands()) > 20


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_docs_is_understood(line, here):
    name, *arguments = shlex.split(line)[1:]
    verb = group.get_command(click.Context(group), name)
    assert verb is not None
    verb.make_context(name, arguments)


@pytest.mark.parametrize("line", [line for line in commands() if re.match(r"lenet (read|predict|show|info)\b", line)])
def test_commands_that_only_look_are_done(line, here, monkeypatch):
    if ".safetensors" in line or "form.yaml" in line:
        pytest.skip("needs a network that another line trains, or a form")
    if ".parquet" in line:
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((here / "digit.png").read_bytes())))
    with pytest.raises(SystemExit) as left:
        main(shlex.split(line)[1:])
    assert not left.value.code


def transcripts() -> list[tuple[str, list[str]]]:
    """Return the commands of the README's console blocks, each with the lines that it is said to print."""
    blocks = re.findall(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    shown = [part.strip().splitlines() for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)]
    return [(command, lines) for command, *lines in filter(None, shown)]


@pytest.mark.parametrize(("command", "lines"), transcripts(), ids=lambda given: str(given)[:40])
def test_what_the_readme_shows_is_what_is_printed(command, lines, here, capsys):
    """But for how sure it is, which another model changes a little, and the words of a rejection."""
    with pytest.raises(SystemExit):
        main(shlex.split(command)[1:])
    printed = capsys.readouterr().out.splitlines()
    accepted = [line for line in lines if "rejected" not in line]
    assert [re.split(r"[\d.]+%", line)[0] for line in accepted] == [
        re.split(r"[\d.]+%", line)[0] for line in printed if "rejected" not in line
    ]
    assert len(printed) == len(lines)


def test_the_page_of_the_public_names_is_current(monkeypatch):
    written = []
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.setattr(Path, "write_text", lambda self, text, **_: written.append(text))
    importlib.import_module("make_api").main()
    assert written == [(ROOT / "docs" / "api.md").read_text()], "run make docs"
    assert np.all([f"| **`{name}`** | " in written[0] for name in set(lenet.__all__) - {"__version__"}])


def test_every_page_is_in_the_index():
    """It is the navigation of the site."""
    index = (ROOT / "docs" / "index.md").read_text()
    for path in (ROOT / "docs").iterdir():
        if path.suffix in (".md", ".ipynb") and path.name != "index.md":
            assert f"]({path.name})" in index, f"docs/index.md does not link to {path.name}"


def test_links_that_leave_the_docs_stay_on_the_site(monkeypatch):
    pytest.importorskip("mkdocs", reason="make docs installs it")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    site = importlib.import_module("make_site")
    given = "[a](../CHANGELOG.md) [b](../src/lenet/reading/__init__.py) [c](../benchmarks/README.md) [d](read.md#e)"
    assert site.followed(given) == "[a](changelog.md) [b](reference/reading.md) c [d](read.md#e)"
    assert site.followed("[a](lesson.ipynb) ![b](field.png)") == "[a](lesson.md) ![b](field.png)"
    assert "**[`read`](reference/reading.md#lenet.reading.read)**" in site.linked(
        (ROOT / "docs" / "api.md").read_text()
    )


def test_the_navigation_of_the_site_is_the_index(monkeypatch):
    pytest.importorskip("mkdocs", reason="make docs installs it")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    site = importlib.import_module("make_site")
    entries = site.entries((ROOT / "docs" / "index.md").read_text())
    assert {"read": "read.md"} in entries
    assert {"LeNet-5 in one sitting": "lesson.md"} in entries
    assert {"Changelog": "changelog.md"} in entries
    assert {"lenet.reading": "reference/reading.md"} in entries


def test_docstrings_are_read_as_they_are_meant(monkeypatch):
    pytest.importorskip("griffe", reason="make docs installs it")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    docstrings = importlib.import_module("make_docstrings")
    given = "Do it.\n\nParameters\n----------\na, b : two things.\n    More.\n\nReturns\n-------\nA thing.\n"
    assert docstrings.rewritten(given) == (
        "Do it.\n\n**Returns:** A thing.\n\nParameters\n----------\na, b\n    two things.\n    More.\n\n"
    )


def test_the_lesson_is_kept_without_outputs():
    """What a notebook printed and drew would go stale, and its pictures would show digits of a data set."""
    text = (ROOT / "docs" / "lesson.ipynb").read_text()
    notebook = json.loads(text)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    assert all(set(cell["metadata"]) == set() for cell in notebook["cells"])
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook["cells"])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_lesson_is_true(monkeypatch):
    """Its cells and the answers to its exercises assert what the text says."""
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    lesson = importlib.import_module("make_lesson")
    cells = lesson.run(lesson.load())
    printed = "".join(cell.printed for cell in cells)
    assert "digits8x8: 1,500 digits" in printed
    assert "60,000   61,706" in printed
    assert sum(cell.picture is not None for cell in cells) > 10
    markdown, pictures = lesson.to_markdown(cells)
    assert all(f"]({name})" in markdown for name in pictures)

"""A folder gives the same file for any number of processes, and however often it was killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import lenet
from lenet.errors import InputError
from lenet.network import Network
from lenet.reading.folders import documents_in
from tests.fields import save_fields, written
from tests.forms import FILLED, scan, template

BAD = {"b/bad.png": b"no picture", "b/empty.tif": b""}


@pytest.fixture(scope="module")
def fields(tmp_path_factory):
    """Give a folder of 150 fields in three folders, with files among them that cannot be read."""
    folder = tmp_path_factory.mktemp("fields")
    for name, first in (("a", 0), ("b", 60), ("c", 120)):
        part = written(150, 5)
        some = slice(first, first + {"a": 60, "b": 60, "c": 30}[name])
        save_fields(type(part)(part.pictures[some], part.texts[some], part.names[some], "written"), folder / name)
    for name, content in BAD.items():
        (folder / name).write_bytes(content)
    (folder / ".hidden.png").write_bytes(b"hidden")
    return folder


@pytest.fixture(scope="module")
def whole(fields, tmp_path_factory):
    """Give the results of one process that nobody disturbed, and what came of it."""
    out = tmp_path_factory.mktemp("whole") / "results.jsonl"
    return out, lenet.read_folder(fields, out, "digits", processes=1)


def test_every_document_has_its_row_in_the_order_of_the_names(fields, whole):
    out, batch = whole
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    names = [name for name in documents_in([str(fields)]) if Path(name).relative_to(fields).as_posix() not in BAD]
    assert [row["file"] for row in rows] == names
    assert names == sorted(names)
    assert (batch.documents, batch.readings, batch.bad, batch.passed_over) == (152, 150, 2, 3)
    expected = dict(zip(written(150, 5).names, written(150, 5).texts, strict=True))
    right = sum(row["text"] == expected[Path(row["file"]).name] for row in rows)
    assert right > 100, "the rows say what is written"


def test_what_cannot_be_read_is_set_aside(fields, whole):
    bad = [json.loads(line) for line in whole[1].bad_path.read_text().splitlines()]
    assert [row["file"] for row in bad] == [str(fields / name) for name in BAD]
    assert ["no format" in bad[0]["reason"], "is empty" in bad[1]["reason"]] == [True, True]


def test_several_processes_write_the_same_file(fields, whole, tmp_path):
    seen = []
    out = tmp_path / "results.jsonl"
    batch = lenet.read_folder(str(fields), out, "digits", processes=2, progress=seen.append)
    assert out.read_bytes() == whole[0].read_bytes()
    assert batch.bad_path.read_bytes() == whole[1].bad_path.read_bytes()
    last = seen[-1]
    assert (last.done, last.documents, last.readings, last.bad, last.left) == (152, 152, 150, 2, 0)
    assert last.rate == pytest.approx(150 / last.seconds)


def killed(fields, out, after, *, resume):
    """Begin or go on with a run, and kill it when its files have so many bytes; return its exit status."""
    program = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import lenet, lenet.reading.batch as batch; batch.EVERY = 0.0\n"
        f"lenet.read_folder({str(fields)!r}, {str(out)!r}, 'digits', processes=2, resume={resume})"
    )
    flags = ["-S"] if sys.flags.no_site else []
    process = subprocess.Popen([sys.executable, *flags, "-c", program])
    rows = out.with_name(out.name + ".rows") if out.suffix == ".parquet" else out
    while process.poll() is None:
        if rows.exists() and rows.stat().st_size >= after:
            process.kill()
            break
        time.sleep(0.001)
    return process.wait()


def test_a_killed_run_goes_on_to_the_same_file(fields, whole, tmp_path):
    out = tmp_path / "results.jsonl"
    assert killed(fields, out, 1, resume=False) == -signal.SIGKILL
    lenet.read_folder(fields, out, "digits", processes=1, resume=True)
    assert out.read_bytes() == whole[0].read_bytes()
    assert out.with_suffix(".bad.jsonl").read_bytes() == whole[1].bad_path.read_bytes()


def test_a_run_is_not_gone_on_with_by_another_version(fields, tmp_path):
    """Its weights may be others, and with them the rows."""
    out, journal = tmp_path / "results.jsonl", tmp_path / "results.run.json"
    lenet.read_folder(fields, out, "digits", processes=1)
    journal.write_text(journal.read_text().replace(f'"{lenet.__version__}"', '"0.0.1"'))
    with pytest.raises(InputError, match=r"begun with lenet 0\.0\.1"):
        lenet.read_folder(fields, out, "digits", processes=1, resume=True)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
@pytest.mark.timeout(600)
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_rows(fields, whole, tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    expected = tmp_path / f"expected{suffix}"
    lenet.read_folder(fields, expected, "digits", processes=2)
    chance = random.Random(7)
    out = tmp_path / f"results{suffix}"
    kills = 0
    for _ in range(30):
        if killed(fields, out, chance.choice((0, 1, chance.randrange(1, 150_000))), resume=out_begun(out)) == 0:
            break
        kills += 1
        if chance.random() < 0.5:  # the end of a row that was cut
            for path in (out, out.with_name(out.name + ".rows")):
                if path.exists() and path.stat().st_size:
                    with path.open("ab") as file:
                        file.write(b'{"schema": 1, "fi')
                    break
    lenet.read_folder(fields, out, "digits", processes=2, resume=out_begun(out))
    assert kills >= 3
    if suffix == ".parquet":
        from pyarrow import parquet

        assert parquet.read_table(out).equals(parquet.read_table(expected))
    else:
        assert out.read_bytes() == expected.read_bytes()
    assert out.with_suffix(".bad.jsonl").read_bytes() == whole[1].bad_path.read_bytes()


def out_begun(out):
    return out.with_suffix(".run.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="a process is found by ps")
def test_reading_processes_that_are_killed_cost_nothing(fields, whole, tmp_path):
    """Processes are gone in the middle of their groups: others read those."""
    killed: list[int] = []

    def kill_all(_):
        if not killed:
            command = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(os.getpid())]
            lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
            killed.extend(int(line.split()[0]) for line in lines if "workers import serve" in line)
            for process in killed:
                os.kill(process, signal.SIGKILL)

    out = tmp_path / "results.jsonl"
    batch = lenet.read_folder(fields, out, "digits", processes=2, progress=kill_all)
    assert len(killed) == 2
    assert batch.bad == 2
    assert out.read_bytes() == whole[0].read_bytes()


def test_pages_of_forms_are_read_side_by_side_and_resumed(tmp_path):
    pages = [Image.fromarray(scan(seed=seed)) for seed in range(3)]
    pages[0].save(tmp_path / "scans.pdf", save_all=True, append_images=pages[1:], resolution=200)
    pages[0].save(tmp_path / "one.png")
    options = {"template": template(tmp_path), "threads": 1}
    shares = []
    out = tmp_path / "out" / "results.jsonl"
    batch = lenet.read_folder(
        [tmp_path / "scans.pdf", tmp_path / "one.png"],
        out,
        processes=2,
        progress=lambda now: shares.append(now.done),
        **options,
    )
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(row["page"], row["text"]) for row in rows] == [
        (page, text) for page in (1, 2, 3, 1) for text in FILLED.values()
    ]
    assert batch.readings == 4 * len(FILLED)
    assert shares[-1] == 2
    assert shares == sorted(shares)


def test_with_options_of_another_run_nothing_is_gone_on_with(fields, whole):
    before = whole[0].read_bytes()
    with pytest.raises(InputError, match="exists already"):
        lenet.read_folder(fields, whole[0], "digits")
    with pytest.raises(InputError, match="kind digits, and now it is amount"):
        lenet.read_folder(fields, whole[0], "amount", resume=True)
    with pytest.raises(InputError, match="documents 152, and now it is 31"):
        lenet.read_folder([fields / "c", fields / "b" / "bad.png"], whole[0], "digits", resume=True)
    again = lenet.read_folder(fields, whole[0], "digits", resume=True, processes=3)
    assert again == whole[1]
    assert whole[0].read_bytes() == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "nothing was given"),
        (["empty"], "no file that ends as"),
        (["a", "a/"], "twice"),
        (["a", "a/1.png"], "in which"),
    ],
)
def test_what_cannot_be_a_run_is_refused(tmp_path, given, words):
    for folder in ("a", "empty"):
        (tmp_path / folder).mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"")
    with pytest.raises(InputError, match=words):
        lenet.read_folder([tmp_path / name for name in given], tmp_path / "results.jsonl")
    with pytest.raises(InputError, match="processes"):
        lenet.read_folder(tmp_path / "a", tmp_path / "results.jsonl", processes=-1)
    assert not list(tmp_path.glob("results*"))


def test_a_model_or_template_that_changed_meanwhile_is_another(tmp_path):
    """Or half of the rows would be read by one and half by the other."""
    Image.fromarray(written(1).pictures[0]).save(tmp_path / "a.png")
    model, out = lenet.save(lenet.load("digits"), tmp_path / "mine.safetensors"), tmp_path / "results.jsonl"
    lenet.read_folder(tmp_path, out, "digits", model=model, processes=1)
    assert lenet.read_folder(tmp_path, out, "digits", model=model, resume=True).documents == 1
    lenet.save(Network("lenet5", seed=3), model)
    with pytest.raises(InputError, match=r"begun with model .*mine\.safetensors, sha256 .* and now it is"):
        lenet.read_folder(tmp_path, out, "digits", model=model, resume=True)
    for network in (lenet.load("digits"), Network("lenet5", seed=3)):
        with pytest.raises(InputError, match="begun with model"):
            lenet.read_folder(tmp_path, out, "digits", model=network, resume=True)


def test_results_among_the_documents_are_not_counted_as_passed_over(tmp_path):
    Image.fromarray(written(1).pictures[0]).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").touch()
    for resume in (False, True):
        batch = lenet.read_folder(tmp_path, tmp_path / "results.csv", "digits", resume=resume, processes=1)
        assert batch.passed_over == 1


def test_a_link_that_leads_nowhere_is_set_aside_as_a_document(tmp_path):
    """Somebody meant a picture there: that it is missing has to be said."""
    for name, target in (("gone.png", "nowhere.png"), ("loop.png", "loop.png")):
        (tmp_path / name).symlink_to(target)
    os.mkfifo(tmp_path / "pipe.png")
    batch = lenet.read_folder(tmp_path, tmp_path / "results.jsonl", "digits", processes=1)
    assert (batch.documents, batch.bad, batch.passed_over) == (2, 2, 1)
    assert [json.loads(line)["file"] for line in batch.bad_path.read_text().splitlines()] == [
        str(tmp_path / name) for name in ("gone.png", "loop.png")
    ]


def test_folders_are_walked_in_the_order_of_names_and_links_to_folders_are_not_followed(tmp_path):
    for name in ("b/2.PNG", "b/10.tif", "a.pdf", "c/d/e.jpg", "c/.hidden/f.png", "c/g.txt", "z.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "again").symlink_to(tmp_path)
    others = []
    found = list(documents_in([str(tmp_path / "z.png"), str(tmp_path / "missing"), str(tmp_path)], others.append))
    names = [Path(name).relative_to(tmp_path).as_posix() for name in found]
    assert names == ["z.png", "missing", "a.pdf", "b/10.tif", "b/2.PNG", "c/d/e.jpg", "z.png"]
    assert [Path(name).name for name in others] == ["again", "g.txt"]

"""`lenet read --out`: folders over several processes, with exit statuses for programs."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.fields import save_fields, written


@pytest.fixture
def folder(tmp_path):
    save_fields(written(70, 3), tmp_path / "fields")
    return tmp_path / "fields"


def test_a_folder_is_read_to_a_file(run, folder, tmp_path):
    outcome = run("read", "--as", "digits", folder, "--out", tmp_path / "results.csv", "--processes", 2)
    assert outcome.status == 0, outcome.stderr
    assert outcome.stdout == ""
    assert outcome.stderr == "lenet: 1 passed over: files not named as pictures or documents, or links to folders\n"
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == sorted(str(path) for path in folder.glob("*.png"))
    again = ("read", "--as", "digits", folder, "--out", tmp_path / "results.csv", "--quiet")
    assert run(*again).status == 1, "an existing file needs --resume"
    assert run(*again, "--resume").status == 0


def test_what_cannot_be_read_is_told_at_the_end(run, folder, broken, tmp_path):
    out = tmp_path / "results.jsonl"
    given = ("read", "--as", "digits", folder, broken, tmp_path / "missing.png", "--out", out, "--quiet")
    for again in ((), ("--resume",)):
        outcome = run(*given, *again)
        assert outcome.status == 1
        assert outcome.stderr == f"lenet: 2 of 72 documents cannot be read; {tmp_path / 'results.bad.jsonl'} says why\n"
    bad = [json.loads(line) for line in (tmp_path / "results.bad.jsonl").read_text().splitlines()]
    assert [row["file"] for row in bad] == [str(broken), str(tmp_path / "missing.png")]


def test_without_out_a_folder_is_printed(run, pictures, tmp_path):
    (tmp_path / "one").mkdir()
    for name in ("digit-3.png", "field-year.png"):
        (tmp_path / "one" / name).write_bytes((pictures / name).read_bytes())
    (tmp_path / "one" / "labels.txt").touch()
    outcome = run("read", "--as", "digits", "--model", "digits", tmp_path / "one")
    assert outcome.status == 0
    first, second = outcome.stdout.splitlines()
    assert first.startswith("3 ")
    assert second.endswith("field-year.png")


def test_wrong_usage_is_told(run, folder, tmp_path):
    out = ("--out", tmp_path / "results.jsonl")
    for given, words in (
        ((folder, "--resume"), "--out"),
        ((folder, "--processes", 2), "--out"),
        ((folder, "--save", tmp_path / "a.png"), "one picture"),
        ((folder, "--json", *out), "printed"),
        (("-", *out), "reads files"),
        ((folder, "--processes", -1, *out), "processes"),
    ):
        outcome = run("read", *given)
        assert outcome.status == 2
        assert words in outcome.stderr
    assert run("read", folder, "--out", tmp_path / "results.txt").status == 1
    assert [path.name for path in tmp_path.iterdir()] == ["fields"]


@pytest.mark.skipif(os.name != "posix", reason="sends what Ctrl-C sends")
def test_ctrl_c_ends_it_cleanly_and_it_can_be_resumed(run, folder, tmp_path):
    out = tmp_path / "results.jsonl"
    given = ("read", "--as", "digits", folder, "--out", out, "--processes", 2)
    program = f"import sys; sys.path[:] = {sys.path!r}; from lenet.cli import main; main()"
    flags = ["-S"] if sys.flags.no_site else []
    process = subprocess.Popen(
        [sys.executable, *flags, "-c", program, *map(str, given)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not (out.exists() and out.stat().st_size):
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)
    stderr = process.communicate()[1]
    if process.returncode != 0:  # it may have been done already
        assert process.returncode == 130
        assert stderr.strip() == "lenet: interrupted"
    assert all(json.loads(line) for line in out.read_text().splitlines()), "whole rows alone"
    assert run(*given, "--resume").status == 0
    assert len(out.read_text().splitlines()) == 70

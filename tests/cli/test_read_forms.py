"""`lenet read --template` and `--out`: rows of a form, kept across a kill."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from tests.forms import FILLED, scan, template


@pytest.fixture
def scans(tmp_path):
    pages = [Image.fromarray(scan(seed=seed)) for seed in range(4)]
    pages[0].save(tmp_path / "scans.pdf", save_all=True, append_images=pages[1:], resolution=200)
    return tmp_path / "scans.pdf"


def test_a_form_is_printed_field_by_field(run, tmp_path):
    Image.fromarray(scan()).save(tmp_path / "scan.png")
    outcome = run("read", "--template", template(tmp_path), tmp_path / "scan.png", "--json")
    rows = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert outcome.status == 0
    assert {row["field"]: row["text"] for row in rows} == FILLED
    assert {row["file"] for row in rows} == {str(tmp_path / "scan.png")}
    assert run("read", "--template", template(tmp_path), tmp_path / "scan.png", "--as", "digits").status == 2


def test_what_is_odd_about_a_page_is_said(run, tmp_path):
    Image.fromarray(scan(turn=180)).save(tmp_path / "turned.png")
    Image.new("L", (800, 700), 230).save(tmp_path / "other.png")
    outcome = run("read", "--template", template(tmp_path), tmp_path / "turned.png", tmp_path / "other.png", "--csv")
    assert "turned.png, page 1: the page lies upside down" in outcome.stderr
    assert "other.png, page 1: the page does not fit the template" in outcome.stderr
    assert len(list(csv.reader(outcome.stdout.splitlines()))) == 1 + 2 * len(FILLED)


def test_a_killed_run_goes_on_to_the_same_rows(run, scans, tmp_path):
    form = template(tmp_path)
    assert run("read", "--template", form, scans, "--out", tmp_path / "whole.jsonl").status == 0
    whole = (tmp_path / "whole.jsonl").read_bytes()
    out = tmp_path / "killed.jsonl"
    command = [sys.executable, *(["-S"] if sys.flags.no_site else []), "-c", "from lenet.cli import main; main()"]
    process = subprocess.Popen([*command, "read", "--template", form, scans, "--out", out], env=os.environ)
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and process.poll() is None:
        if out.exists() and out.read_bytes().count(b"\n") >= len(FILLED):
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    assert process.wait() in (0, -signal.SIGKILL)
    assert whole.startswith(out.read_bytes())
    if json.loads(out.with_suffix(".run.json").read_bytes())["finished"]:
        return  # it was done before it could be killed
    with out.open("ab") as file:
        file.write(whole[:20])  # as if it had been killed in the middle of a line
    assert run("read", "--template", form, scans, "--out", out).status == 1, "an existing file needs --resume"
    assert run("read", "--template", form, scans, "--out", out, "--resume").status == 0
    assert out.read_bytes() == whole


def test_wrong_usage_is_told(run, scans, tmp_path):
    assert run("read", scans, "--resume").status == 2
    assert run("read", scans, "--max-error", "1%").status == 2
    assert run("read", scans, "--template", template(tmp_path), "--max-error", "much").status == 2

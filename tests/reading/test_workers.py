"""Documents that are read side by side come in order, whatever becomes of who reads them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time

import pytest

from lenet.errors import LenetError
from lenet.reading.workers import AHEAD, Group, read_in_processes
from tests.dying import Reads, Unloadable

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are killed as POSIX kills them")


def read(folder, groups, processes=2):
    """Return the text of all parts, how many documents they are, and those set aside."""
    parts = list(read_in_processes(Reads(folder), iter(groups), processes))
    text = b"".join(part.lines for part in parts).decode().split()
    return text, sum(part.documents for part in parts), dict(bad for part in parts for bad in part.bad)


def singles(*documents):
    return [Group((document,)) for document in documents]


def test_parts_come_in_the_order_of_the_documents(tmp_path):
    documents = ["a:2:slow", *(f"{name}:1" for name in "bcdefg"), "h:30"]
    text, count, bad = read(tmp_path, singles(*documents), 3)
    assert text == ["a1", "a2", "b1", "c1", "d1", "e1", "f1", "g1", *(f"h{page}" for page in range(1, 31))]
    assert (count, bad) == (8, {})


def test_pages_before_are_left_out(tmp_path):
    assert read(tmp_path, [Group(("a:4",), 2), Group(("b:1",))])[0] == ["a3", "a4", "b1"]


def test_a_document_whose_process_died_goes_on_after_its_last_page(tmp_path):
    text, count, bad = read(tmp_path, singles("a:1", "b:3:dies-once", "c:1", "d:1"))
    assert text == ["a1", "b1", "b2", "b3", "c1", "d1"]
    assert (count, bad) == (4, {})


def test_a_document_of_which_processes_die_is_set_aside(tmp_path):
    text, count, bad = read(tmp_path, singles("a:1", "b:3:dies", "c:1", "d:1:dies"))
    assert text == ["a1", "b1", "b2", "c1"]
    assert count == 4
    assert list(bad) == ["b:3:dies", "d:1:dies"]
    assert bad["b:3:dies"].startswith("the process that read it was ended by SIGKILL, twice; if memory is short")


def test_of_documents_that_are_read_together_only_the_guilty_is_set_aside(tmp_path):
    groups = [Group(("a:1", "b:1")), Group(("c:1", "d:1:dies", "e:1", "f:1:dies-once")), Group(("g:1", "h:1"))]
    text, count, bad = read(tmp_path, groups)
    assert text == ["a1", "b1", "c1", "e1", "f1", "g1", "h1"]
    assert count == 8
    assert list(bad) == ["d:1:dies"]


def test_documents_that_are_too_much_together_are_read_one_by_one(tmp_path):
    text, count, bad = read(tmp_path, [Group(("a:1", "b:1:dies-beside", "c:1")), Group(("d:1",))])
    assert text == ["a1", "b1", "c1", "d1"]
    assert (count, bad) == (4, {})


def test_a_mistake_of_the_program_costs_its_document_too(tmp_path, capfd):
    text, _, bad = read(tmp_path, singles("a:1", "b:1:raises", "c:1"))
    assert text == ["a1", "c1"]
    assert "ended with status 1, twice" in bad.pop("b:1:raises")
    assert not bad
    assert "RuntimeError: a mistake" in capfd.readouterr().err


def test_processes_that_cannot_start_are_one_error(capfd):
    with pytest.raises(LenetError, match="before it read anything"):
        list(read_in_processes(Unloadable(), iter(singles("a:1", "b:1")), 2))
    assert "this is no number" in capfd.readouterr().err


def test_groups_are_taken_as_they_are_needed(tmp_path):
    """A first document that takes its time does not let the others pile up in memory."""
    taken = itertools.count()
    documents = ("a:1:slow" if number == 0 else f"b{number}:1" for number in range(5 * AHEAD))
    groups = (Group((document,)) for document in documents if next(taken) >= 0)
    parts = read_in_processes(Reads(tmp_path), groups, 2)
    next(parts)
    assert next(taken) <= 2 * AHEAD + 1
    assert sum(part.documents for part in parts) == 5 * AHEAD


def running(mark):
    """Return how many processes have `mark` among what they were started with."""
    done = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True)
    return sum(mark in line for line in done.stdout.splitlines())


def test_processes_end_with_who_took_the_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])  # a mark that no other processes have
    parts = read_in_processes(Reads(tmp_path), iter(singles("a:1", "b:1:slow", "c:9999", "d:9999")), 2)
    next(parts)
    assert running(str(tmp_path))
    parts.close()
    assert running(str(tmp_path)) == 0


def test_processes_end_when_who_started_them_is_killed(tmp_path):
    program = (
        f"import sys; sys.path[:] = {[*sys.path, str(tmp_path)]!r}\n"
        "from pathlib import Path; from tests.dying import Reads; from lenet.reading.workers import *\n"
        "groups = (Group((f'a{n}:1',)) for n in range(10**9))\n"
        f"for part in read_in_processes(Reads(Path({str(tmp_path)!r})), groups, 2): print(part.lines, flush=True)"
    )
    flags = ["-S"] if sys.flags.no_site else []
    process = subprocess.Popen([sys.executable, *flags, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 60
    while running(str(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running(str(tmp_path)) == 0

"""Results that were cut anywhere behind their journal go on to what they would have been in one go."""

from __future__ import annotations

import csv
import errno
import json
import os
from types import SimpleNamespace

import pytest

from lenet.errors import FormatError, InputError
from lenet.reading import Reading
from lenet.reading.batch import Part, Results
from lenet.reading.rows import csv_lines, json_lines

RUN = {"documents": 5, "names": "abc", "kind": "digits"}
DOCUMENTS = ["a.png", 'b "odd",\nname.png', "c.png", "bad.png", "e.png"]


def part(number, *, lines=json_lines):
    document = DOCUMENTS[number]
    if document == "bad.png":
        return Part(documents=1, bad=((document, "it is damaged"),))
    readings = [Reading(str(n), None, 0.5, False, 'say "why"', (), (0, 0, 9, 9), 1, document) for n in range(number)]
    return Part(lines(readings), len(readings), 1)


def write(path, *, until=5, resume=False, finish=True):
    lines = csv_lines if path.suffix == ".csv" else json_lines
    with Results(path, RUN, resume=resume) as results:
        if not results.finished:
            for number in range(results.done.documents, until):
                results.write(part(number, lines=lines))
            if finish:
                results.finish()
        return results.done


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
@pytest.mark.parametrize("until", range(len(DOCUMENTS) + 1))
def test_what_stands_behind_the_journal_is_cut_off_and_read_anew(tmp_path, suffix, until):
    whole, cut = tmp_path / "whole" / f"results{suffix}", tmp_path / "cut" / f"results{suffix}"
    write(whole)
    write(cut, until=until, finish=False)
    with cut.open("ab") as rows, cut.with_suffix(".bad.jsonl").open("ab") as bad:
        rows.write(b'{"schema": 1, "file": "half a li')
        bad.write(b'{"file')
    assert write(cut, resume=True).documents == len(DOCUMENTS)
    assert contents(cut.parent) == contents(whole.parent)


def test_rows_stand_in_the_file_as_they_come(tmp_path):
    with Results(tmp_path / "results.jsonl", RUN) as results:
        results.write(part(2))
        assert (tmp_path / "results.jsonl").read_text().count("\n") == 2


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_run_that_is_killed_before_its_first_row_is_begun_again(tmp_path, suffix, monkeypatch):
    """The journal is there before the files, of which neither, one or both are there then."""
    order = []
    with monkeypatch.context() as watching:
        plain = Results._opened
        watching.setattr(Results, "_opened", lambda self, *at: order.append(self._journal.exists()) or plain(self, *at))
        write(tmp_path / "whole" / f"results{suffix}")
    assert order == [True, True]
    for gone in ((), (suffix,), (".bad.jsonl",), (suffix, ".bad.jsonl")):
        path = tmp_path / f"without{len(gone)}{''.join(gone)}" / f"results{suffix}"
        write(path, until=0, finish=False)
        journal = json.loads(path.with_suffix(".run.json").read_bytes())
        journal["done"]["bytes"] = 0
        path.with_suffix(".run.json").write_text(json.dumps(journal))
        for name in gone:
            path.with_suffix(name).unlink()
        write(path, resume=True)
        assert contents(path.parent) == contents(tmp_path / "whole")


def test_half_a_row_of_an_interrupted_run_is_taken_off(tmp_path):
    path = tmp_path / "results.jsonl"
    with pytest.raises(KeyboardInterrupt), Results(path, RUN) as results:  # noqa: PT012 (the cut is the matter)
        results.write(part(2))
        whole = path.read_bytes()
        results._rows.write(b'{"half')
        raise KeyboardInterrupt
    assert path.read_bytes() == whole


def test_the_journal_is_never_before_the_rows(tmp_path, monkeypatch):
    """A run that is killed while it writes leaves a journal of whole rows that are in the file."""
    monkeypatch.setattr("lenet.reading.batch.EVERY", 0.0)
    path = tmp_path / "results.jsonl"
    with Results(path, RUN) as results:
        for number in range(len(DOCUMENTS)):
            results.write(part(number))
            done = json.loads(path.with_suffix(".run.json").read_bytes())["done"]
            assert done["documents"] == number + 1
            assert done["bytes"] == path.stat().st_size
            assert done["bad_bytes"] == path.with_suffix(".bad.jsonl").stat().st_size


def test_what_cannot_be_read_stands_aside_with_its_reason(tmp_path):
    assert write(tmp_path / "results.csv").bad == 1
    (row,) = (tmp_path / "results.bad.jsonl").read_text().splitlines()
    assert json.loads(row) == {"file": "bad.png", "reason": "it is damaged"}
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [DOCUMENTS[number] for number in (1, 2, 2, 4, 4, 4, 4)]


def test_no_file_of_bad_documents_is_left_where_there_are_none(tmp_path):
    with Results(tmp_path / "results.jsonl", RUN) as results:
        results.write(part(1))
        results.finish()
    assert sorted(contents(tmp_path)) == ["results.jsonl", "results.run.json"]


def test_parquet_holds_what_json_holds(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    write(tmp_path / "rows.jsonl")
    write(tmp_path / "results.parquet", until=3, finish=False)
    assert not (tmp_path / "results.parquet").exists()
    write(tmp_path / "results.parquet", resume=True)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert parquet.read_table(tmp_path / "results.parquet").to_pylist() == rows
    assert not list(tmp_path.glob("*parquet.*"))
    assert not list(tmp_path.glob(".*"))


def test_names_that_are_no_text_stand_in_parquet_escaped(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    reading = Reading("1", None, 0.5, False, "", (), (0, 0, 9, 9), 1, os.fsdecode(b"a\xff.png"))
    with Results(tmp_path / "results.parquet", RUN) as results:
        results.write(Part(json_lines([reading]), 1, 1, bad=((os.fsdecode(b"b\xff.png"), "it is damaged"),)))
        results.finish()
    assert parquet.read_table(tmp_path / "results.parquet")["file"].to_pylist() == ["a\\udcff.png"]
    bad = json.loads((tmp_path / "results.bad.jsonl").read_text(encoding="utf-8"))
    assert os.fsencode(bad["file"]) == b"b\xff.png"


def test_parquet_that_was_killed_while_it_was_made_is_made_again(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    path = tmp_path / "results.parquet"
    monkeypatch.setattr("lenet.reading.batch.ROWS", 3)
    write(path, finish=False)
    (tmp_path / ".results.parquet.folding").write_bytes(b"PAR1 and then nothing")
    write(path, resume=True)
    assert parquet.ParquetFile(path).metadata.num_row_groups == 3
    assert len(parquet.read_table(path)) == 7
    assert not list(tmp_path.glob(".*"))


def test_a_finished_run_is_not_read_again(tmp_path):
    path = tmp_path / "results.jsonl"
    done = write(path)
    before = contents(tmp_path)
    with Results(path, RUN, resume=True) as results:
        assert results.finished
        assert results.done == done
    assert contents(tmp_path) == before
    path.unlink()
    with pytest.raises(InputError, match="is gone"):
        Results(path, RUN, resume=True)


def test_a_file_that_stands_there_is_not_overwritten(tmp_path):
    for name in ("results.csv", "results.bad.jsonl", "results.run.json"):
        (tmp_path / name).write_text("precious")
        with pytest.raises(InputError, match="exists already"):
            Results(tmp_path / "results.csv", RUN)
        (tmp_path / name).unlink()
    (tmp_path / "results.csv").write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        Results(tmp_path / "results.csv", RUN, resume=True)
    assert contents(tmp_path) == {"results.csv": b"precious"}


def test_results_of_one_name_and_two_formats_are_told_apart(tmp_path):
    """To resume, as is said of results that exist, would not help."""
    write(tmp_path / "results.jsonl")
    with pytest.raises(InputError, match=r"is the journal of results\.jsonl; choose another name than results"):
        Results(tmp_path / "results.csv", RUN)


def test_another_run_is_not_gone_on_with(tmp_path):
    path = tmp_path / "results.jsonl"
    write(path, until=3, finish=False)
    before = contents(tmp_path)
    for other, words in (
        ({"kind": "amount"}, "kind digits, and now it is amount"),
        ({"max_error": 0.01}, "max_error none, and now it is 0.01"),
        ({"documents": 6}, "documents 5, and now it is 6"),
        ({"names": "abd"}, "other documents"),
    ):
        with pytest.raises(InputError, match=words):
            Results(path, RUN | other, resume=True)
    with pytest.raises(InputError, match="results"):
        Results(path.with_suffix(".csv"), RUN, resume=True)
    assert contents(tmp_path) == before


def test_a_full_disk_is_told_and_the_run_can_go_on(tmp_path):
    path = tmp_path / "results.jsonl"
    with pytest.raises(InputError, match="make room and resume"), Results(path, RUN) as results:  # noqa: PT012
        results.write(part(2))
        whole, rows = path.read_bytes(), results._rows

        def fail(_):
            raise OSError(errno.ENOSPC, "No space left on device")

        kept = {name: getattr(rows, name) for name in ("flush", "fileno", "truncate", "close")}
        results._rows = SimpleNamespace(write=fail, **kept)
        results.write(part(4))
    assert path.read_bytes() == whole
    with Results(path, RUN, resume=True) as results:
        assert results.done.readings == 2


def test_a_damaged_journal_and_lost_rows_are_told(tmp_path):
    path = tmp_path / "results.jsonl"
    write(path, until=3, finish=False)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="bytes, and its run left"):
        Results(path, RUN, resume=True)
    path.with_suffix(".run.json").write_text("{}")
    with pytest.raises(FormatError, match="no journal"):
        Results(path, RUN, resume=True)


def test_two_runs_do_not_write_one_file(tmp_path):
    pytest.importorskip("fcntl", reason="this system has no locks of that kind")
    path = tmp_path / "results.jsonl"
    with Results(path, RUN) as results:
        results.write(part(2))
        with pytest.raises(InputError, match="another run"):
            Results(path, RUN, resume=True)
        results.write(part(4))
    assert path.read_text().count("\n") == 6


def test_a_place_or_a_format_that_cannot_be_used_is_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="suffix"):
        Results(tmp_path / "results.txt", RUN)
    with pytest.raises(InputError, match="cannot be written"):
        Results("/proc/results.jsonl", RUN)
    assert not contents(tmp_path)

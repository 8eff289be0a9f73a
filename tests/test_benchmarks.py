"""What surrounds the measurements: medians, ratios within a round, the files they are written to."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks stand beside the package, not in it

from benchmarks import contest, job, records  # noqa: E402


def test_a_figure_is_the_median_with_its_quartiles():
    figure = records.Figure.of("forward", "lenet", [1.0, 2.0, 3.0, 4.0, 50.0], "x")
    assert (figure.low, figure.value, figure.high) == (2.0, 3.0, 4.0)
    assert figure.text() == "3.00x"
    assert figure.spread() == "2.00x to 4.00x"


def test_ratios_are_taken_within_a_round():
    """Both are twice as fast in the second round, and the ratio does not move."""
    standings = contest.Standings(
        {"lenet": np.array([30.0, 60.0]), "other": np.array([10.0, 20.0])}, {"lenet": "batch 1", "other": "batch 2"}
    )
    figure = standings.ratio("forward", "headline", "lenet", standings.fastest(["other", "absent"]))
    assert (figure.low, figure.value, figure.high) == (3.0, 3.0, 3.0)


def test_the_fastest_stands_first_and_rates_become_microseconds():
    standings = contest.Standings({"slow": np.array([10.0]), "lenet": np.array([1000.0])}, {"slow": "", "lenet": ""})
    figures = standings.figures("single", "us", "headline")
    assert [(f.what, f.value, f.headline) for f in figures] == [("lenet", 1000.0, "headline"), ("slow", 100000.0, "")]


def test_a_timed_job_counts_what_was_done():
    calls = []
    rate = job.timed(lambda: calls.append(1), 7)(0.02)
    assert 0 < rate <= 7 * len(calls) / 0.02 * 1.1


def test_the_table_goes_between_the_marks_of_the_readme(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{records.START}\nold\n{records.END}\nafter\n")
    shown = records.Figure.of("forward", "lenet : other", [3.0], "x", "", "forward")
    hidden = records.Figure.of("forward", "other", [3.0], "x")
    assert records.write_readme([shown, hidden], path)
    text = path.read_text()
    assert "| forward | **3.00x** |" in text
    assert "old" not in text
    assert "other" not in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")


def test_a_readme_without_marks_is_left_alone(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("nothing here")
    assert not records.write_readme([], path)
    assert path.read_text() == "nothing here"


def test_a_run_is_saved_as_json_lines_with_machine_and_versions(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "RESULTS", tmp_path)
    lines = (
        records.save([records.Figure.of("forward", "lenet", [123456.789], "images/s")], 0.01).read_text().splitlines()
    )
    about, figure = (json.loads(line) for line in lines)
    assert about["machine"] == records.machine()
    assert "numpy" in about["versions"]
    assert figure["value"] == pytest.approx(123460)

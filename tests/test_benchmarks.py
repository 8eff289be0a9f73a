"""What surrounds the measurements: medians, ratios within a round, the files they are written to."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks stand beside the package, not in it

from benchmarks import contest, job, pieces, records, strings  # noqa: E402
from lenet.documents import cuts  # noqa: E402


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


def test_strings_know_the_owner_of_every_pixel():
    """Digits overlap by 1 to 3 pixels; each column of ink belongs to digits in order."""
    images = np.zeros((2, 28, 28), np.uint8)
    images[0, 4:24, 8:20] = images[1, 4:24, 12:16] = 255
    for string in strings.touching(images, np.array([0, 1]), 20, seed=3):
        ink = string.picture < 128
        assert 3 <= len(string.text) <= 7
        np.testing.assert_array_equal(string.owners >= 0, ink)
        starts = [np.nonzero((string.owners == k).any(axis=0))[0][0] for k in range(len(string.text))]
        assert starts == sorted(starts)
        assert ink.any(axis=0)[starts[0] : starts[-1]].all()


def test_varied_strings_tell_digits_from_marks():
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 4:24, 8:20] = 255
    owners = [np.unique(string.owners) for string in strings.varied(images, np.array([0]), 40, seed=0)]
    assert any(one.min() < -1 for one in owners)
    assert all(one.max() >= 1 for one in owners)


def segmentation(*spans):
    """Atoms of these columns, each a segment of its own, and all pairs of neighbours."""
    pairs = [(k, k) for k in range(len(spans))] + [(k, k + 1) for k in range(len(spans) - 1)]
    segments = tuple(
        cuts.Segment(first, last, (spans[first][0], 0, spans[last][1], 9), 0.0) for first, last in sorted(pairs)
    )
    none = np.zeros((0, 0), np.int32)
    return cuts.Segmentation(none, (), none, segments, np.zeros((len(segments), 28, 28), np.uint8))


def test_a_field_is_found_where_segments_in_order_are_its_digits():
    cut = segmentation((0, 10), (10, 20), (22, 40))
    assert pieces.has_path(cut, [(0, 20), (21, 40)])
    assert pieces.has_path(cut, [(0, 11), (11, 19), (22, 41)])
    assert not pieces.has_path(cut, [(0, 20), (10, 40)])  # the two would share the atom in the middle
    assert not pieces.has_path(cut, [(0, 5), (5, 40)])


def test_a_boundary_is_found_where_one_side_of_a_cut_is_near():
    cut = segmentation((0, 10), (10, 20), (22, 40))
    assert pieces.boundaries_cut(cut, [(0, 9), (14, 40)]) == 1
    assert pieces.boundaries_cut(cut, [(0, 15), (15, 40)]) == 0

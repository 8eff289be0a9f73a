"""What surrounds the measurements: medians, ratios within a round, the files they are written to."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks stand beside the package, not in it

from benchmarks import (  # noqa: E402
    contest,
    fields,
    fieldsets,
    folds,
    job,
    overload,
    pieces,
    records,
    segmentation,
    serve,
    strings,
    worker,
)
from benchmarks.http_load import Load  # noqa: E402
from benchmarks.judging import Judged, digits  # noqa: E402
from benchmarks.peers import with_lenet, with_tesseract  # noqa: E402
from benchmarks.peers.paths import path_score  # noqa: E402
from benchmarks.segments import labelled_by_boxes, labelled_by_owners, segments_dataset  # noqa: E402
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


def test_no_set_of_fields_is_called_like_a_task():
    """Both are names of jobs: the time of one image was once the time of one field."""
    assert not set(fieldsets.SETS) & {"forward", "single", "training", "peak", "wide"}


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


def cut_at(*spans):
    """Atoms of these columns, each a segment of its own, and all pairs of neighbours."""
    pairs = [(k, k) for k in range(len(spans))] + [(k, k + 1) for k in range(len(spans) - 1)]
    segments = tuple(
        cuts.Segment(first, last, (spans[first][0], 0, spans[last][1], 9), 0.0) for first, last in sorted(pairs)
    )
    none = np.zeros((0, 0), np.int32)
    return cuts.Segmentation(none, (), none, segments, np.zeros((len(segments), 28, 28), np.uint8), 1)


def test_a_field_is_found_where_segments_in_order_are_its_digits():
    cut = cut_at((0, 10), (10, 20), (22, 40))
    assert pieces.has_path(cut, [(0, 20), (21, 40)])
    assert pieces.has_path(cut, [(0, 11), (11, 19), (22, 41)])
    assert not pieces.has_path(cut, [(0, 20), (10, 40)])  # the two would share the atom in the middle
    assert not pieces.has_path(cut, [(0, 5), (5, 40)])


def test_a_boundary_is_found_where_one_side_of_a_cut_is_near():
    cut = cut_at((0, 10), (10, 20), (22, 40))
    assert pieces.boundaries_cut(cut, [(0, 9), (14, 40)]) == 1
    assert pieces.boundaries_cut(cut, [(0, 15), (15, 40)]) == 0


def two_digits():
    """A string of a bar and a ring that stand apart, and a point behind them."""
    picture, owners = np.full((50, 90), 255, np.uint8), np.full((50, 90), -1)
    places = [(0, np.s_[10:40, 12:24]), (1, np.s_[10:40, 30:54]), (-2, np.s_[34:40, 66:72])]
    for owner, place in places:
        picture[place], owners[place] = 0, owner
    hole = np.s_[16:34, 36:48]
    picture[hole], owners[hole] = 255, -1
    return strings.String(picture, "10", owners, "10,")


def labels_by_columns(segments, labels):
    """Return the labels of a one, a ring, a point, and of the first two together; 0 is rubbish, 11 a sign."""
    found = {one.box[0::2]: int(label) for one, label in zip(segments.segmentation.segments, labels, strict=True)}
    return {columns: found[columns] for columns in ((12, 24), (30, 54), (66, 72), (12, 54))}


def test_segments_are_labelled_by_the_owners_of_their_ink():
    string = two_digits()
    segments, labels = labelled_by_owners(string)
    assert labels_by_columns(segments, labels) == {(12, 24): 2, (30, 54): 1, (66, 72): 11, (12, 54): 0}
    data = segments_dataset([(segments, labels)] * 2, "twice")
    assert len(data) == 2 * (labels >= 0).sum()
    assert data.images.shape[1:] == (2, 28, 28)


def test_segments_are_labelled_by_boxes_where_those_fit():
    string = two_digits()
    label = {"digits": [{"d": "0", "box": [28, 8, 28, 34]}, {"d": "1", "box": [10, 8, 16, 34]}]}
    segments, labels = labelled_by_boxes(string.picture, label)
    assert labels_by_columns(segments, labels) == {(12, 24): 2, (30, 54): 1, (66, 72): 11, (12, 54): 0}


def test_two_scores_are_composed_over_the_texts_of_both():
    one = segmentation.Answer("12", ["12", "17"], [-1.0, -0.5], [-0.1, -3.0])
    assert one.best(1, 0)[0] == "17"
    assert one.best(1, 0)[1] == pytest.approx(np.exp(-0.5) / (np.exp(-0.5) + np.exp(-1.0)))
    assert one.best(1, 1)[0] == "12"
    assert segmentation.Answer("1", [], [], []).best(1, 1) == ("", 0.0)
    impossible = segmentation.Answer("12", ["12", "17"], [-np.inf, -40.0], [-0.1, -3.0])
    assert impossible.best(1, 1)[0] == "12"
    assert segmentation.best_weight([one, impossible]) == 0.2
    assert segmentation.share_right([one, impossible], 1, 0) == 0.5


def names_of(numbers):
    return [f"images/a_car_{number:06}.jpg" for number in numbers]


def test_folds_follow_the_rule_block_by_block():
    numbers = [7, 10, 19, 154, 155, 160, 2000, 2009, 31, 46]
    blocks = sorted({number // 10 for number in numbers})
    order = [blocks[k] for k in np.random.default_rng(0).permutation(len(blocks))]
    assert folds.folds_of(names_of(numbers)).tolist() == [order.index(number // 10) % 5 for number in numbers]


def test_neighbours_stay_together_and_a_missing_field_moves_nobody():
    numbers = list(range(1000))
    every = folds.folds_of(names_of(numbers))
    assert (every.reshape(-1, 10) == every[::10, None]).all()
    assert np.bincount(every).tolist() == [200] * 5
    fewer = [number for number in numbers if number % 7]
    assert folds.folds_of([f"a_car_{number}" for number in fewer]).tolist() == every[fewer].tolist()


def test_a_name_without_a_number_has_no_fold():
    with pytest.raises(ValueError, match="'a_car' has no number"):
        folds.folds_of(["a_car_000154", "a_car"])


@pytest.mark.data
def test_the_archive_has_fields_in_every_fold():
    if not (Path(os.environ.get("LENET_DATA", "")) / "orand-car-a.tar").is_file():
        pytest.skip("LENET_DATA has no orand-car-a.tar")
    counts = np.bincount(folds.folds_of(fieldsets.orand().names))
    assert counts.sum() == 903
    assert len(counts) == 5
    assert counts.min() > 120


def judged(right, confidence, accepted=None):
    taken = np.ones(len(right), bool) if accepted is None else np.array(accepted)
    return Judged(np.array(right), np.array(confidence, float), taken)


def by_trying_every_threshold(right, confidence):
    """The definition: accept all that are at least so sure, if that leaves few enough wrong ones."""
    best = 0.0
    for threshold in confidence[np.isfinite(confidence)]:
        taken = confidence >= threshold
        if (taken & ~right).mean() <= 0.01:
            best = max(best, taken.mean())
    return best


def test_the_accepted_share_is_that_of_the_best_threshold():
    rng = np.random.default_rng(3)
    for count in (1, 50, 200, 300):
        right, confidence = rng.random(count) < 0.9, rng.integers(0, 40, count) / 40
        confidence[rng.random(count) < 0.1] = -np.inf
        share, low, high = judged(right, confidence).share_accepted()
        assert share == pytest.approx(by_trying_every_threshold(right, confidence))
        assert low <= high


def test_the_interval_is_that_of_a_binomial_share():
    right = np.arange(1000) < 800
    share, low, high = judged(right, np.zeros(1000)).share_right()
    assert share == pytest.approx(0.8)
    assert (low, high) == pytest.approx((0.8 - 1.96 * 0.01265, 0.8 + 1.96 * 0.01265), abs=0.003)


def test_digits_are_compared_and_nothing_read_is_never_accepted():
    result = Judged.of([("1.250,-", 0.9, True), ("１2", 0.8, True), ("..", 1.0, True)], ["1250", "12", ""])
    assert digits("1.250,-") == "1250"
    assert result.right.tolist() == [True, False, True]
    assert result.accepted.tolist() == [True, True, False]
    assert result.confidence[2] == -np.inf
    assert not result.refuses


def test_a_reader_that_refuses_is_judged_by_its_own_threshold_too():
    result = judged([True, True, False, False], [0.9, 0.2, 0.8, 0.1], [True, False, True, False])
    assert result.refuses
    assert result.own_triple() == (0.25, 0.5, 0.25)
    names = [figure.what for figure in fields._figures(fields.FOLDED, "orand", result)]
    assert "orand, refused by its own threshold: lenet, five folds" in names


def test_a_model_that_may_know_the_fields_makes_no_headline():
    result = judged([True, False], [0.9, 0.8])
    headlines = {
        (who, name): [figure.headline != "" for figure in fields._figures(who, name, result)]
        for who in (fields.SHIPPED, fields.FOLDED, "RapidOCR")
        for name in ("orand", "touching")
    }
    assert headlines[fields.SHIPPED, "orand"] == headlines["RapidOCR", "touching"] == [False, False]
    assert headlines[fields.FOLDED, "orand"] == headlines[fields.SHIPPED, "touching"] == [True, True]


@pytest.mark.parametrize("symbols", [[], [1], [1, 1], [2, 1], [1, 2, 1], [2, 2, 2]], ids=str)
def test_the_path_score_is_the_sum_over_all_paths(symbols):
    table = np.random.default_rng(1).random((5, 3)).astype(np.float32)
    shares = table / table.sum(axis=1, keepdims=True)
    expected = sum(
        np.prod(shares[np.arange(5), path])
        for path in itertools.product(range(3), repeat=5)
        if [symbol for symbol, _ in itertools.groupby(path) if symbol] == symbols
    )
    assert path_score(table, symbols) == pytest.approx(expected)


def test_touching_digits_share_columns():
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 10:18] = 255
    row = fieldsets._overlapping([digit] * 4, np.random.default_rng(0))
    overlaps = np.random.default_rng(0).integers(1, 4, 4)[1:]
    assert row.shape == (28, 4 * 8 - overlaps.sum())
    picture = fieldsets._on_paper(row)
    assert picture.shape == (20 * 4 + 20, row.shape[1] * 4 + 20, 3)
    assert picture[0, 0, 0] == 255
    assert picture[50, 50, 0] == 0


def fields_called(names):
    return fieldsets.FieldSet(
        tuple(np.full((2, 2, 3), k, np.uint8) for k in range(len(names))), ("1",) * len(names), tuple(names)
    )


def test_some_fields_are_evenly_spaced():
    every = fields_called([str(k) for k in range(10)])
    assert every.some(4).names == ("0", "2", "5", "7")
    assert every.some(0) is every
    assert every.some(10) is every


def test_every_field_is_read_with_the_model_trained_without_its_fold(monkeypatch):
    class Reader:
        def __init__(self, kind, model="shipped"):
            self.model = Path(model).name

        def many(self, pictures):
            for picture in pictures:
                yield SimpleNamespace(text=f"{picture[0, 0, 0]} by {self.model}", confidence=0.5, accepted=True)

    monkeypatch.setattr(with_lenet.lenet, "Reader", Reader)
    every = fields_called(names_of(range(0, 200, 10)))
    (found,) = with_lenet.read(every, "folder").values()
    expected = [f"{k} by fold-{fold}.safetensors" for k, fold in enumerate(folds.folds_of(every.names))]
    assert [text for text, _, _ in found] == expected
    (shipped,) = with_lenet.read(every, "").values()
    assert shipped[3] == ("3 by shipped", 0.5, True)


def test_without_the_program_tesseract_is_left_out_with_a_sentence(monkeypatch):
    monkeypatch.setattr(with_tesseract.shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="tesseract is not installed"):
        with_tesseract.read(fields_called(["1"]), "")


def test_a_worker_reads_some_fields_of_a_set(monkeypatch):
    monkeypatch.setitem(fieldsets.SETS, "orand", lambda: fields_called(names_of(range(20))))
    order = {"do": "read", "peer": "with_lenet", "set": "orand", "variant": "", "count": 5}
    readings = worker.obey(order, {}, None)["readings"][""]
    assert len(readings) == 5
    assert all(text == "" for text, _, _ in readings)


def test_services_are_compared_round_by_round_with_the_better_form_of_the_peer():
    def load(requests, milliseconds):
        return Load(1.0, [milliseconds / 1000] * requests, Counter({200: requests}))

    ours, default, threads, loop = serve.WAYS
    loads = {
        ours: [load(300, 1), load(600, 1)],
        default: [load(100, 4), load(200, 4)],
        threads: [load(100, 2), load(100, 8)],
        loop: [load(50, 8), load(200, 4)],
    }
    found = {figure.what: (figure.low, figure.value, figure.high) for figure in serve.ratios(loads)}
    assert found[f"{ours} : peer, requests"] == (3.0, 3.0, 3.0)
    assert found[f"{ours} : peer, 99 %"] == (0.3125, 0.375, 0.4375)
    assert found[f"{default} : peer, requests"] == (1.0, 1.0, 1.0)


def test_an_overload_that_loses_a_request_is_a_fault():
    refused = Load(1.0, [0.01] * 3, Counter({200: 1, 429: 2}))
    assert overload.Outcome(10.0, refused, [100, 100, 104, 104], refused, 0).faults() == []
    late = Load(1.0, [0.01], Counter({200: 1}), cut=[0.01, 2.0])
    faults = overload.Outcome(10.0, late, [100, 100, 120, 120], late, 1).faults()
    assert [fault.split()[0] for fault in faults] == ["nobody", "memory", "2", "at", "the"]

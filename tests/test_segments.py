"""Segments made ready for a network, and the interpretation graph: every path is one way to read the field."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from lenet.graphs import forward_score, posterior, viterbi_path
from lenet.segments import interpretation_graph, log_odds, make_segments
from tests.documents.test_cuts import all_paths, string
from tests.writing import on_paper


def segments_of(text, **given):
    return make_segments([on_paper(string(text, **given)[0], contrast=0.8)])[0]


def test_images_are_the_glyph_and_its_place():
    segments = segments_of("304")
    assert segments.images.shape == (len(segments.segmentation.segments), 2, 28, 28)
    np.testing.assert_array_equal(segments.images[:, 0], segments.segmentation.images)
    assert repr(segments).startswith("Segments(")


@pytest.mark.parametrize("height", [20, 40, 90])
def test_places_do_not_depend_on_the_size_of_the_writing(height):
    """A digit as high as the line takes two thirds of the rows, whatever its pixels; a point takes few, far down."""
    ink, _ = string("80", height)
    ink = np.pad(ink, ((0, 0), (0, height)))
    size = max(4, height // 5)
    ink[12 + height - size : 12 + height, -height // 2 : -height // 2 + size] = 255
    segments = make_segments([on_paper(ink, contrast=0.8)])[0]
    shapes = [np.nonzero(image[1] > 127) for image in segments.images]
    rows = [(int(y.min()), int(y.max()) + 1) for y, _ in shapes]
    tallest = max(rows, key=lambda one: one[1] - one[0])
    assert tallest == pytest.approx((28 / 6, 28 * 5 / 6), abs=2)
    last = rows[-1]
    assert last[1] - last[0] <= 7
    assert last[1] == pytest.approx(tallest[1], abs=2)


def test_a_field_without_writing_has_no_segments_and_one_empty_reading():
    segments = make_segments([np.full((40, 90), 255, np.uint8)])[0]
    assert len(segments) == 0
    graph = interpretation_graph(segments.segmentation, np.zeros((0, 3)), [1, 2, 3])
    assert viterbi_path(graph).num_arcs() == 0
    assert forward_score(graph).item() == 0


def test_the_graph_holds_every_way_to_read_the_field():
    """Sums over all paths, written out one by one from segments and penalties alone."""
    segmentation = segments_of("14", gap=-0.04).segmentation
    scores = np.random.default_rng(0).normal(0, 2, (len(segmentation.segments), 2))
    graph = interpretation_graph(segmentation, scores, [1, 2], geometry=0.5)
    number = {id(one): k for k, one in enumerate(segmentation.segments)}
    found = []
    for path in all_paths(segmentation):
        for said in product((0, 1), repeat=len(path)):
            each = [scores[number[id(one)], c] - 0.5 * one.penalty for one, c in zip(path, said, strict=True)]
            found.append(sum(each))
    assert forward_score(graph).item() == pytest.approx(math.log(sum(map(math.exp, found))))
    assert viterbi_path(graph).weights.sum() == pytest.approx(max(found))


def test_every_atom_is_read_exactly_once():
    segmentation = segments_of("305", gap=-0.04).segmentation
    scores = np.random.default_rng(1).normal(0, 2, (len(segmentation.segments), 3))
    shares = posterior(interpretation_graph(segmentation, scores, [1, 2, 3])).reshape(-1, 3).sum(axis=1)
    for atom in range(segmentation.atoms):
        over = [k for k, one in enumerate(segmentation.segments) if one.first <= atom <= one.last]
        assert shares[over].sum() == pytest.approx(1)


def test_arcs_tell_the_segment_and_the_label():
    segmentation = segments_of("77").segmentation
    scores = np.arange(3.0 * len(segmentation.segments)).reshape(-1, 3)
    graph = interpretation_graph(segmentation, scores, [4, 5, -1], geometry=0)
    for arc, (source, target, label, _) in enumerate(graph.arcs.tolist()):
        one = segmentation.segments[arc // 3]
        assert (source, target) == (one.first, one.last + 1)
        assert label == [4, 5, -1][arc % 3]
        assert graph.weights[arc] == arc


def test_log_odds_are_against_rubbish():
    scores = np.array([[1.0, 3.0, -2.0]], np.float32)
    np.testing.assert_array_equal(log_odds(scores), [[2.0, -3.0]])
    np.testing.assert_array_equal(log_odds(scores + 7), [[2.0, -3.0]])

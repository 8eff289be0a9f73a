"""Reading by the segmentation graph: sums against all paths written out, grammars, paths that explain."""

from __future__ import annotations

import json
import math
import time
from itertools import product

import numpy as np
import pytest

import lenet
from lenet import grammar
from lenet.learning.segments import segment_network
from lenet.reading.segments import is_segment_network, score_texts, spell_segments
from lenet.segments import SEGMENT_CLASSES, SIGN, make_segments
from tests.documents.test_cuts import all_paths, string
from tests.writing import on_paper, write


def segments_of(text, gap=0.3):
    return make_segments([on_paper(string(text, gap=gap)[0], contrast=0.8)])[0]


@pytest.fixture(scope="module")
def network():
    """One that knows digits, and takes what is none clearly for rubbish, or now and then for a sign."""
    network = segment_network(lenet.load("digits"))
    network.parameters["OUTPUT.biases"][[0, -1]] = 7, 2
    return network


def every_text(found, text_of):
    """Return the sum of exp(score) over all paths by what they say, and the sum of all of them."""
    segmentation, sums, total = found.segments.segmentation, {}, 0.0
    number = {id(one): k for k, one in enumerate(segmentation.segments)}
    for path in all_paths(segmentation):
        for said in product(range(len(found.classes)), repeat=len(path)):
            score = sum(found.scores[number[id(one)], c] - one.penalty for one, c in zip(path, said, strict=True))
            words = text_of([found.classes[c] for c in said])
            sums[words] = sums.get(words, 0.0) + math.exp(score)
            total += math.exp(score)
    return sums, total


def test_scores_are_sums_over_all_paths_that_spell_a_text(network):
    segments = segments_of("31", gap=0.4)
    assert segments.segmentation.atoms <= 3
    (found,) = spell_segments(network, [segments], grammar.get("digits"))
    sums, total = every_text(found, lambda said: "".join(one for one in said if one != SIGN))
    expected = sorted(((score / total, text) for text, score in sums.items() if text), reverse=True)
    assert found.best[0].text == expected[0][1]
    for one in found.best:
        assert one.score == pytest.approx(math.log(sums[one.text] / total), abs=1e-4)
    (scores,) = score_texts(network, [segments], grammar.get("digits"), [["31", "7", "3" * 9]])
    expected = [math.log(sums["31"] / total), math.log(sums["7"] / total), -math.inf]
    assert scores == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("text", ["30417", "526", "9"])
def test_digits_that_stand_apart_are_read(network, text):
    (found,) = spell_segments(network, [segments_of(text)], grammar.get("digits"))
    assert found.best[0].text == text


def test_the_grammar_constrains_the_search(network):
    segments = segments_of("3041")
    for kind in ("regex:[0-9]{3}", "regex:7+", "regex:[1-3][0-9]+"):
        known = grammar.get(kind)
        (found,) = spell_segments(network, [segments], known)
        assert found.best
        assert all(known.matches(one.text) for one in found.best)
    (none,) = spell_segments(network, [segments], grammar.get("regex:[0-9]{40}"))
    assert none.best == ()


def test_signs_of_an_amount_are_read_from_the_class_of_signs(network):
    known = grammar.get("amount")
    segments = segments_of("3041")
    (found,) = spell_segments(network, [segments], known)
    assert all(known.matches(one.text) for one in found.best)
    (scores,) = score_texts(network, [segments], known, [["3041", "304.", "304,"]])
    assert math.isfinite(scores[0])
    assert scores[1] == scores[2]


def test_the_path_uses_every_atom_once_and_spells_the_text(network):
    (found,) = spell_segments(network, [segments_of("3041", gap=-0.03)], grammar.get("digits"))
    for one in found.best:
        places = [found.segments.segmentation.segments[arc.segment] for arc in one.path]
        assert [place.first for place in places] == [0, *(place.last + 1 for place in places[:-1])]
        assert places[-1].last + 1 == found.segments.segmentation.atoms
        assert "".join(arc.written for arc in one.path) == one.text
        assert all((arc.said == SIGN) == (arc.written == "") for arc in one.path)


def test_texts_are_those_of_a_network_for_whole_fields(network):
    (found,) = spell_segments(network, [segments_of("3041")], grammar.get("digits"))
    texts = found.field_texts()
    assert [text.text for text in texts.best] == [one.text for one in found.best]
    assert texts.free.text.replace("·", "") == "3041"
    for text in texts.best:
        assert len(text.spans) == len(text.sure) == len(text.text)
        assert all(0 < sure <= 1 for sure in text.sure)
        assert list(text.spans) == sorted(text.spans)


def test_many_fields_are_read_as_each_alone(network):
    fields = [segments_of(text) for text in ("12", "345")]
    fields.insert(1, make_segments([np.full((30, 60), 255, np.uint8)])[0])
    together = spell_segments(network, fields, grammar.get("digits"))
    for one, found in zip(fields, together, strict=True):
        (alone,) = spell_segments(network, [one], grammar.get("digits"))
        assert [text.text for text in alone.best] == [text.text for text in found.best]
    assert together[1].best == ()
    assert spell_segments(network, [], grammar.get("digits")) == []


def test_what_a_page_shows_is_json(network):
    segments = segments_of("304")
    (found,) = spell_segments(network, [segments], grammar.get("digits"))
    shown = json.loads(json.dumps(found.to_dict()))
    segmentation = segments.segmentation
    assert len(shown["cuts"]) == len(segmentation.cuts)
    assert [tuple(arc["box"]) for arc in shown["arcs"]] == [one.box for one in segmentation.segments]
    assert set(shown["arcs"][0]["classes"]) == set(SEGMENT_CLASSES[1:])
    best = [arc for arc in shown["arcs"] if arc["best"]]
    assert "".join(arc["best"] for arc in best if arc["best"] != SIGN) == shown["texts"][0]["text"] == "304"
    assert "304" in repr(found)


def test_networks_for_segments_are_told_from_others(network):
    assert is_segment_network(network)
    assert not is_segment_network(lenet.load("digits"))
    assert not is_segment_network(lenet.load("fields"))


def test_a_long_field_takes_little_more_than_its_share():
    """Twenty thousand pixels of digits took 23 seconds and 860 MB: each beginning stood at every later place."""
    ink = np.zeros((60, 33 * 150 + 40), np.uint8)
    write(ink, "3041752689" * 15, 10, 14, 32, gap=0.02)
    network, segments = lenet.load("segments"), make_segments([on_paper(ink)])
    begun = time.process_time()
    (found,) = spell_segments(network, segments, grammar.get("digits"))
    assert len(found.best[0].text) >= 140
    assert time.process_time() - begun < 1.2

"""The proof of a reading is what the reader itself went by, and its lattice holds the texts and no cycles."""

from __future__ import annotations

import numpy as np
import pytest

from lenet.errors import InputError
from lenet.network import Network
from lenet.reading import Reader, explain
from lenet.reading.fields import FRAME, FieldText
from lenet.reading.proof import cuts_of, lattice_of
from tests.fields import untrained, written


def text(words, *spans, sure=0.9, score=-1.0):
    return FieldText(words, score, spans, (sure,) * len(words))


def test_a_proof_is_of_the_reading_that_the_reader_gives():
    reader, picture = Reader(model=untrained()), written(3).pictures[1]
    proof = explain(reader, picture)
    assert proof.reading == reader(picture)
    assert proof.texts.best[0].text == proof.reading.text
    assert np.allclose(proof.probabilities.sum(1), 1, atol=1e-5)
    columns, width = FRAME * len(proof.probabilities), proof.strip.image.shape[1]
    assert proof.first <= 0 <= columns + proof.first - width
    assert abs(-proof.first - (columns + proof.first - width)) <= 1


def test_a_proof_shows_cuts_and_pieces_unless_none_are_asked_for():
    reader, picture = Reader(model=untrained()), written(3).pictures[1]
    found = explain(reader, picture).segments
    assert found.to_dict()["arcs"]
    assert found.best[0].path
    assert explain(reader, picture, segments=None).segments is None
    with pytest.raises(InputError, match="was given for segments"):
        explain(reader, picture, segments="digits")


def test_cuts_stand_between_characters():
    assert cuts_of(text("12", (0, 8), (12, 16))) == (10.0,)
    assert cuts_of(text("1", (0, 8))) == ()


def test_texts_that_differ_in_one_character_share_all_other_arcs():
    lattice = lattice_of([text("12", (0, 8), (12, 16)), text("17", (0, 8), (14, 16), sure=0.5)])
    assert len(lattice.cuts) == 1
    assert [(arc.source, arc.target, arc.sign, arc.best) for arc in lattice.arcs] == [
        (0, 1, "1", True),
        (1, 2, "2", True),
        (1, 2, "7", False),
    ]
    assert lattice.arcs[2].penalty == pytest.approx(-np.log(0.5))


def random_texts(seed):
    """Return six texts of one to seven characters, each with the places where it was seen."""
    rng = np.random.default_rng(seed)
    texts = []
    for _ in range(6):
        ends = np.sort(rng.choice(np.arange(1, 30), 2 * rng.integers(1, 8), replace=False)) * FRAME
        spans = [(int(a), int(b)) for a, b in ends.reshape(-1, 2)]
        texts.append(text("".join(rng.choice(list("12"), len(spans))), *spans))
    return texts


@pytest.mark.parametrize("seed", range(20))
def test_every_text_is_a_path_and_no_arc_leads_back(seed):
    texts = random_texts(seed)
    lattice = lattice_of(texts)
    assert all(arc.source < arc.target for arc in lattice.arcs)
    spelled = {0: {""}}
    for node in range(len(lattice.cuts) + 2):
        for arc in (arc for arc in lattice.arcs if arc.source == node):
            spelled.setdefault(arc.target, set()).update(word + arc.sign for word in spelled.get(node, ()))
    assert {one.text for one in texts} <= spelled[len(lattice.cuts) + 1]
    best = sorted(arc for arc in lattice.arcs if arc.best)
    assert "".join(arc.sign for arc in best) == texts[0].text


def test_a_network_of_single_characters_has_no_such_proof():
    with pytest.raises(InputError, match="single characters"):
        explain(Reader(model=Network("lenet5")), written(3).pictures[0])


@pytest.mark.parametrize("seed", range(20))
def test_the_path_of_each_text_spells_it_from_the_first_node_to_the_last(seed):
    texts = random_texts(seed)
    lattice = lattice_of([*texts, text("")])
    assert len(lattice.paths) == len(texts)
    for one, path in zip(texts, lattice.paths, strict=True):
        arcs = [lattice.arcs[number] for number in path]
        assert "".join(arc.sign for arc in arcs) == one.text
        assert [arc.target for arc in arcs[:-1]] == [arc.source for arc in arcs[1:]]
        assert (arcs[0].source, arcs[-1].target) == (0, len(lattice.cuts) + 1)


def test_a_probability_that_rounding_made_more_than_one_has_no_penalty():
    """Sums of float32 exponentials may be 1.0000001; a penalty of -0.00 would puzzle whoever reads it."""
    lattice = lattice_of([text("1", (0, 8), sure=1.0000001)])
    assert str(lattice.arcs[0].penalty) == "0.0"

"""What a page is told of a reading is what the proof holds."""

from __future__ import annotations

import base64
import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from lenet.reading import Reader, explain
from lenet.serve.proofs import png, proof_values
from tests.fields import untrained, written


@pytest.fixture(scope="module")
def told():
    reader = Reader("digits", model=untrained())
    proof = explain(reader, written(3).pictures[1])
    return proof, json.loads(json.dumps(proof_values(proof, reader.grammar)))


def test_the_strip_is_the_ink_that_the_network_saw(told):
    proof, values = told
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(values["strip"]["png"].split(",")[1]))))
    assert np.array_equal(picture, 255 - proof.strip.image)
    assert (values["strip"]["rows"], values["strip"]["columns"]) == proof.strip.image.shape


def test_the_film_holds_the_probabilities_of_the_classes_that_come_up(told):
    proof, values = told
    film = values["film"]
    shares = np.frombuffer(base64.b64decode(film["shares"]), np.uint8).reshape(film["places"], -1)
    columns = [proof.classes.index(name) for name in film["classes"]]
    assert film["classes"][0] == "nothing"
    assert np.abs(shares / 255 - proof.probabilities[:, columns]).max() < 0.003
    left_out = [k for k in range(len(proof.classes)) if k not in columns]
    assert not left_out or proof.probabilities[:, left_out].max() < 0.02


def test_each_text_has_its_penalty_its_cuts_and_its_path(told):
    proof, values = told
    assert [text["text"] for text in values["texts"]] == [text.text for text in proof.texts.best]
    for shown, text in zip(values["texts"], proof.texts.best, strict=True):
        assert shown["penalty"] == pytest.approx(-text.score)
        assert shown["share"] == pytest.approx(math.exp(-shown["penalty"]))
        assert len(shown["path"]) == len(text.text) == len(shown["signs"])
        assert len(shown["cuts"]) == max(0, len(text.text) - 1)
        for number in shown["path"]:
            assert f'data-arc="{number}"' in values["lattice"]


def test_the_reading_is_the_reader_s(told):
    proof, values = told
    assert values["reading"] == json.loads(proof.reading.to_json())
    assert values["threshold"] == 0.5
    assert values["grammar"] == "digits"


def test_paper_without_ink_has_no_film_to_speak_of():
    reader = Reader("amount", model=untrained())
    values = proof_values(explain(reader, np.full((40, 200), 255, np.uint8)), reader.grammar)
    assert not values["strip"]["written"]
    assert values["reading"]["reason"] == "nothing is written"
    json.dumps(values, allow_nan=False)


def test_a_picture_goes_to_png_and_back():
    picture = np.arange(60, dtype=np.uint8).reshape(4, 15)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(picture)))), picture)


def test_the_cuts_and_the_texts_by_pieces_are_told():
    reader = Reader("digits")
    proof = explain(reader, written(3).pictures[1])
    found = json.loads(json.dumps(proof_values(proof, reader.grammar)))["segments"]
    assert [one["text"] for one in found["texts"]] == [one.text for one in proof.segments.best]
    assert found["svg"].count('class="cut"') == len(proof.segments.segments.segmentation.cuts)
    blank = explain(reader, np.full((40, 200), 255, np.uint8))
    assert proof_values(blank, reader.grammar)["segments"] is None

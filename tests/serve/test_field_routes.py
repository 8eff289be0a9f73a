"""Field mode answers with the proof of the reader itself, and refuses in a sentence."""

from __future__ import annotations

import base64

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")

import lenet
from lenet import grammar
from lenet.serve.proofs import png
from tests.fields import written
from tests.pages import served
from tests.serve.asking import refused, told


@pytest.fixture(scope="module")
def address():
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def field():
    return written(3).pictures[1]


def test_the_proof_is_of_the_reading_that_lenet_gives(address, field):
    found = told(address, "/field/proof", png(field), kind="digits", max_error="0.01")
    reading = lenet.read(field, "digits", max_error=0.01)
    assert found["reading"]["text"] == reading.text
    assert found["reading"]["confidence"] == pytest.approx(reading.confidence, abs=1e-6)
    assert found["reading"]["accepted"] == reading.accepted
    assert found["texts"][0]["text"] == reading.text
    assert found["threshold"] > 0.5


def test_a_reading_alone_is_the_same(address, field):
    found = told(address, "/field/reading", png(field), kind="amount", decimal=".")
    assert found["text"] == lenet.read(field, "amount", decimal=".").text


def test_patterns_are_read_too(address, field):
    found = told(address, "/field/proof", png(field), kind="regex:[0-9]{1,6}")
    assert found["reading"]["text"] == lenet.read(field, "regex:[0-9]{1,6}").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"kind": "nonsense"}, "no grammar"),
        ({"kind": "regex:("}, "regular expression"),
        ({"kind": "date", "date_order": "ydm"}, "date_order"),
        ({"kind": "amount", "decimal": ";"}, "decimal"),
        ({"kind": "digits", "max_error": "much"}, "max_error"),
        ({"kind": "digits", "max_error": "7"}, "max_error"),
    ],
)
def test_what_cannot_be_read_by_is_said(address, field, query, words):
    status, sentence = refused(address, "/field/proof", png(field), **query)
    assert status == 422
    assert words in sentence


def test_what_is_no_picture_is_said(address):
    assert refused(address, "/field/proof", b"no picture", kind="digits")[0] == 422
    assert refused(address, "/field/reading", b"", kind="digits")[0] == 422


@pytest.mark.parametrize("kind", ["digits", "amount", "date", "regex:[0-9]{5}"])
def test_a_sample_is_of_its_kind_and_the_same_for_a_seed(address, kind):
    first, again = (told(address, "/field/sample", kind=kind, seed=7) for _ in range(2))
    assert first == again
    assert grammar.get(kind).matches(first["text"])
    picture = base64.b64decode(first["picture"].split(",")[1])
    assert told(address, "/field/reading", picture, kind=kind)["box"]


def test_a_kind_that_cannot_be_written_here_has_no_sample(address):
    assert "no sample" in refused(address, "/field/sample", kind="regex:[0-9]{40}")[1]
    assert refused(address, "/field/sample", kind="digits", seed="x")[0] == 422

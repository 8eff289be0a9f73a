"""What is answered at once is what the longer way answers."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import lenet
from lenet.documents import decoders
from lenet.serve.bodies import Request
from lenet.serve.limits import Limits
from lenet.serve.predictions import Predictions
from tests.serve.conftest import PICTURES, png, png_of
from tests.serving import form
from tests.writing import digit, on_paper


@pytest.fixture(scope="module")
def predictions():
    return Predictions({name: lenet.load(name) for name in ("digits", "fields")}, Limits())


def request(data, query=b"", *, several=False):
    kind, body = form(data)
    return Request(body, kind, query, several)


def drawn(text, height=40, **options):
    return png_of(on_paper(np.pad(digit(text, height), height // 2), **options))


def test_at_once_and_in_a_thread_the_answer_is_the_same(predictions):
    requests = [request(drawn(text, height)) for text in "0123456789" for height in (16, 40, 80)]
    requests += [
        request(png_of(lenet.open_glyph(PICTURES / f"digit-{name}")), b"prepare=none") for name in ("3.png", "8.jpg")
    ]
    at_once = predictions.at_once(requests)
    expected = predictions(requests)
    assert sum(answer is not None for answer in at_once) > 0.8 * len(requests)
    assert [one for one, _ in zip(at_once, expected, strict=True) if one is not None] == [
        other for one, other in zip(at_once, expected, strict=True) if one is not None
    ]


@pytest.mark.parametrize(
    ("data", "query"),
    [
        (drawn("3", noise=4), b""),
        (drawn("3", contrast=0.1), b""),
        (png(300, 300), b""),
        (png(40, 40), b""),
        (b"\x89PNG\r\n\x1a\n and no more", b""),
        (drawn("3")[:-40], b""),
        ((PICTURES / "digit-7.jpg").read_bytes(), b""),
        (drawn("3"), b"prepare=grey"),
        (drawn("3"), b"prepare=none"),
        (drawn("3"), b"prepare=well"),
        (drawn("3"), b"model=fields"),
        (drawn("3"), b"other=1"),
        (np.random.default_rng(1).bytes(20_000), b""),
        (b"", b""),
    ],
    ids=str,
)
def test_what_takes_longer_or_is_wrong_is_left_to_the_thread(predictions, data, query):
    assert predictions.at_once([request(data, query)]) == [None]


def test_a_small_character_of_few_parts_is_put_together_at_once(predictions):
    seven = np.pad(digit("7", 30), 8)
    seven[10:12, 6:8] = 255
    dotted = seven.copy()
    dotted[40:44:2, 4:40:2] = 255
    answers = predictions.at_once([request(png_of(on_paper(ink))) for ink in (seven, dotted)])
    assert answers[0] == predictions([request(png_of(on_paper(seven)))])[0]
    assert answers[1] is None


def test_one_that_is_left_does_not_hold_up_the_others(predictions):
    answers = predictions.at_once([request(b"no picture"), request(drawn("7")), request(drawn("1"))])
    assert [answer is not None for answer in answers] == [False, True, True]


def test_single_digits_do_not_wait_for_a_document_that_is_being_decoded(service):
    """Decoders share a lock; a page of a large PDF may hold it for seconds."""
    held, release = threading.Event(), threading.Event()

    def decode():
        with decoders._DECODER:
            held.set()
            release.wait(60)

    thread = threading.Thread(target=decode)
    thread.start()
    assert held.wait(60)
    try:
        assert service.post("/v1/predict", drawn("7")).json["class"] == "7"
    finally:
        release.set()
        thread.join(60)

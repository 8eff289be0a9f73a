"""Every limit is met with its status and a sentence that names the option that changes it."""

from __future__ import annotations

import io
import math
import threading
import time

import pytest
from PIL import Image

from lenet.errors import InputError
from lenet.reading import documents
from lenet.serve.limits import OPTIONS, Limits
from tests.serve.conftest import png
from tests.serving import form, served


def assert_limit(answer, status, limit):
    assert answer.status == status
    assert answer.json["limit"] == OPTIONS[limit]
    assert OPTIONS[limit] in answer.json["error"]


@pytest.mark.parametrize("route", ["/v1/predict", "/v1/read", "/v1/predict/batch", "/v1/read/batch"])
def test_a_body_that_says_that_it_is_too_long_is_not_even_received(service, route):
    answer = service.ask("POST", route, b"", {"Content-Type": "image/png", "Content-Length": "2000001"})
    assert_limit(answer, 413, "body")
    assert "2,000,000" in answer.json["error"]


def test_a_body_that_does_not_say_how_long_it_is_is_counted(service):
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    headers = {"Content-Type": "image/png", "Transfer-Encoding": "chunked"}
    assert_limit(service.ask("POST", "/v1/predict", chunk * 3 + b"0\r\n\r\n", headers), 413, "body")
    assert service.ask("POST", "/v1/predict", chunk + b"0\r\n\r\n", headers).status == 422


def test_a_small_file_with_very_many_pixels_is_not_decoded(service):
    bomb = png(2000, 1600)
    assert len(bomb) < 20_000
    for route in ("/v1/predict", "/v1/predict?prepare=grey", "/v1/predict?prepare=none", "/v1/read"):
        answer = service.post(route, bomb)
        assert_limit(answer, 413, "pixels")
        assert "3,000,000" in answer.json["error"]


def pages(count, kind):
    content = io.BytesIO()
    several = [Image.new("L", (60, 40), 255) for _ in range(count)]
    several[0].save(content, kind, save_all=True, append_images=several[1:])
    return content.getvalue()


@pytest.mark.parametrize("kind", ["TIFF", "PDF"])
def test_pages_are_counted(service, kind):
    assert service.post("/v1/read", pages(3, kind)).status == 200
    assert_limit(service.post("/v1/read", pages(4, kind)), 413, "pages")


@pytest.mark.parametrize("route", ["/v1/predict/batch", "/v1/read/batch"])
def test_pictures_are_counted(service, digit, route):
    assert service.post(route, *[digit] * 5).status == 200
    assert_limit(service.post(route, *[digit] * 6), 413, "pictures")
    assert_limit(service.post(route, *[b""] * 1000), 413, "pictures")


def test_what_is_no_picture_and_no_form_is_refused_by_its_type(service, digit):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "video/mp4"):
        answer = service.ask("POST", "/v1/read", digit, {"Content-Type": kind})
        assert (answer.status, kind in answer.json["error"]) == (415, True)
    packed = service.ask("POST", "/v1/read", digit, {"Content-Type": "image/png", "Content-Encoding": "gzip"})
    assert packed.status == 415


@pytest.fixture
def slow(monkeypatch):
    """Make reading wait until the test lets it go on."""
    gate = threading.Event()
    monkeypatch.setattr(documents, "read_page", lambda *_, **__: gate.wait(60) and [])
    yield gate
    gate.set()


def test_who_comes_when_all_places_are_taken_is_told_when_to_come_back(slow, digit):
    with served(limits=Limits(waiting=3), threads=1) as running:
        answers = []
        asking = [
            threading.Thread(target=lambda: answers.append(running.post("/v1/read", digit).status)) for _ in range(3)
        ]
        for thread in asking:
            thread.start()
        while running.service.reading.taken < 3:
            time.sleep(0.01)
        refused = running.post("/v1/read", digit)
        assert_limit(refused, 429, "waiting")
        assert int(refused.headers["retry-after"]) >= 1
        assert running.post("/v1/predict/batch", digit, digit).status == 429
        assert running.post("/v1/predict", digit).status == 200  # none of this holds up single digits
        slow.set()
        for thread in asking:
            thread.join(30)
        assert answers == [200] * 3
        assert running.service.reading.taken == 0
        assert running.post("/v1/read", digit).status == 200


def test_an_answer_that_takes_too_long_is_given_up(slow, digit):
    with served(limits=Limits(seconds=0.3), threads=1) as running:
        assert_limit(running.post("/v1/read", digit), 503, "seconds")
        assert_limit(running.post("/v1/read", digit), 503, "seconds")  # it never got its turn
        assert running.service.reading.taken == 1  # the first is still in its thread, the second left
        slow.set()
        while running.service.reading.taken:
            time.sleep(0.01)
        assert running.post("/v1/read", digit).status == 200


def test_no_further_page_is_begun_after_the_time_is_over(monkeypatch):
    begun = []
    monkeypatch.setattr(documents, "read_page", lambda *_, **__: begun.append(1) or time.sleep(0.2) or [])
    with served(limits=Limits(seconds=0.3), threads=1) as running:
        assert running.post("/v1/read", pages(20, "TIFF")).status == 503
        while running.service.reading.taken:
            time.sleep(0.01)
    assert len(begun) <= 3


def test_bodies_that_wait_share_a_bound_of_memory(slow):
    with served(limits=Limits(body=10_000, waiting=1000), threads=1) as running:
        kind, body = form(png(30, 30) + bytes(9_300))
        answers = []
        asking = [
            threading.Thread(
                target=lambda: answers.append(running.ask("POST", "/v1/read", body, {"Content-Type": kind}))
            )
            for _ in range(14)
        ]
        for thread in asking:
            thread.start()
        while len(answers) < 4 or running.service.reading.taken < 10:
            time.sleep(0.01)
        for answer in answers:
            assert_limit(answer, 429, "body")  # more places would not help
        slow.set()
        for thread in asking:
            thread.join(30)
    assert sorted(answer.status for answer in answers) == [200] * 10 + [429] * 4


WITH_BODIES = ("/v1/predict", "/v1/read", "/inside/maps", "/inside/picture", "/field/proof", "/correct/learn")


@pytest.mark.parametrize("path", WITH_BODIES)
def test_a_request_that_never_ends_is_given_up(hasty, path):
    answer = hasty.ask("POST", path, b"", {"Content-Type": "image/png", "Content-Length": "100"})
    assert_limit(answer, 503, "seconds")
    assert hasty.service.reading.taken == hasty.service.predicting.taken == 0
    assert 'lenet_refusals_total{limit="max-seconds"}' in hasty.service.metrics.text()


@pytest.fixture(scope="module")
def hasty():
    with served(limits=Limits(seconds=0.3), threads=1) as running:
        yield running


@pytest.mark.parametrize("path", ["/inside/picture", "/field/proof", "/field/reading", "/correct/learn"])
def test_what_the_page_sends_shares_the_places_and_their_memory(slow, path, digit):
    with served(limits=Limits(waiting=1), threads=1) as running:
        first = threading.Thread(target=running.post, args=("/v1/read", digit))
        first.start()
        while not running.service.reading.taken:
            time.sleep(0.01)
        assert_limit(running.ask("POST", path, digit), 429, "waiting")
        slow.set()
        first.join(30)


@pytest.mark.parametrize("path", ["/inside/picture", "/field/proof", "/field/reading"])
def test_the_page_reads_no_larger_pictures_than_all_else(service, path):
    assert_limit(service.ask("POST", path, png(2000, 1501)), 413, "pixels")


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "many"])
def test_a_limit_that_is_none_is_refused(value):
    with pytest.raises(InputError, match="pages"):
        Limits(pages=value)

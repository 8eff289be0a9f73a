"""Answers become JSON, files files, and what is wrong with a request a refusal."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed")

from lenet.errors import ServiceError
from lenet.serve.answering import file, object_of, router_of, whole_number
from lenet.serve.bodies import Gone
from lenet.serve.limits import Limits
from tests.serve.asking import done


class Asked:
    """A request with a body and parameters, to a service that gives it half a second."""

    def __init__(self, body=b"", **query):
        self._body, self.query_params = body, query
        self.app = SimpleNamespace(state=SimpleNamespace(service=SimpleNamespace(limits=Limits(seconds=0.5))))

    async def receive(self):
        return {"type": "http.request", "body": self._body}


def test_an_answer_becomes_json_and_a_response_stays():
    async def plain(_):
        return {"a": 1}

    async def picture(_):
        return file(b"abc", "image/png", name="a.png")

    routes = router_of([("GET", "/plain", plain), ("GET", "/picture", picture)]).routes
    assert [route.path for route in routes] == ["/plain", "/picture"]
    found = [done(route.endpoint(Asked())) for route in routes]
    assert found[0].body == b'{"a":1}'
    assert found[1].body == b"abc"
    assert found[1].headers["content-disposition"] == 'attachment; filename="a.png"'
    assert all(answer.headers["cache-control"] == "no-store" for answer in found)


def test_an_answer_has_its_time_and_is_given_up_where_nobody_waits_for_it():
    async def slow(_):
        await asyncio.sleep(60)

    async def hung_up(_):
        raise Gone

    first, second = router_of([("GET", "/slow", slow), ("GET", "/gone", hung_up)]).routes
    with pytest.raises(ServiceError, match=r"0\.5 seconds.*--max-seconds") as late:
        done(first.endpoint(Asked()))
    assert late.value.status == 503
    assert done(second.endpoint(Asked())).body == b""


def test_an_object_is_read_and_anything_else_refused():
    assert done(object_of(Asked(b'{"a": 1}'))) == {"a": 1}
    for body in (b"", b"[]", b"{", b"[" * 60_000):
        with pytest.raises(ServiceError, match="no JSON object"):
            done(object_of(Asked(body)))
    with pytest.raises(ServiceError, match="65,536 bytes"):
        done(object_of(Asked(b" " * 65_537)))


def test_whole_numbers_alone_are_numbers():
    assert whole_number(Asked(seed="12"), "seed") == 12
    assert whole_number(Asked(), "seed") == 0
    for text in ("-1", "1.5", "", "٣", "9" * 12):
        with pytest.raises(ServiceError, match="whole number"):
            whole_number(Asked(seed=text), "seed")

"""Answers become JSON, files files, and what is wrong with a request a refusal."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed")

from lenet.errors import ServiceError
from lenet.serve.answering import file, object_of, router_of, whole_number


class Asked:
    """A request with a body and parameters."""

    def __init__(self, body=b"", **query):
        self._body, self.query_params = body, query

    async def body(self):
        return self._body


def done(coroutine):
    """Return what a coroutine returns that waits for nothing; asyncio.run may not be called beside a browser's loop."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value
    raise AssertionError("it waits")


def test_an_answer_becomes_json_and_a_response_stays():
    async def plain(_):
        return {"a": 1}

    async def picture(_):
        return file(b"abc", "image/png", name="a.png")

    routes = router_of([("GET", "/plain", plain), ("GET", "/picture", picture)]).routes
    assert [route.path for route in routes] == ["/plain", "/picture"]
    found = [done(route.endpoint(None)) for route in routes]
    assert found[0].body == b'{"a":1}'
    assert found[1].body == b"abc"
    assert found[1].headers["content-disposition"] == 'attachment; filename="a.png"'
    assert all(answer.headers["cache-control"] == "no-store" for answer in found)


def test_an_object_is_read_and_anything_else_refused():
    assert done(object_of(Asked(b'{"a": 1}'))) == {"a": 1}
    for body in (b"", b"[]", b"{", b"[" * 100_000):
        with pytest.raises(ServiceError, match="no JSON object"):
            done(object_of(Asked(body)))


def test_whole_numbers_alone_are_numbers():
    assert whole_number(Asked(seed="12"), "seed") == 12
    assert whole_number(Asked(), "seed") == 0
    for text in ("-1", "1.5", "", "٣", "9" * 12):
        with pytest.raises(ServiceError, match="whole number"):
            whole_number(Asked(seed=text), "seed")

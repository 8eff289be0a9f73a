"""What the page asks is answered with the numbers of the networks, and what is wrong with a request in a sentence."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")

import lenet
from lenet.errors import MissingExtraError
from lenet.network import Network
from lenet.serve import inside
from lenet.serve.page_routes import Shelf
from lenet.serve.sliders import STILL, Sliders
from tests.pages import served
from tests.serve.asking import done
from tests.serve.drawings import drawing

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src" / "lenet" / "serve" / "page"
INK = drawing("3")
BODY = INK.tobytes()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as found:
        yield found


def ask(address, path, body=None, **query):
    request = Request(f"{address}{path}?{urlencode(query)}", data=body)
    with urlopen(request, timeout=60) as answer:
        return answer.read(), answer.headers


def refused(address, path, body=BODY, **query):
    with pytest.raises(HTTPError) as error:
        ask(address, path, body, **query)
    return error.value.code, json.loads(error.value.read())["error"]


def numbers(address, path, body=BODY, **query):
    return np.frombuffer(ask(address, path, body, **query)[0], np.float32)


def test_the_page_and_its_modules_are_served_as_what_they_are(address):
    page, headers = ask(address, "/")
    assert headers["content-type"].startswith("text/html")
    assert "default-src" in headers["content-security-policy"]
    for name in re.findall(r'(?:src|href)="(/page/[^"]+)"', page.decode()):
        assert ask(address, name)[0] == (PAGE / name.removeprefix("/page/")).read_bytes()
    assert "javascript" in ask(address, "/page/app.js")[1]["content-type"]


@pytest.mark.parametrize("path", ["/", "/page/app.js"])
def test_a_browser_asks_whether_the_page_is_still_the_same(address, path):
    """Or it would mix the modules of two versions after an upgrade."""
    assert ask(address, path)[1]["cache-control"] == "no-cache"


def test_nothing_else_is_served(address):
    for path in ("/page/../page_routes.py", "/page/%2e%2e/page_routes.py", "/page/nothing.js"):
        with pytest.raises(HTTPError, match="404"):
            ask(address, path)


def test_the_page_is_small_and_asks_nobody_else():
    files = [path for path in PAGE.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 150_000
    for path in files:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z]+\.[a-z]+/", text), path.name


def test_the_networks_are_offered_with_their_layers(address):
    offered = json.loads(ask(address, "/inside/networks")[0])
    names = [one["name"] for one in offered["networks"]]
    assert names[0] == "digits"
    assert {"untrained", "1998-untrained"} <= set(names)
    assert "fields" not in names
    assert [layer["name"] for layer in offered["networks"][0]["layers"]] == [
        "C1",
        "S2",
        "C3",
        "S4",
        "C5",
        "F6",
        "OUTPUT",
    ]


def test_a_stroke_is_answered_with_every_number_inside(address):
    found = numbers(address, "/inside/maps", networks="digits,1998-untrained", rotation=12)
    image = inside.seen(INK, Sliders(rotation=12.0))
    assert np.array_equal(found[:1024], (image / 255).astype(np.float32).ravel())
    expected = [inside.inside(lenet.load("digits"), image), inside.inside(Network("lenet5-1998", seed=1), image)]
    assert np.array_equal(found[1024:], np.concatenate(expected))


def test_a_unit_is_worked_out(address):
    found = json.loads(ask(address, "/inside/unit", BODY, networks="digits", layer="C3", map=4, row=2, column=3)[0])
    assert found["reads"] == "S2"
    assert len(found["terms"]) == 6
    assert found["value"] == pytest.approx(found["engine"], abs=1e-4)


def test_sweeps_and_evidence_are_those_of_the_functions(address):
    digits = lenet.load("digits")
    expected = inside.sweeps([digits], INK, STILL)[0]
    assert np.array_equal(numbers(address, "/inside/sweeps", networks="digits"), expected.ravel())
    found = numbers(address, "/inside/evidence", networks="digits", label=8)
    expected = inside.evidence(digits, inside.seen(INK), 8)
    assert found[0] == expected.rival
    assert np.array_equal(found[2 : 2 + 1024], expected.gradient.ravel())
    assert len(found) == 2 + 1024 + 2 * 14 * 14


def test_a_picture_is_answered_with_its_ink(address):
    body, _ = ask(address, "/inside/picture", (ROOT / "examples" / "pictures" / "digit-5.jpg").read_bytes())
    assert len(body) == 2 + body[0] * body[1]
    assert max(body[:2]) == 96


def test_what_is_wrong_is_said_in_a_sentence(address):
    place = {"networks": "digits", "layer": "C1", "map": "0", "row": "0", "column": "0"}
    for path, body, query, words in (
        ("maps", b"123", {}, "square"),
        ("maps", BODY, {"networks": "resnet"}, "resnet"),
        ("maps", BODY, {"networks": ",".join(["digits"] * 1000)}, "up to 2"),
        ("maps", bytes(513 * 513), {}, "262,144 bytes"),
        ("maps", BODY, {"scale": "9"}, "scale"),
        ("unit", BODY, {**place, "layer": "C7"}, "C7"),
        ("unit", BODY, {**place, "map": "-1"}, "map"),
        ("unit", BODY, {**place, "row": "28"}, "C1"),
        ("evidence", BODY, {"label": "12"}, "class 12"),
        ("picture", b"no picture", {}, "format"),
    ):
        status, sentence = refused(address, f"/inside/{path}", body, **query)
        assert status == 422
        assert words in sentence


def test_own_models_stand_on_the_shelf_and_those_that_cannot_be_drawn_do_not():
    shelf = Shelf({"mine": Network("lenet1", seed=1), "fields": lenet.load("fields")})
    assert [one.name for one in shelf] == ["mine", "untrained", "1998-untrained"]


def test_the_network_of_1998_is_trained_once(monkeypatch, own_cache):
    calls = []

    def train(data, architecture, *, recipe):
        calls.append((architecture, recipe.loss))
        return lenet.Training(Network(architecture, seed=2), None)

    monkeypatch.setattr("lenet.learning.train", train)
    pytest.importorskip("sklearn", reason="the digits are part of scikit-learn")
    shelf = Shelf({})

    async def asked_twice():
        return await asyncio.gather(shelf.trained_1998(), shelf.trained_1998())

    trained, again = done(asked_twice())
    assert done(shelf.trained_1998()) is again is trained
    assert calls == [("lenet5-1998", "squared_error")]
    assert shelf.named("1998") is trained.network


def test_a_training_of_1998_that_failed_is_begun_anew(monkeypatch):
    monkeypatch.setattr("lenet.serve.page_routes._trained_1998", fails)
    shelf = Shelf({})
    for _ in range(2):
        with pytest.raises(MissingExtraError, match="no digits"):
            done(shelf.trained_1998())


def fails():
    raise MissingExtraError("no digits are here")


@pytest.mark.slow
def test_the_network_of_1998_learns_to_draw_the_digit(own_cache):
    pytest.importorskip("sklearn", reason="the digits are part of scikit-learn")
    network = done(Shelf({}).trained_1998()).network
    held_out = lenet.load_digits8x8("test")
    assert lenet.evaluate(network, held_out).error < 0.06
    assert np.median(network.scores(held_out.images).min(axis=1)) < 5  # of 84 where every pixel is undecided

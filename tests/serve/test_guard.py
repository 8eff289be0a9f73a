"""Who may use the service. A browser can be made to send all of these by a page of another site."""

from __future__ import annotations

import asyncio

import pytest

from lenet.errors import InputError
from lenet.serve.guard import COOKIE, Guard
from tests.serving import served

TOKEN = "a-token-of-ours"


@pytest.fixture(scope="module")
def locked():
    with served(token=TOKEN, hosts=["digits.example"], threads=1) as running:
        yield running


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "evil:8000"])
@pytest.mark.parametrize("path", ["/version", "/v1/predict", "/", "/nothing", "/docs"])
def test_a_name_that_dns_was_turned_for_is_refused(service, host, path):
    """DNS rebinding: the attacker's name leads here, and the browser takes the answer for the attacker's own."""
    answer = service.ask("GET", path, headers={"Host": host})
    assert answer.status == 403
    assert "--allow-host" in answer.json["error"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost:8000", "LOCALHOST", "[::1]:8000", "10.0.0.7"])
def test_addresses_and_localhost_are_known(service, host):
    assert service.ask("GET", "/version", headers={"Host": host}).status == 200


def test_a_name_that_was_allowed_is_known(locked):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert locked.ask("GET", "/version", headers={"Host": "Digits.example:8000", **headers}).status == 200
    assert locked.ask("GET", "/version", headers={"Host": "other.example", **headers}).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/read/batch"])
def test_a_form_that_another_site_sends_is_refused(service, digit, headers, path):
    """Cross-site request forgery: the browser sends it without asking, as a form needs no preflight."""
    assert service.ask("POST", path, digit, {"Content-Type": "image/png", **headers}).status == 403


def test_its_own_pages_may_ask(service, digit):
    own = {"Origin": service.address, "Sec-Fetch-Site": "same-origin", "Content-Type": "image/png"}
    assert service.ask("POST", "/v1/predict", digit, own).status == 200


def test_a_link_from_elsewhere_may_be_followed_but_not_framed_or_loaded(service):
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    answer = service.ask("GET", "/docs", headers=followed)
    assert answer.status == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    for destination in ("iframe", "image", "script"):
        assert service.ask("GET", "/docs", headers={**followed, "Sec-Fetch-Dest": destination}).status == 403


def test_no_other_site_is_ever_let_in(service, digit):
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for method, path in (("OPTIONS", "/v1/predict"), ("GET", "/version"), ("POST", "/v1/predict")):
        answer = service.ask(method, path, digit if method == "POST" else None, asked)
        assert answer.status == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_says_that_its_type_is_true(service):
    for path in ("/version", "/nothing", "/docs", "/metrics"):
        assert service.ask("GET", path).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/v1/predict", "/version", "/metrics", "/docs", "/", "/openapi.json", "/nothing"])
def test_without_the_token_nothing_is_answered(locked, path):
    answer = locked.ask("GET", path)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    for shown in (
        "",
        "Bearer ",
        TOKEN,
        "Basic " + TOKEN,
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer \xfc",
    ):
        assert locked.ask("GET", path, headers={"Authorization": shown}).status == 401


def test_those_who_watch_over_it_need_no_token(locked):
    assert [locked.ask("GET", path).status for path in ("/health", "/ready")] == [200, 200]


def test_the_token_opens(locked, digit):
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "image/png"}
    assert locked.ask("POST", "/v1/predict", digit, headers).status == 200


def test_a_link_with_the_token_puts_it_into_a_cookie_that_scripts_do_not_see(locked):
    answer = locked.ask("GET", f"/version?token={TOKEN}&more=1")
    assert (answer.status, answer.headers["location"]) == (303, "/version?more=1")
    cookie = answer.headers["set-cookie"]
    assert cookie == f"{COOKIE}={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    assert locked.ask("GET", "/version", headers={"Cookie": f"other=1; {cookie.split(';')[0]}"}).status == 200
    assert locked.ask("GET", "/version?token=wrong").status == 401
    assert locked.ask("GET", f"//evil.example/?token={TOKEN}").headers["location"] == "/evil.example/"
    assert locked.ask("POST", f"/v1/predict?token={TOKEN}", b"").status == 401


@pytest.mark.parametrize("path", ["/health", "/ready", "/version"])
def test_a_link_with_a_wrong_token_leaves_the_cookie_alone(locked, path):
    """Or another site's link to what needs no token would put its own word, and attributes, into the cookie."""
    for link in (f"{path}?token=wrong", f"{path}?token=x;Domain=evil.example"):
        answer = locked.ask("GET", link, headers={"Cookie": f"{COOKIE}={TOKEN}"})
        assert (answer.status, "set-cookie" in answer.headers) == (200, False)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_of_a_token_is_written_in_any_case(locked, scheme):
    assert locked.ask("GET", "/version", headers={"Authorization": f"{scheme} {TOKEN}"}).status == 200


def test_without_a_token_links_with_one_lead_nowhere_else(service):
    assert service.ask("GET", "//evil.example/?token=x").status == 404


@pytest.mark.parametrize("token", ["", "two words", "x" * 201, "umlaut-\xfc"])
def test_a_token_that_no_header_can_carry_is_refused(token):
    pytest.importorskip("fastapi")
    from lenet.serve import create_app

    with pytest.raises(InputError, match="token"):
        create_app(token=token)


def test_a_socket_that_another_site_opens_is_closed(service):
    """WebSockets are not held by a browser's same-origin policy at all."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "websocket.accept"})

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message["type"])

    guard = Guard(app, service=service.service)
    scope = {"type": "websocket", "path": "/v1/live", "query_string": b"", "headers": [(b"host", b"localhost:1")]}
    for origin in (b"http://localhost:1", b"http://evil.example"):
        asyncio.run(guard({**scope, "headers": [*scope["headers"], (b"origin", origin)]}, receive, send))
    assert sent == ["websocket.accept", "websocket.close"]

"""`lenet serve`: what its options come to."""

from __future__ import annotations

import webbrowser

import pytest

from lenet.serve import running
from lenet.serve.limits import OPTIONS, Limits


@pytest.fixture
def started(monkeypatch):
    """Give what the service would be started with, and the pages that would be opened."""
    calls, opened = [], []

    def serve(**options):
        calls.append(options)
        options["on_start"]("http://127.0.0.1:8000/")

    monkeypatch.setattr(running, "serve", serve)
    monkeypatch.setattr(
        "threading.Timer", lambda _, open_page, links: type("Now", (), {"start": lambda _: open_page(*links)})()
    )
    monkeypatch.setattr(webbrowser, "open", opened.append)
    return calls, opened


def test_it_listens_on_the_loopback_address_and_opens_nothing_without_a_terminal(run, started):
    outcome = run("serve")
    (options,), opened = started
    assert (options["host"], options["port"], options["token"], options["limits"]) == (
        "127.0.0.1",
        8000,
        None,
        Limits(),
    )
    assert outcome.stderr == "lenet serves on http://127.0.0.1:8000/ (Ctrl-C ends it)\n"
    assert (outcome.status, outcome.stdout, opened) == (0, "", [])


def test_every_limit_has_its_option(run, started):
    given = {"body": "1.5", "pixels": "2", "pages": "3", "pictures": "4", "waiting": "5", "seconds": "6.5"}
    run("serve", *(part for name, value in given.items() for part in (OPTIONS[name], value)))
    assert started[0][0]["limits"] == Limits(1_500_000, 2_000_000, 3, 4, 5, 6.5)


def test_the_page_opens_with_its_token(run, started, tmp_path):
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    run("serve", "--open", "--token", f"@{file}")
    assert started[0][0]["token"] == "from-a-file"
    assert started[1] == ["http://127.0.0.1:8000/?token=from-a-file"]


def test_a_token_from_a_file_is_shown_to_no_list_of_processes_unasked(run, started, tmp_path, monkeypatch):
    """The browser's own command line would show it, which a file is there to avoid."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    (tmp_path / "token").write_text("secret")
    outcome = run("serve", "--token", f"@{tmp_path / 'token'}")
    assert "open http://127.0.0.1:8000/?token=TOKEN" in outcome.stderr
    assert "secret" not in outcome.stderr
    assert started[1] == []


def test_who_lets_everybody_in_is_told(run, started):
    assert "everybody who reaches this machine" in run("serve", "--host", "0.0.0.0").stderr
    assert "everybody" not in run("serve", "--host", "0.0.0.0", "--token", "x").stderr


@pytest.mark.parametrize(
    "option", [("--max-pages", "0"), ("--port", "70000"), ("--max-body", "-1"), ("--max-seconds", "x")]
)
def test_an_option_that_cannot_be_used_is_wrong_usage(run, started, option):
    assert run("serve", *option).status == 2


def test_a_file_of_a_token_that_is_not_there_is_said_in_a_sentence(run, started, tmp_path):
    outcome = run("serve", "--token", f"@{tmp_path}/nothing")
    assert (outcome.status, outcome.stderr.count("\n")) == (1, 1)
    assert "give a file that holds the token" in outcome.stderr

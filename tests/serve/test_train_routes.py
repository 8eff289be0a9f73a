"""A training is begun, watched, stopped and taken away over HTTP; pages cannot have more of them than they should."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("sklearn")

from lenet import load
from lenet.serve import jobs
from tests.pages import served
from tests.serve.asking import ask, ended, refused, told


@pytest.fixture(scope="module")
def address():
    with served() as found:
        yield found


def start(address, session="page", **plan):
    return told(address, "/train/start", json.dumps({"session": session, **plan}).encode())["id"]


def stop(address, key):
    told(address, f"/jobs/{key}/stop", post=True)
    return ended(address, key)


def test_a_training_is_watched_stopped_and_its_network_taken_away(address, tmp_path):
    key = start(address, data="digits8x8", architecture="lenet1", rate=0.1)
    assert refused(address, f"/jobs/{key}/network")[0] == 422
    found = stop(address, key)
    assert found["state"] == "stopped"
    assert found["has_network"]
    content, headers = ask(address, f"/jobs/{key}/network")
    assert "trained.safetensors" in headers["content-disposition"]
    (tmp_path / "trained.safetensors").write_bytes(content)
    assert load(tmp_path / "trained.safetensors").architecture.name == "lenet1"


def test_a_trained_network_can_be_shown_in_the_digit_view(address):
    key = start(address, architecture="lenet4")
    stop(address, key)
    shown = told(address, f"/jobs/{key}/show", post=True)
    assert "lenet4" in shown["title"]
    assert shown["name"] in [one["name"] for one in told(address, "/inside/networks")["networks"]]


def test_a_training_can_be_paused_and_go_on(address):
    key = start(address)
    told(address, f"/jobs/{key}/pause", post=True)
    for _ in range(200):
        if told(address, f"/jobs/{key}")["state"] == "paused":
            break
    assert told(address, f"/jobs/{key}")["state"] == "paused"
    told(address, f"/jobs/{key}/run", post=True)
    for _ in range(200):
        if told(address, f"/jobs/{key}")["state"] == "running":
            break
    assert stop(address, key)["state"] == "stopped"


def test_more_trainings_than_the_machine_carries_are_told_to_wait(address):
    running = [start(address, f"page {number}") for number in range(jobs.MOST)]
    status, sentence = refused(address, "/train/start", json.dumps({"session": "one more"}).encode())
    assert status == 429
    assert "try again" in sentence
    for key in running:
        stop(address, key)


@pytest.mark.parametrize(
    "asked",
    [b"no JSON", b"[]", b"{}", b'{"session": ""}', b'{"session": "a", "epochs": 9}', b'{"session": "a", "rate": -1}'],
)
def test_what_cannot_be_trained_is_said(address, asked):
    assert refused(address, "/train/start", asked)[0] == 422


def test_a_job_that_is_not_there_is_said(address):
    assert refused(address, "/jobs/nothing")[0] == 404
    assert refused(address, "/jobs/nothing/stop", post=True)[0] == 404
    assert refused(address, "/jobs/nothing/explode", post=True)[0] == 422


def test_what_may_be_chosen_is_said(address):
    found = told(address, "/train/choices")
    assert "digits8x8" in found["data"]
    assert found["rates"]
    assert found["batches"]

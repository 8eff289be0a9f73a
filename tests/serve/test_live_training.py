"""A training that is watched: it starts as noise, learns, shows what it is still wrong about, and can be stopped."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from lenet.errors import DivergenceError, InputError
from lenet.network import Network
from lenet.serve import live_training
from lenet.serve.jobs import Job, Stopped
from lenet.serve.live_training import ARCHITECTURES, BATCHES, DATA, RATES, Plan, choices, kernels_of, watch

pytest.importorskip("sklearn")
PLAN = Plan("digits8x8", "lenet1", rate=0.1, batch=32)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Let a training end after two passes."""
    monkeypatch.setattr(live_training, "_PASSES", {"digits8x8": 2, "mnist": 1})


def test_the_error_falls_and_every_look_says_what_is_wrong():
    job = Job("page")
    network = watch(PLAN, job)
    found = job.since(0)
    points, latest = found["points"], found["latest"]
    assert points[0]["seen"] == 0
    assert points[0]["loss"] is None
    assert points[0]["held_out_error"] > 0.7
    assert points[-1]["seen"] == latest["total"] == 3000
    assert points[-1]["held_out_error"] < 0.3
    assert [point["seen"] for point in points] == sorted({point["seen"] for point in points})
    _, held_out = live_training._data("digits8x8")
    predicted = network.predict(held_out.images)
    wrong = np.flatnonzero(predicted != held_out.labels)
    assert latest["wrong_count"] == len(wrong)
    assert points[-1]["held_out_error"] == pytest.approx(len(wrong) / len(held_out), abs=1e-4)
    for shown, index in zip(latest["wrong"], wrong, strict=False):
        assert shown["index"] == index
        assert shown["read"] == held_out.classes[predicted[index]]
        assert base64.b64decode(shown["ink"]) == held_out.images[index].tobytes()


def test_errors_of_each_digit_add_up():
    job = Job("page")
    watch(PLAN, job)
    latest = job.since(0)["latest"]
    _, held_out = live_training._data("digits8x8")
    counts = np.bincount(held_out.labels, minlength=10)
    assert np.dot(latest["by_digit"], counts) == pytest.approx(latest["wrong_count"], abs=0.05)


def test_a_stopped_training_leaves_the_network_that_was_looked_at_last():
    job, reports = Job("page"), []
    report = job.report

    def stops_after_some(*arguments, **latest):
        reports.append(latest)
        if len(reports) == 4:
            job.want("stopped")
        report(*arguments, **latest)

    job.report = stops_after_some
    with pytest.raises(Stopped):
        watch(PLAN, job)
    found = job.since(0)
    assert job.network is not None
    assert found["latest"]["kernels"] == kernels_of(job.network)
    _, held_out = live_training._data("digits8x8")
    error = (job.network.predict(held_out.images) != held_out.labels).mean()
    assert found["points"][-1]["held_out_error"] == pytest.approx(error, abs=1e-4)


def test_who_stops_at_once_has_the_noise():
    job = Job("page")
    job.want("stopped")
    with pytest.raises(Stopped):
        watch(PLAN, job)
    assert kernels_of(job.network) == kernels_of(Network("lenet1", seed=0))


def test_the_same_noise_comes_of_the_same_seed():
    first, again, other = (kernels_of(Network("lenet5", seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert [layer["name"] for layer in first] == ["C1", "C3"]
    assert len(first[0]["kernels"]) == 6
    assert len(first[0]["kernels"][0]) == first[0]["rows"] * first[0]["columns"] == 25


def test_kernels_of_a_connection_table_are_shown_too():
    assert [layer["name"] for layer in kernels_of(Network("lenet5-1998"))] == ["C1", "C3"]


def test_too_high_a_rate_is_said_in_a_sentence(monkeypatch):
    def diverges(*_arguments, **_options):
        raise DivergenceError("the loss became nan; lower the rate")

    monkeypatch.setattr(live_training, "train", diverges)
    job = Job("page")
    job.run(lambda job: watch(PLAN, job))
    assert (job.state, job.message) == ("failed", "the loss became nan; lower the rate")


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": "cifar"},
        {"architecture": "deep5"},
        {"rate": 0},
        {"rate": 2.0},
        {"rate": "fast"},
        {"batch": 0},
        {"batch": 5000},
        {"batch": 1.5},
        {"seed": -1},
        {"rate": True},
        {"rate": float("nan")},
    ],
)
def test_what_cannot_be_trained_is_refused(wrong):
    with pytest.raises(InputError):
        Plan(**wrong)


def test_every_choice_can_be_made(own_cache):
    live_training._data.cache_clear()
    found = choices()
    assert found["data"] == ["digits8x8"], "only what is on this machine"
    assert [one["name"] for one in found["architectures"]] == list(ARCHITECTURES)
    for architecture in ARCHITECTURES:
        for rate in RATES:
            for batch in BATCHES:
                for data in DATA:
                    Plan(data, architecture, rate, batch).recipe()

from __future__ import annotations

import pytest


@pytest.mark.data
def test_what_is_here_is_only_checked(run, data, monkeypatch):
    monkeypatch.setattr("lenet.datasets.mnist.MIRRORS", ())
    outcome = run("fetch", "mnist")
    assert outcome.status == 0
    assert "mnist train: 60,000 images of 10 classes" in outcome.stdout


def test_without_a_network_one_sentence_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_DATA", str(tmp_path))
    monkeypatch.setenv("LENET_CACHE", str(tmp_path))
    monkeypatch.setattr("lenet.datasets.mnist.MIRRORS", ("http://127.0.0.1:9/",))
    outcome = run("fetch", "mnist")
    assert outcome.status == 1
    assert outcome.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_data_set_is_wrong_usage(run):
    assert run("fetch", "imagenet").status == 2

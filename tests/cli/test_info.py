from __future__ import annotations

import json


def test_the_facts_are_printed(run, monkeypatch):
    monkeypatch.setenv("LENET_CACHE", "/somewhere/else")
    outcome = run("info")
    facts = dict(line.split(maxsplit=1) for line in outcome.stdout.splitlines())
    assert outcome.status == 0
    assert facts["cache"] == "/somewhere/else"
    assert "digits" in facts["models"]


def test_json_is_one_object(run):
    facts = json.loads(run("info", "--json").stdout)
    assert facts["schema"] == 1
    assert facts["processor"] in facts["processors"]
    assert facts["threads"] >= 1

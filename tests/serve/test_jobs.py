"""Jobs report, pause, stop and end by themselves, and there are never too many of them."""

from __future__ import annotations

import threading
import time

import pytest

from lenet.errors import InputError
from lenet.network import Network
from lenet.serve.jobs import KEPT, Busy, Job, Jobs

NETWORK = Network("lenet1")


def until(condition):
    """Wait until something holds, and fail where it does not come."""
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come")


def endless(job):
    count = 0
    while True:
        job.report({"count": count}, twice=2 * count)
        count += 1
        time.sleep(0.001)


@pytest.fixture
def jobs():
    found = Jobs()
    yield found
    found.close()


def test_points_are_given_once_and_the_rest_only_when_it_is_new(jobs):
    job = jobs.start("page", endless)
    until(lambda: job.since(0)["points"])
    first = job.since(0)
    later = job.since(len(first["points"]), first["version"])
    assert [point["count"] for point in first["points"]] == list(range(len(first["points"])))
    assert first["latest"]["twice"] == 2 * first["points"][-1]["count"]
    assert all(point["count"] >= len(first["points"]) for point in later["points"])
    job.want("stopped")
    until(lambda: job.has_ended)
    last = job.since(0)
    assert job.since(len(last["points"]), last["version"])["latest"] is None


def test_a_paused_job_waits_and_goes_on(jobs):
    job = jobs.start("page", endless)
    job.want("paused")
    until(lambda: job.state == "paused")
    count = len(job.since(0)["points"])
    time.sleep(0.05)
    assert len(job.since(0)["points"]) == count
    job.want("running")
    until(lambda: len(job.since(0)["points"]) > count)


def test_a_job_that_is_done_has_its_network(jobs):
    job = jobs.start("page", lambda _: NETWORK)
    until(lambda: job.has_ended)
    assert (job.state, job.network) == ("done", NETWORK)
    assert job.since(0)["has_network"]


def test_an_error_of_ours_is_said(jobs):
    def fails(_):
        raise InputError("the rate is too high; lower it")

    job = jobs.start("page", fails)
    until(lambda: job.has_ended)
    assert (job.state, job.message) == ("failed", "the rate is too high; lower it")


def test_a_page_that_asks_no_more_lets_its_job_end(jobs):
    job = jobs.start("page", endless, patience=0.1)
    until(lambda: job.has_ended)
    assert job.state == "stopped"
    assert "went away" in job.message


def test_a_paused_job_of_a_page_that_went_away_ends_too(jobs):
    job = jobs.start("page", endless, patience=0.3)
    job.want("paused")
    until(lambda: job.has_ended)
    assert job.state == "stopped"


def test_a_job_may_not_take_for_ever(jobs):
    job = jobs.start("page", endless, longest=0.1)
    until(lambda: job.since(0)["state"] == "stopped")


def test_a_page_has_one_job_and_all_pages_together_a_few():
    jobs = Jobs(most=2)
    first = jobs.start("a", endless)
    second = jobs.start("a", endless)
    until(lambda: first.has_ended)
    jobs.start("b", endless)
    with pytest.raises(Busy):
        jobs.start("c", endless)
    assert not second.has_ended
    jobs.close()
    assert second.has_ended


def test_a_page_that_starts_again_and_again_has_few_jobs_that_still_have_to_stop():
    """A job that loads its data does not look whether it is wanted."""
    jobs, gate = Jobs(most=1), threading.Event()

    def deaf(job):
        gate.wait(60)
        job.report()

    jobs.start("page", deaf)
    jobs.start("page", deaf)
    with pytest.raises(Busy):
        jobs.start("page", deaf)
    gate.set()
    jobs.close()


def test_only_so_many_are_remembered(jobs):
    found = []
    for _ in range(KEPT + 3):
        found.append(jobs.start("page", lambda _: NETWORK))
        until(lambda: found[-1].has_ended)
    assert [jobs.get(job.id) is not None for job in found] == [False] * 3 + [True] * KEPT
    assert jobs.get("nothing") is None


def test_closing_ends_the_threads():
    jobs = Jobs()
    jobs.start("page", endless)
    jobs.close()
    assert not [
        thread for thread in threading.enumerate() if thread.name.startswith("lenet-job-") and thread.is_alive()
    ]


def test_a_job_is_only_asked_for_what_it_was_told():
    job = Job("page")
    job.report(None, share=0.5)
    assert job.since(0)["points"] == []
    assert job.since(0)["latest"] == {"share": 0.5}

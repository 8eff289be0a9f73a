"""The lanes: bounded, in batches, and nothing is lost whoever gives up when."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref

import pytest

from lenet.errors import ServiceError
from lenet.serve.work import A_TURN, Lane, each


def lane(do, **options):
    return Lane("test", do, **{"threads": 1, "together": 4, "places": 10, "memory": 100, **options})


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


async def ask(row, work, size=0):
    with row.place(size) as place:
        return await place.do(work)


def test_what_waits_is_taken_together_and_everybody_gets_their_own():
    batches, gate = [], threading.Event()

    def double(work):
        gate.wait(30)
        batches.append(list(work))
        return [2 * number for number in work]

    async def all_of_them():
        row = lane(double)
        row.start()
        asked = [asyncio.create_task(ask(row, 0))]
        await asyncio.sleep(0.2)
        asked += [asyncio.create_task(ask(row, number)) for number in range(1, 10)]
        await asyncio.sleep(0.2)
        gate.set()
        results = await asyncio.gather(*asked)
        row.stop()
        return results, row.taken

    results, taken = run(all_of_them())
    assert results == [2 * number for number in range(10)]
    assert taken == 0
    assert [number for batch in batches for number in batch] == list(range(10))
    assert max(map(len, batches)) == 4
    assert batches[0] == [0]  # the first did not wait for company


def test_a_mistake_of_one_is_its_own_and_one_of_all_is_everybodys():
    async def ask_three(do):
        row = lane(do)
        row.start()
        results = await asyncio.gather(*(ask(row, number) for number in range(3)), return_exceptions=True)
        row.stop()
        return results

    def one(work):
        return [ValueError("mine") if number == 1 else number for number in work]

    def all_of_them(work):
        raise KeyError("ours")

    results = run(ask_three(one))
    assert [results[0], repr(results[1]), results[2]] == [0, "ValueError('mine')", 2]
    assert all(isinstance(result, KeyError) for result in run(ask_three(all_of_them)))


def test_each_calls_one_after_the_other():
    results = each([lambda: 1, lambda: 1 / 0, lambda: 3])
    assert (results[0], type(results[1]), results[2]) == (1, ZeroDivisionError, 3)


def test_places_and_memory_are_bounded():
    async def fill():
        row = lane(each, places=3)
        with row.place(40), row.place(40):
            with pytest.raises(ServiceError, match="waiting") as full:
                row.place(40).__enter__()
            assert (full.value.status, full.value.retry_after) == (429, 1)
            with row.place(20), pytest.raises(ServiceError):
                row.place(0).__enter__()
        assert row.taken == 0
        with row.place(1000):  # alone, it may be larger than what is shared
            assert row.taken == 1

    run(fill())


@pytest.mark.parametrize("begun", [True, False])
def test_who_gives_up_frees_the_place_once_its_work_is_out_of_the_way(begun):
    gate, entered = threading.Event(), threading.Event()

    def wait():
        entered.set()
        gate.wait(30)

    async def give_up():
        row = lane(each, together=1)
        row.start()
        first = asyncio.create_task(ask(row, wait))
        await asyncio.to_thread(entered.wait, 30)
        second = asyncio.create_task(ask(row, wait))
        await asyncio.sleep(0.05)
        (first if begun else second).cancel()
        await asyncio.sleep(0.05)
        assert row.taken == (2 if begun else 1)
        gate.set()
        await asyncio.gather(first, second, return_exceptions=True)
        await asyncio.sleep(0.1)
        assert row.taken == 0
        row.stop()

    run(give_up())


def test_what_somebody_gave_up_waiting_for_is_not_kept_in_memory():
    class Body:
        pass

    gate, kept = threading.Event(), []

    async def give_up():
        row = lane(lambda work: [gate.wait(30) for _ in work], together=1)
        row.start()
        asked = [asyncio.create_task(ask(row, Body()))]
        await asyncio.sleep(0.05)
        body = Body()
        kept.append(weakref.ref(body))
        asked.append(asyncio.create_task(ask(row, body)))
        del body
        await asyncio.sleep(0.05)
        asked.pop().cancel()
        await asyncio.sleep(0.05)
        gc.collect()
        assert kept[0]() is None
        gate.set()
        await asyncio.gather(*asked)
        row.stop()

    run(give_up())


def test_the_time_to_come_back_grows_with_what_waits():
    async def wait():
        row = lane(lambda work: [time.sleep(0.3)] * len(work), together=1)
        row.start()
        await ask(row, 1)
        with row.place(), row.place(), row.place(), row.place():
            assert row.retry_after() == 2
        row.stop()

    run(wait())


def test_stopping_ends_the_threads_after_what_they_were_given():
    async def stop():
        row = lane(each, threads=3)
        row.start()
        asked = [asyncio.create_task(ask(row, lambda: 1)) for _ in range(8)]
        await asyncio.sleep(0)
        row.stop()
        assert await asyncio.gather(*asked) == [1] * 8
        for thread in row._threads:
            await asyncio.to_thread(thread.join, 30)
            assert not thread.is_alive()

    run(stop())


def test_what_takes_no_time_is_done_in_the_loop_and_the_rest_in_a_thread():
    turns, threads = [], []

    def even_ones(work):
        turns.append(len(work))
        assert threading.current_thread() is threading.main_thread()
        return [None if number % 2 else number * 10 for number in work]

    def others(work):
        threads.extend(work)
        return [number * 100 for number in work]

    async def ask_all():
        row = lane(others, places=100, memory=10**6, at_once=even_ones)
        row.start()
        results = await asyncio.gather(*(ask(row, number, size=1) for number in range(40)))
        row.stop()
        return results, row.taken

    results, taken = run(ask_all())
    assert results == [number * 100 if number % 2 else number * 10 for number in range(40)]
    assert (taken, sorted(threads)) == (0, list(range(1, 40, 2)))
    assert turns == [A_TURN, A_TURN, 40 - 2 * A_TURN]  # the loop has its turn between


def test_a_mistake_in_the_loop_is_told_and_frees_the_places():
    def broken(work):
        raise KeyError("ours")

    async def ask_two():
        row = lane(each, at_once=broken)
        row.start()
        results = await asyncio.gather(*(ask(row, lambda: 1) for _ in range(2)), return_exceptions=True)
        row.stop()
        return results, row.taken

    results, taken = run(ask_two())
    assert [type(result) for result in results] == [KeyError, KeyError]
    assert taken == 0

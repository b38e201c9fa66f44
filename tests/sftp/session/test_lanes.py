"""Work that leaves the event loop: all of it is done, by the thread that rested last."""

import asyncio
import threading
import time

import pytest

from mft.offload import Lane, Offload


def offload() -> Offload:
    return Offload(inline_reads=True, writers=2, hashers=1)


async def test_what_is_asked_for_comes_back_and_what_was_raised_too():
    house = offload()
    assert await house.file(lambda a, b: a + b, 1, b=2) == 3
    with pytest.raises(KeyError):
        await house.write({}.__getitem__, "missing")
    house.close()


async def test_one_caller_alone_meets_two_threads_at_most():
    house = offload()
    await asyncio.gather(*(house.file(time.sleep, 0.01) for _ in range(8)))
    met = {await house.file(threading.get_ident) for _ in range(50)}
    assert len(met) <= 2  # One may tell its result just before it rests.
    house.close()


async def test_no_more_work_at_once_than_a_lane_has_threads_and_none_is_left_undone():
    house, at_once, most, lock = offload(), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.001)
        with lock:
            at_once -= 1

    await asyncio.gather(*(house.write(work) for _ in range(50)))
    assert (most, at_once) == (2, 0)
    house.close()


async def test_work_that_nobody_waits_for_any_more_is_not_begun():
    lane, begun = offload(), []
    gate = threading.Event()
    first = asyncio.ensure_future(lane.hash(gate.wait))
    second = asyncio.ensure_future(lane.hash(begun.append, "second"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await first
    lane.close()
    assert not begun


def test_a_lane_that_closes_finishes_what_was_put_and_takes_no_more():
    lane, done = Lane(1, "test"), []
    gate = threading.Event()
    lane.put(lambda: done.append(gate.wait()))
    lane.put(lambda: done.append("waited"))
    threading.Timer(0.01, gate.set).start()
    lane.close()
    assert done == [True, "waited"]
    with pytest.raises(RuntimeError):
        lane.put(lambda: None)

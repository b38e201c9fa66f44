"""Scheduled work: repeated, alone, and unharmed by a job that fails."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from mft.audit.trail import Trail
from mft.clock import Clock, SystemClock
from mft.jobs.schedule import AT_ONCE, Job, Timetable, run_once, schedule
from mft.lifecycle.runs import Runs
from mft.logs.metrics import REGISTRY
from mft.model.errors import Unavailable
from mft.model.job import Outcome, Stopped
from mft.offload import Offload
from mft.store.engine import Store
from tests.support.clock import MovingClock

SOON = timedelta(milliseconds=20)
HOUR = timedelta(hours=1)


@pytest.fixture
def offload() -> Iterator[Offload]:
    lanes = Offload(inline_reads=True, writers=1, hashers=1)
    yield lanes
    lanes.close()


def runs_on(store: Store, clock: Clock, node: str = "n1") -> Runs:
    return Runs(store, Trail(node), clock, node)


@pytest.fixture
def runs(store: Store) -> Runs:
    return runs_on(store, SystemClock())


def often(jobs: list[Job], runs: Runs, offload: Offload) -> AbstractAsyncContextManager[None]:
    return schedule(jobs, runs, offload, tick=SOON)


def counted(job: str, end: str) -> float:
    return REGISTRY.get_sample_value("mft_jobs_total", {"job": job, "end": end}) or 0.0


@pytest.mark.parametrize("alone", [True, False])
async def test_a_job_runs_again_and_again_off_the_loop(runs: Runs, offload: Offload, *, alone: bool):
    threads: list[str] = []
    again = asyncio.Event()
    loop = asyncio.get_running_loop()

    def run() -> int:
        threads.append(threading.current_thread().name)
        if len(threads) == 3:
            loop.call_soon_threadsafe(again.set)
        return len(threads)

    async with often([Job("sweep", SOON, run, alone=alone)], runs, offload):
        await asyncio.wait_for(again.wait(), 10)
    assert threading.current_thread().name not in threads
    assert (len(runs.history("sweep")) >= 3) is alone


@pytest.mark.parametrize("error", [Unavailable("no database"), ZeroDivisionError()])
async def test_a_job_that_fails_comes_again_and_takes_no_other_with_it(runs: Runs, offload: Offload, error: Exception):
    times = {"bad": 0, "good": 0}
    both = asyncio.Event()
    loop = asyncio.get_running_loop()

    def run(name: str, failure: Exception | None) -> None:
        times[name] += 1
        if min(times.values()) == 2:
            loop.call_soon_threadsafe(both.set)
        if failure:
            raise failure

    jobs = [Job("bad", SOON, lambda: run("bad", error)), Job("good", SOON, lambda: run("good", None))]
    async with often(jobs, runs, offload):
        await asyncio.wait_for(both.wait(), 10)
    assert {one.outcome for one in runs.history("bad")} == {Outcome.FAILED}
    assert {one.outcome for one in runs.history("good")} == {Outcome.DONE}


@pytest.mark.parametrize("alone", [True, False])
async def test_a_job_never_runs_twice_at_a_time(runs: Runs, offload: Offload, *, alone: bool):
    running, most, times = 0, 0, 0
    lock, enough = threading.Lock(), threading.Event()
    release = threading.Event()

    def run() -> None:
        nonlocal running, most, times
        with lock:
            running, times = running + 1, times + 1
            most = max(most, running)
        release.wait(0.1)
        with lock:
            running -= 1
        if times >= 3:
            enough.set()

    async with often([Job("slow", SOON, run, alone=alone)], runs, offload):
        assert await offload.hash(enough.wait, 10)
    assert most == 1


async def test_jobs_leave_places_to_transfers(store: Store, offload: Offload):
    begun, release = threading.Semaphore(0), threading.Event()

    def run() -> None:
        begun.release()
        release.wait(60)

    table = Timetable([Job(f"long{n}", HOUR, run) for n in range(4)], runs_on(store, MovingClock()), offload)
    await table.tick()
    for _ in range(AT_ONCE):
        assert await offload.hash(begun.acquire, timeout=10)
    await table.tick()
    assert await asyncio.wait_for(offload.file(lambda: "a transfer"), 10) == "a transfer"
    assert not begun.acquire(blocking=False)
    release.set()
    await table.close()


async def test_how_a_job_ended_is_counted_and_when_it_went_well(store: Store, offload: Offload):
    def fail() -> None:
        raise Unavailable("no database")

    clock = MovingClock()
    runs = runs_on(store, clock)
    before = counted("a", "done"), counted("b", "failed"), counted("c", "stopped")
    jobs = [Job("a", HOUR, lambda: 1), Job("b", HOUR, fail), Job("c", HOUR, lambda: Stopped(3))]
    for job in jobs:
        await run_once(job, runs, offload)
    await Timetable(jobs, runs, offload).tick()
    after = counted("a", "done"), counted("b", "failed"), counted("c", "stopped")
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 1]
    succeeded = [REGISTRY.get_sample_value("mft_job_last_success_seconds", {"job": name}) for name in "abc"]
    assert succeeded == [clock.now().timestamp(), None, None]


async def test_a_server_that_comes_back_does_at_once_what_came_due(store: Store, offload: Offload):
    clock = MovingClock()
    done: list[str] = []
    jobs = [Job(name, HOUR, lambda name=name: done.append(name)) for name in ("first", "second")]  # type: ignore[misc]

    async def live() -> None:
        runs = runs_on(store, clock)
        async with schedule(jobs, runs, offload):
            pass
        table = Timetable(jobs, runs, offload)
        await table.tick()
        while table._running:  # noqa: SLF001, ASYNC110
            await asyncio.sleep(0.005)

    await live()
    assert sorted(done) == ["first", "second"]
    await live()
    assert len(done) == 2
    clock.advance(days=400)
    await live()
    assert len(done) == 4


async def test_a_stop_asks_long_runs_to_end_waits_for_them_and_begins_no_other(store: Store, offload: Offload):
    asked, begun = threading.Event(), threading.Semaphore(0)

    def long() -> Stopped:
        begun.release()
        assert asked.wait(10)
        return Stopped({"files": 7})

    runs = runs_on(store, MovingClock())
    names = [f"long{n}" for n in range(AT_ONCE + 1)]
    async with schedule([Job(name, HOUR, long, stop=asked.set) for name in names], runs, offload):
        for _ in range(AT_ONCE):
            assert await offload.hash(begun.acquire, timeout=10)
    *both, third = (runs.history(name) for name in names)
    assert [(run.outcome, run.did) for [run] in both] == [(Outcome.STOPPED, {"files": 7})] * AT_ONCE
    assert third == []


async def test_a_database_that_does_not_answer_costs_a_tick_and_nothing_else(
    store: Store, offload: Offload, monkeypatch: pytest.MonkeyPatch
):
    runs = runs_on(store, MovingClock())
    done: list[int] = []
    table = Timetable([Job("a", HOUR, lambda: done.append(1))], runs, offload)

    def silent(*_: object) -> None:
        raise Unavailable("the database did not answer")

    with monkeypatch.context() as patched:
        patched.setattr(runs, "look", silent)
        await table.tick()
    with monkeypatch.context() as patched:
        patched.setattr(runs, "run_due", silent)
        await table.tick()
        while table._running:  # noqa: SLF001, ASYNC110
            await asyncio.sleep(0.005)
    assert done == []
    await table.tick()
    while table._running:  # noqa: SLF001, ASYNC110
        await asyncio.sleep(0.005)
    assert done == [1]

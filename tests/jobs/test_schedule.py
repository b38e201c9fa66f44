"""Scheduled work: repeated, alone, and unharmed by a job that fails."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mft.jobs.schedule import Job, run_once, schedule
from mft.logs.metrics import REGISTRY
from mft.model.errors import Unavailable
from mft.offload import Offload

SOON = timedelta(milliseconds=20)


@pytest.fixture
def offload() -> Iterator[Offload]:
    lanes = Offload(inline_reads=True, writers=1, hashers=1)
    yield lanes
    lanes.close()


def counted(job: str, end: str) -> float:
    return REGISTRY.get_sample_value("mft_jobs_total", {"job": job, "end": end}) or 0.0


async def test_a_job_runs_again_and_again_off_the_loop(offload: Offload):
    threads: list[str] = []
    again = asyncio.Event()
    loop = asyncio.get_running_loop()

    def run() -> int:
        threads.append(threading.current_thread().name)
        if len(threads) == 3:
            loop.call_soon_threadsafe(again.set)
        return len(threads)

    async with schedule([Job("sweep", SOON, run)], offload):
        await asyncio.wait_for(again.wait(), 10)
    assert threading.current_thread().name not in threads


@pytest.mark.parametrize("error", [Unavailable("no database"), ZeroDivisionError()])
async def test_a_job_that_fails_comes_again_and_takes_no_other_with_it(offload: Offload, error: Exception):
    runs = {"bad": 0, "good": 0}
    both = asyncio.Event()
    loop = asyncio.get_running_loop()

    def run(name: str, failure: Exception | None) -> None:
        runs[name] += 1
        if min(runs.values()) == 2:
            loop.call_soon_threadsafe(both.set)
        if failure:
            raise failure

    jobs = [Job("bad", SOON, lambda: run("bad", error)), Job("good", SOON, lambda: run("good", None))]
    async with schedule(jobs, offload):
        await asyncio.wait_for(both.wait(), 10)


async def test_a_job_never_runs_twice_at_a_time(offload: Offload):
    running, most, runs = 0, 0, 0
    lock, enough = threading.Lock(), threading.Event()
    release = threading.Event()

    def run() -> None:
        nonlocal running, most, runs
        with lock:
            running, runs = running + 1, runs + 1
            most = max(most, running)
        release.wait(0.1)
        with lock:
            running -= 1
        if runs >= 3:
            enough.set()

    async with schedule([Job("slow", SOON, run)], offload):
        assert await offload.hash(enough.wait, 10)
    assert most == 1


async def test_how_a_job_ended_is_counted(offload: Offload):
    def fail() -> None:
        raise Unavailable("no database")

    done, failed = counted("a", "done"), counted("b", "failed")
    await run_once(Job("a", SOON, lambda: 1), offload)
    await run_once(Job("b", SOON, fail), offload)
    assert counted("a", "done") == done + 1
    assert counted("b", "failed") == failed + 1

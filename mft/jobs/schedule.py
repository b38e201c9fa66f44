"""Run scheduled work: each job is a row, its due moments lie in the tables it works on.

A tick that is missed changes nothing but the hour: what is expired is refused at use already.  A job
that fails is logged and comes again; it never takes the others with it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from mft.logs.metrics import FAILURES, JOB_SECONDS, JOBS
from mft.logs.setup import log
from mft.model.errors import MftError
from mft.offload import Offload

_LOG: Final = log("mft.jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of scheduled work: *run* does all that is due now and may be repeated at any time."""

    name: str
    every: timedelta
    run: Callable[[], object]
    """Returns what was done, for the log: a number or a small value; nothing worth a line is false."""
    alone: bool = True
    """One runner at a time among all processes, and a row for each run; else every process does its own."""


async def run_once(job: Job, offload: Offload) -> None:
    """Run *job* now; a failure ends in the log.

    In the lane for files: a sweep takes many short transactions, and sign-ons must get in between.
    """
    try:
        with JOB_SECONDS.labels(job.name).time():
            done = await offload.file(job.run)
    except MftError as error:
        JOBS.labels(job.name, "failed").inc()
        _LOG.error("job.failed", job=job.name, why=str(error))
    except Exception:  # noqa: BLE001  (said below)
        # A defect in one job must not stop the sweeps; the counter raises the alarm.
        JOBS.labels(job.name, "failed").inc()
        FAILURES.labels("jobs").inc()
        _LOG.exception("job.failed", job=job.name)
    else:
        JOBS.labels(job.name, "done").inc()
        if done:
            _LOG.info("job.done", job=job.name, done=str(done))


@asynccontextmanager
async def schedule(jobs: Sequence[Job], offload: Offload) -> AsyncIterator[None]:
    """Run *jobs* while the block runs: all once at the start, then each at its interval, never twice at a time."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in jobs:
        scheduler.add_job(
            run_once,
            "interval",
            (job, offload),
            seconds=job.every.total_seconds(),
            id=job.name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,  # However late: what is due is due.
        )
    opening = asyncio.create_task(_open(jobs, offload, scheduler), name="jobs")
    try:
        yield
    finally:
        opening.cancel()
        await asyncio.wait([opening])
        if scheduler.running:
            scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # It shuts down in the loop's next round.


async def _open(jobs: Sequence[Job], offload: Offload, scheduler: AsyncIOScheduler) -> None:
    """Do what came due while the server was down, one job after the other; then keep to the intervals."""
    for job in jobs:
        await run_once(job, offload)
    scheduler.start()

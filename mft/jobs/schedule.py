"""Knock when work is due: every few seconds it is asked which jobs wait, and those are run off the loop.

When a job is due, and who may run it, is known to the room (``mft.lifecycle.runs``): a tick that is
missed changes nothing but the hour, and what is expired is refused at use already.  A job that fails
is logged and comes again; it never takes the others with it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from mft.lifecycle.runs import Ran, Runs
from mft.logs.metrics import FAILURES, JOB_SECONDS, JOB_SUCCEEDED, JOBS
from mft.logs.setup import log
from mft.model.errors import MftError
from mft.model.job import Outcome
from mft.offload import Offload

TICK: Final = timedelta(seconds=3)
"""How often it is asked what waits."""
AT_ONCE: Final = 2
"""Jobs of one process at a time: they share the lane for files with transfers, which has four places."""

_LOG: Final = log("mft.jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of scheduled work: *run* does all that is due now and may be repeated at any time."""

    name: str
    every: timedelta
    run: Callable[[], object]
    """Returns what was done: a number, a mapping or a small value, each field a count; nothing done is false."""
    alone: bool = True
    """One runner at a time among all processes, and a row for each run; else every process does its own."""
    stop: Callable[[], None] | None = None
    """Asks a run that takes its time to end soon."""


class Timetable:
    """The jobs of one process, and which of them it is running."""

    def __init__(self, jobs: Sequence[Job], runs: Runs, offload: Offload) -> None:
        """Keep the parts."""
        self._jobs = {job.name: job for job in jobs if job.alone}
        self._everies = {name: job.every for name, job in self._jobs.items()}
        self._runs = runs
        self._offload = offload
        self._places = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._over = False

    async def tick(self) -> None:
        """Ask which jobs wait, and set those off that this process does not run already."""
        try:
            look = await self._offload.write(self._runs.look, self._everies)
        except MftError as error:
            _LOG.error("jobs.unknown", why=str(error))
            return
        for name, at in look.succeeded.items():
            if name in self._jobs:
                JOB_SUCCEEDED.labels(name).set(at.timestamp())
        for name in look.due:
            if name not in self._running and not self._over:
                self._running[name] = asyncio.create_task(self._run(self._jobs[name]), name=f"job {name}")

    async def close(self) -> None:
        """Begin no further run, ask those that take their time to end, and wait for them."""
        self._over = True
        for name in self._running:
            stop = self._jobs[name].stop
            if stop is not None:
                stop()
        if self._running:
            await asyncio.wait(self._running.values())

    async def _run(self, job: Job) -> None:
        try:
            async with self._places:
                if not self._over:
                    await run_once(job, self._runs, self._offload)
        finally:
            del self._running[job.name]


async def run_once(job: Job, runs: Runs, offload: Offload) -> None:
    """Run *job* now, if it waits; a failure ends in the log.

    In the lane for files: a sweep takes many short transactions, and sign-ons must get in between.
    """
    try:
        if job.alone:
            ran = await offload.file(runs.run_due, job.name, job.every, job.run)
        else:
            ran = await offload.file(runs.run_here, job.name, job.run)
        if ran is not None:
            _tell(ran)
    except MftError as error:  # The database did not answer before the run, or after it.
        JOBS.labels(job.name, Outcome.FAILED).inc()
        _LOG.error("job.unrecorded", job=job.name, why=str(error))


def _tell(ran: Ran) -> None:
    """Count how a run ended, and say what an operator should know."""
    JOBS.labels(ran.job, ran.outcome).inc()
    JOB_SECONDS.labels(ran.job).observe(ran.took.total_seconds())
    try:
        ran.demand()
    except MftError as error:
        _LOG.error("job.failed", job=ran.job, reference=ran.reference, why=str(error))
    except Exception:  # noqa: BLE001  (the counter raises the alarm, and the log has the rest)
        FAILURES.labels("jobs").inc()
        _LOG.exception("job.failed", job=ran.job, reference=ran.reference)
    else:
        if ran.did:
            _LOG.info(f"job.{ran.outcome}", job=ran.job, did=dict(ran.did))


@asynccontextmanager
async def schedule(jobs: Sequence[Job], runs: Runs, offload: Offload, tick: timedelta = TICK) -> AsyncIterator[None]:
    """Run *jobs* while the block runs: what is due at once, then each when it is due, never twice at a time."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    table = Timetable(jobs, runs, offload)
    scheduler.add_job(table.tick, "interval", seconds=tick.total_seconds(), id="tick", **_HOWEVER_LATE)
    ours = _add_own(scheduler, jobs, runs, offload)
    opening = asyncio.create_task(_open(ours, table, runs, offload, scheduler), name="jobs")
    try:
        yield
    finally:
        opening.cancel()
        await asyncio.wait([opening])
        if scheduler.running:
            scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # It shuts down in the loop's next round.
        await table.close()


@asynccontextmanager
async def schedule_own(jobs: Sequence[Job], runs: Runs, offload: Offload) -> AsyncIterator[None]:
    """Run while the block runs those of *jobs* that every process does for itself; its sibling runs the others."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    _add_own(scheduler, jobs, runs, offload)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        await asyncio.sleep(0)  # It shuts down in the loop's next round.


def _add_own(scheduler: AsyncIOScheduler, jobs: Sequence[Job], runs: Runs, offload: Offload) -> list[Job]:
    ours = [job for job in jobs if not job.alone]
    for job in ours:
        seconds = job.every.total_seconds()
        scheduler.add_job(run_once, "interval", (job, runs, offload), seconds=seconds, id=job.name, **_HOWEVER_LATE)
    return ours


_HOWEVER_LATE: Final = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
"""What is due is due, and once is enough."""


async def _open(
    ours: Sequence[Job], table: Timetable, runs: Runs, offload: Offload, scheduler: AsyncIOScheduler
) -> None:
    """Free what a former server of this node left, do what came due while it was down, then look again and again."""
    try:
        left = await offload.write(runs.settle)
    except MftError as error:
        _LOG.error("jobs.unknown", why=str(error))
    else:
        if left:
            _LOG.warning("jobs.left", jobs=list(left))
    for job in ours:
        await run_once(job, runs, offload)
    await table.tick()
    scheduler.start()

"""Scheduled work as rows: when each job is due, who runs it under which lease, and each run."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from mft.model.job import Outcome, Run, Standing
from mft.store.tables import job, job_run


def ensure(connection: Connection, name: str, at: datetime) -> None:
    """Make a row of the job if there is none, due at *at*.  Writers stand in line, so nobody comes between."""
    if connection.execute(select(job.c.name).where(job.c.name == name)).first() is None:
        connection.execute(insert(job).values(name=name, due_at=at))


def take(
    connection: Connection, name: str, runner: str, now: datetime, *, until: datetime, whether_due_or_not: bool = False
) -> bool:
    """Give *runner* the lease until *until*, if nobody has it and the job is due; return whether it did."""
    free = job.c.runner.is_(None) | (job.c.lease_until <= now)
    due = job.c.due_at <= now
    taken = update(job).where(job.c.name == name, free, *(() if whether_due_or_not else (due,)))
    return connection.execute(taken.values(runner=runner, lease_until=until)).rowcount == 1


def renew(connection: Connection, name: str, runner: str, until: datetime) -> bool:
    """Let *runner*'s lease last until *until*; return False if it is no longer its."""
    mine = (job.c.name == name) & (job.c.runner == runner)
    return connection.execute(update(job).where(mine).values(lease_until=until)).rowcount == 1


def give_back(connection: Connection, name: str, runner: str, due_at: datetime, succeeded_at: datetime | None) -> bool:
    """End *runner*'s lease and let the job be due at *due_at*; return False if the lease is no longer its."""
    kept = {} if succeeded_at is None else {"succeeded_at": succeeded_at}
    mine = (job.c.name == name) & (job.c.runner == runner)
    freed = update(job).where(mine).values(runner=None, lease_until=None, due_at=due_at, **kept)
    return connection.execute(freed).rowcount == 1


def draw_near(connection: Connection, name: str, due_at: datetime, lease_until: datetime) -> None:
    """Let the job be due no later than *due_at* and its lease end no later than *lease_until*."""
    late = update(job).where(job.c.name == name, job.c.due_at > due_at)
    connection.execute(late.values(due_at=due_at))
    long = update(job).where(job.c.name == name, job.c.lease_until > lease_until)
    connection.execute(long.values(lease_until=lease_until))


def begin(connection: Connection, name: str, runner: str, at: datetime) -> int:
    """Write down that a run begins, and that one before it, if it has no end, was stopped; return its number."""
    stop(connection, name, at)
    begun = connection.execute(insert(job_run).values(job=name, runner=runner, started_at=at))
    assert begun.inserted_primary_key is not None  # noqa: S101  (one row was inserted)
    return int(begun.inserted_primary_key[0])


def stop(connection: Connection, name: str, at: datetime) -> None:
    """Write down that the last run of the job, if it has no end, was found stopped at *at*."""
    last = select(func.max(job_run.c.id)).where(job_run.c.job == name).scalar_subquery()
    open_end = update(job_run).where(job_run.c.id == last, job_run.c.ended_at.is_(None))
    connection.execute(open_end.values(ended_at=at, outcome=Outcome.STOPPED))


def end(
    connection: Connection, number: int, at: datetime, outcome: Outcome, did: Mapping[str, int | str], took: timedelta
) -> None:
    """Write down how the run *number* ended."""
    connection.execute(
        update(job_run)
        .where(job_run.c.id == number)
        .values(
            ended_at=at,
            outcome=outcome,
            did=json.dumps(dict(did), ensure_ascii=False) if did else "",
            microseconds=took // timedelta(microseconds=1),
        )
    )


def standings(connection: Connection) -> list[Standing]:
    """Return how every job stands, by name."""
    rows = connection.execute(
        select(job.c.name, job.c.due_at, job.c.runner, job.c.lease_until, job.c.succeeded_at).order_by(job.c.name)
    )
    return [Standing(*row, None) for row in rows]


def history(connection: Connection, name: str, limit: int) -> list[Run]:
    """Return up to *limit* runs of the job, the youngest first."""
    rows = connection.execute(select(job_run).where(job_run.c.job == name).order_by(job_run.c.id.desc()).limit(limit))
    return [_run(row) for row in rows]


def forget(connection: Connection, before: datetime) -> int:
    """Forget the runs that began before *before*; return how many."""
    return connection.execute(delete(job_run).where(job_run.c.started_at < before)).rowcount


def _run(row: Row[Any]) -> Run:
    return Run(
        job=row.job,
        runner=row.runner,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        did=json.loads(row.did) if row.did else {},
        took=None if row.microseconds is None else timedelta(microseconds=row.microseconds),
    )

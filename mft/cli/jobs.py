"""``mft jobs``: what is done by the clock, when each was done last and what it did, and doing one now."""

from typing import Any

import click

from mft.app.chores import chores
from mft.cli import exits
from mft.cli.desk import Desk, operates
from mft.cli.progress import working
from mft.cli.show import Answer, Record, Rows
from mft.jobs.schedule import Job
from mft.model.errors import NotFound
from mft.model.job import Outcome, Run, Standing
from mft.model.staff import Act
from mft.settings.quantities import write_span


@click.group("jobs")
def jobs_command() -> None:
    """Scheduled work: when it is due, what it did, and doing it now."""


@jobs_command.command("list")
@operates(Act.SEE_JOBS)
def listing(desk: Desk) -> Answer:
    """List the jobs: how often, when each is due, how it went last, who runs it now."""
    standings = desk.house.runs.standings()
    rows = [_row(job, standings.get(job.name)) for job in chores(desk.house) if job.alone]
    return Rows(("name", "every", "due_at", "last_run", "outcome", "took", "did", "running"), rows)


@jobs_command.command("run")
@click.argument("name")
@operates(Act.RUN_JOBS)
def run(desk: Desk, name: str) -> Answer:
    """Do what is due of the job NAME now, unless it is being run; the exit code is that of its failure."""
    job = _named(desk, name)
    with working(f"running {name}"):
        ran = desk.house.runs.run_now(desk.actor, name, job.every, job.run)
    ran.demand()
    code = exits.OK if ran.outcome is Outcome.DONE else exits.PARTIAL
    return Record({"name": name, "outcome": ran.outcome, "took": ran.took.total_seconds(), "did": ran.did}, code)


@jobs_command.command("history")
@click.argument("name")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Runs to show.")
@operates(Act.SEE_JOBS)
def history(desk: Desk, name: str, limit: int) -> Answer:
    """List what the job NAME did in the last 90 days, the youngest run first."""
    rows = [_run_row(one) for one in desk.house.runs.history(_named(desk, name).name, limit)]
    columns = ("started_at", "outcome", "took", "did", "runner")
    return Rows(columns, rows, nothing=f"{name} was never run.")


def _named(desk: Desk, name: str) -> Job:
    found = next((job for job in chores(desk.house) if job.alone and job.name == name), None)
    if found is None:
        raise NotFound(f"there is no job {name}; see mft jobs list")
    return found


def _row(job: Job, standing: Standing | None) -> dict[str, Any]:
    last = None if standing is None else standing.last
    return {
        "name": job.name,
        "every": write_span(job.every),
        "every_seconds": job.every.total_seconds(),
        "due_at": None if standing is None else standing.due_at,
        "last_run": None if last is None else last.started_at,
        "outcome": None if last is None else last.outcome,
        "took": None if last is None else _seconds(last),
        "did": {} if last is None else last.did,
        "succeeded_at": None if standing is None else standing.succeeded_at,
        "running": None if standing is None else standing.runner,
    }


def _run_row(one: Run) -> dict[str, Any]:
    return {
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "outcome": one.outcome,
        "took": _seconds(one),
        "did": one.did,
        "runner": one.runner,
    }


def _seconds(one: Run) -> float | None:
    return None if one.took is None else one.took.total_seconds()

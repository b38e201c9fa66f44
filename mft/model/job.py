"""Scheduled work: one time it ran, how that ended, and when it is due again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    STOPPED = "stopped"  # Its process went down, or it was asked to end before it was through.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stopped:
    """What work returns that was asked to end before it was through."""

    did: object


@dataclass(frozen=True, slots=True)
class Run:
    """One time a job ran."""

    job: str
    runner: str
    """Node, door and process: ``main:jobs:4711``."""
    started_at: datetime
    ended_at: datetime | None
    """None while it runs, or if its process went down and nobody noticed yet."""
    outcome: Outcome | None
    did: Mapping[str, int | str]
    """What it did, as counts; of a failure the error's class and a reference to the log, never its text."""
    took: timedelta | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a job stands."""

    name: str
    due_at: datetime
    runner: str | None
    """Who runs it now."""
    lease_until: datetime | None
    succeeded_at: datetime | None
    """When a run was last done to its end."""
    last: Run | None

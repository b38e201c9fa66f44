"""Scheduled work, one runner at a time: who may run a job now, when it is due again, and what each run did.

A lease ends by itself two minutes after its runner was last heard of; no clock but the nodes' own is
asked, and those must agree within a minute.  Nothing here knows what a job does, how often it looks
at the clock is the door's, and work that lost its lease goes on: every job may run beside itself.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Thread
from typing import Final

from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.errors import Conflict, MftError
from mft.model.event import Action, Event
from mft.model.ids import Reference, new_reference
from mft.model.job import Outcome, Run, Standing, Stopped
from mft.model.session import Actor, Door
from mft.store import jobs
from mft.store.engine import Store

LEASE: Final = timedelta(minutes=2)
"""How long a runner that is not heard of any more keeps others from a job."""
BEAT: Final = timedelta(seconds=30)
"""How often a runner is heard of."""
KEPT: Final = timedelta(days=90)
"""How long it is known what a run did."""
_WORDS: Final = 200
"""Characters of a word that are kept of what a run did."""

Work = Callable[[], object]
"""Does all that is due now; returns what it did: a number, a mapping or a value of a few fields."""


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody who asks for work is told."""

    due: tuple[str, ...]
    """Jobs that wait for a runner, in the order they were asked for."""
    succeeded: Mapping[str, datetime]
    """When each job was last done to its end, wherever that was."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run, as its runner sees it."""

    job: str
    outcome: Outcome
    did: Mapping[str, int | str]
    took: timedelta
    error: Exception | None = None
    """Why it failed: for the log, under ``reference``; the row holds no word of it."""
    reference: Reference | None = None

    def demand(self) -> None:
        """Raise what it failed with, if it failed."""
        if self.error is not None:
            raise self.error


@dataclass(frozen=True, slots=True)
class _Taken:
    """A job under this runner's lease."""

    job: str
    every: timedelta
    runner: str
    number: int


class Runs:
    """The runs of every job, on every node."""

    def __init__(self, store: Store, trail: Trail, clock: Clock, node: str, beat: timedelta = BEAT) -> None:
        """Keep the parts; *beat* is how often a run renews its lease."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._node = node
        self._beat = beat

    def settle(self) -> tuple[str, ...]:
        """At a server's start: end the leases of this node's former server, and return which jobs it left."""
        with self._store.write() as connection:
            now = self._clock.now()
            left = [one for one in jobs.standings(connection) if self._is_servers(one.runner)]
            for one in left:
                jobs.give_back(connection, one.name, one.runner or "", min(one.due_at, now), None)
                jobs.stop(connection, one.name, now)
        return tuple(one.name for one in left)

    def look(self, everies: Mapping[str, timedelta]) -> Look:
        """Return which of the jobs, given with how often each is to run, wait for a runner now.

        What a clock that went wrong put further off than a job's own interval is drawn near.
        """
        with self._store.read() as connection:
            known = {one.name: one for one in jobs.standings(connection)}
        now = self._clock.now()
        astray = [one for one in known.values() if one.name in everies and _is_astray(one, everies[one.name], now)]
        if astray:
            with self._store.write() as connection:
                for one in astray:
                    jobs.draw_near(connection, one.name, now + everies[one.name], now + LEASE)
        return Look(
            tuple(name for name in everies if _waits(known.get(name), now)),
            {name: one.succeeded_at for name, one in known.items() if one.succeeded_at is not None},
        )

    def run_due(self, name: str, every: timedelta, work: Work) -> Ran | None:
        """Run the job if it is due and nobody runs it, else return None.  Raises Unavailable."""
        with self._store.write() as connection:
            now = self._clock.now()
            runner = self._runner(Door.JOBS)
            jobs.ensure(connection, name, now)
            if not jobs.take(connection, name, runner, now, until=now + LEASE):
                return None
            taken = _Taken(name, every, runner, jobs.begin(connection, name, runner, now))
        return self._attempt(taken, work)

    def run_now(self, actor: Actor, name: str, every: timedelta, work: Work) -> Ran:
        """Run the job in *actor*'s name, due or not.  Raises Conflict while somebody else runs it."""
        with self._store.write() as connection:
            now = self._clock.now()
            runner = self._runner(actor.door)
            jobs.ensure(connection, name, now)
            if not jobs.take(connection, name, runner, now, until=now + LEASE, whether_due_or_not=True):
                raise Conflict(_busy(jobs.history(connection, name, 1), name))
            taken = _Taken(name, every, runner, jobs.begin(connection, name, runner, now))
            self._trail.record(connection, Event(Action.JOB_RUN, actor, name), now)
        return self._attempt(taken, work)

    def run_here(self, name: str, work: Work) -> Ran:
        """Do what every process does for itself: without lease or row."""
        return self._timed(name, work)

    def standings(self) -> dict[str, Standing]:
        """Return how each job stands that ever ran, with its last run; no runner whose lease has ended."""
        now = self._clock.now()
        with self._store.read() as connection:
            found = jobs.standings(connection)
            lasts = {one.name: jobs.history(connection, one.name, 1) for one in found}
        return {
            one.name: replace(
                one,
                runner=one.runner if _is_leased(one, now) else None,
                last=lasts[one.name][0] if lasts[one.name] else None,
            )
            for one in found
        }

    def history(self, name: str, limit: int = 50) -> list[Run]:
        """Return up to *limit* runs of the job, the youngest first."""
        with self._store.read() as connection:
            return jobs.history(connection, name, limit)

    def tidy(self) -> int:
        """Forget what is known of runs longer ago than ``KEPT``; return how many that were."""
        with self._store.write() as connection:
            return jobs.forget(connection, self._clock.now() - KEPT)

    def _attempt(self, taken: _Taken, work: Work) -> Ran:
        """Run under the lease; whatever happens, its end is written down and the job comes again."""
        began = self._clock.elapsed()
        ran = Ran(taken.job, Outcome.STOPPED, {}, timedelta())
        try:
            with self._heard_of(taken):
                ran = self._timed(taken.job, work)
        finally:
            ran = replace(ran, took=self._clock.elapsed() - began)
            self._finish(taken, ran)
        return ran

    def _timed(self, name: str, work: Work) -> Ran:
        began = self._clock.elapsed()
        try:
            done = work()
        except Exception as error:  # noqa: BLE001  (the door logs it; a defect in one job must not stop the others)
            took, reference = self._clock.elapsed() - began, new_reference()
            did = {"error": type(error).__name__, "reference": reference}
            return Ran(name, Outcome.FAILED, did, took, error, reference)
        outcome = Outcome.STOPPED if isinstance(done, Stopped) else Outcome.DONE
        return Ran(name, outcome, _told(done), self._clock.elapsed() - began)

    def _finish(self, taken: _Taken, ran: Ran) -> None:
        with self._store.write() as connection:
            now = self._clock.now()
            jobs.end(connection, taken.number, now, ran.outcome, ran.did, ran.took)
            succeeded = now if ran.outcome is Outcome.DONE else None
            jobs.give_back(connection, taken.job, taken.runner, now + taken.every, succeeded)

    @contextmanager
    def _heard_of(self, taken: _Taken) -> Iterator[None]:
        """Renew the lease while the block runs, from a thread of its own: the work knows nothing of it."""
        over = Signal()
        heart = Thread(target=self._keep_beating, args=(taken, over), name=f"lease {taken.job}", daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()

    def _keep_beating(self, taken: _Taken, over: Signal) -> None:
        while not over.wait(self._beat.total_seconds()):
            # A database that does not answer now may do so at the next beat; else the lease ends by itself.
            with suppress(MftError):
                if not self._renew(taken):
                    return

    def _renew(self, taken: _Taken) -> bool:
        with self._store.write() as connection:
            return jobs.renew(connection, taken.job, taken.runner, self._clock.now() + LEASE)

    def _runner(self, door: Door) -> str:
        return f"{self._node}:{door}:{os.getpid()}"

    def _is_servers(self, runner: str | None) -> bool:
        return runner is not None and runner.rpartition(":")[0] == f"{self._node}:{Door.JOBS}"


def _waits(one: Standing | None, now: datetime) -> bool:
    return one is None or (one.due_at <= now and not _is_leased(one, now))


def _is_leased(one: Standing, now: datetime) -> bool:
    return one.runner is not None and one.lease_until is not None and one.lease_until > now


def _is_astray(one: Standing, every: timedelta, now: datetime) -> bool:
    return one.due_at > now + every or (one.lease_until is not None and one.lease_until > now + LEASE)


def _busy(last: list[Run], name: str) -> str:
    since = f" by {last[0].runner} since {last[0].started_at:%Y-%m-%d %H:%M:%S} UTC" if last else ""
    return f"{name} is being run{since}; see mft jobs list, and wait until it is through"


def _told(done: object) -> dict[str, int | str]:
    """Return what a run did in counts and words; what is nothing is left out."""
    match done:
        case Stopped(did):
            return _told(did)
        case Mapping():
            found = dict(done)
        case _ if is_dataclass(done) and not isinstance(done, type):
            found = {each.name: getattr(done, each.name) for each in fields(done)}
        case _:
            found = {"done": done}
    return {str(name): _plain(value) for name, value in found.items() if value}


def _plain(value: object) -> int | str:
    if isinstance(value, int | str):
        return value if isinstance(value, int) else value[:_WORDS]
    return len(value) if isinstance(value, list | tuple | set | frozenset | Mapping) else str(value)[:_WORDS]

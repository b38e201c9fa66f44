"""Keeps removing from what looks like a mistake: too much at once, or a clock that jumped.

What halts it is a row, so that every process and a restart sees it.  Too much at once falls away when
the count does.  A halt for the clock is lifted by the process that put it, once it sees the clock back;
otherwise it stands until somebody releases a plan.  Nothing is decided here about what is due, and
nothing that is over is ever served: the breaker only keeps it from being destroyed.
"""

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from mft.audit.lines import UNREADABLE
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.logs.metrics import RETENTION_HALTED
from mft.model.event import Action, DetailValue, Event
from mft.model.letter import Letter
from mft.policy.breaker import (
    BreakerRules,
    Cause,
    Halt,
    clock_ahead,
    clock_behind,
    clock_jumped,
    too_many_accounts,
    too_many_files,
)
from mft.policy.trail import event_in, moment_in, moment_text
from mft.store import events, halts
from mft.store.engine import Connection, Store
from mft.store.events import Line, Wanted
from mft.store.outbox import queue
from mft.store.types import EPOCH
from mft.vfs.ending import RETENTION

LETTER: Final = "retention-halted"
"""The letter to operators; its words: cause, why, node, since."""

_KNOWN: Final = "newest"
"""The word in the detail of a release, and of a clock's return, under which the trail's newest moment stands."""

_REMEMBERED: Final = 1000
"""How many releases and returns are looked through for an explanation, the newest first."""


class Breaker:
    """One a process, built when the process begins: the clock is judged against that moment."""

    def __init__(
        self, store: Store, trail: Trail, clock: Clock, rules: BreakerRules, node: str, alarms: tuple[str, ...] = ()
    ) -> None:
        """Keep the parts; *alarms* are the operators' mail addresses."""
        self.rules = rules
        self._store = store
        self._trail = trail
        self._clock = clock
        self._node = node
        self._alarms = alarms
        self._skew = clock.now() - EPOCH - clock.elapsed()
        self._looking = Lock()
        self._looked = False
        self._in_doubt = False
        self._newest: datetime | None = None
        # How far off the clock was when its halt was last seen standing; None while the clock is right.
        self._noted: timedelta | None = None
        # When this process put the clock's halt; None if it stands by another's word, or not at all.
        self._put_at: datetime | None = None

    def begin(self) -> None:
        """Judge the clock when a server starts, before it writes a line of its own.  Raises Unavailable.

        What halts here nobody lifts but by a release: no later look can tell that the clock was right.
        """
        with self._store.write() as connection:
            now = self._clock.now()
            halt = clock_ahead(now, events.newest_at(connection), self.rules)
            if halt is not None:
                self._note(connection, halt, now)

    def look(self) -> None:
        """Judge the clock, once in each pass, before anything is removed.  Raises Unavailable."""
        with self._looking:  # Several jobs of a process look; what one of them notes, it also has to lift.
            self._look()

    def trusts_clock(self) -> bool:
        """Look, and return whether the clock is right for all that is known.

        For work that removes nothing, but notes by the clock what cannot be taken back: letters, ends of requests.
        """
        self.look()
        return not self._in_doubt

    def steady(self) -> bool:
        """Return whether the clock has not jumped since the last look: asked between pages, costs nothing."""
        return self._noted is not None or clock_jumped(self._drift(), self.rules) is None

    def permits_files(self, connection: Connection, due: int, there: int) -> bool:
        """Return whether *due* of *there* files may go, in a write transaction; note or lift the halt.

        Files that a released plan names count as neither.  *there* matters only where *due* is above the
        number that the rules name.
        """
        return self._permits(connection, Cause.FILES, too_many_files(due, there, self.rules))

    def permits_accounts(self, connection: Connection, due: int) -> bool:
        """Return whether *due* accounts may be purged, in a write transaction; note or lift the halt."""
        return self._permits(connection, Cause.ACCOUNTS, too_many_accounts(due, self.rules))

    def _look(self) -> None:
        with self._store.read() as connection:
            if not self._looked:
                self._newest = _unexplained(connection)
            standing = halts.standing(connection)
        self._looked = True
        self._judge_clock(stands=Cause.CLOCK in standing)
        with self._store.read() as connection:
            standing = halts.standing(connection)
        self._in_doubt = Cause.CLOCK in standing
        for cause in Cause:
            RETENTION_HALTED.labels(cause.value).set(cause in standing)

    def _permits(self, connection: Connection, cause: Cause, halt: Halt | None) -> bool:
        if halt is not None:
            self._note(connection, halt, self._clock.now())
        elif halts.lift(connection, cause):
            self._record(connection, Action.RETENTION_RESUMED, cause, {})
        RETENTION_HALTED.labels(cause.value).set(halt is not None)
        return halt is None and Cause.CLOCK not in halts.standing(connection)

    def _judge_clock(self, *, stands: bool) -> None:
        halt = self._clock_halt()
        if halt is not None and self._noted is not None and not stands:
            # Somebody released it, and so said that the clock is right as it was then.
            self._skew += self._noted
            self._newest, self._noted, self._put_at = None, None, None
            halt = self._clock_halt()
        if halt is None:
            self._lift_own()
            return
        if not stands:
            with self._store.write() as connection:
                now = self._clock.now()
                self._put_at = now if self._note(connection, halt, now) else None
        self._noted = self._drift()

    def _clock_halt(self) -> Halt | None:
        return clock_jumped(self._drift(), self.rules) or clock_behind(self._clock.now(), self._newest)

    def _drift(self) -> timedelta:
        return self._clock.now() - EPOCH - self._clock.elapsed() - self._skew

    def _lift_own(self) -> None:
        """Lift the clock's halt if this process put it: nobody else knows what the clock came back from."""
        if self._put_at is not None:
            with self._store.write() as connection:
                if halts.lift(connection, Cause.CLOCK, self._put_at):
                    self._record(connection, Action.RETENTION_RESUMED, Cause.CLOCK, explanation(connection))
        self._noted, self._put_at = None, None

    def _note(self, connection: Connection, halt: Halt, at: datetime) -> bool:
        if not halts.put(connection, halt, at):
            return False
        self._record(connection, Action.RETENTION_HALTED, halt.cause, {"why": halt.why})
        words = {"cause": halt.cause.value, "why": halt.why, "node": self._node, "since": at.isoformat()}
        for address in self._alarms:
            queue(connection, Letter(LETTER, address, words), at)
        return True

    def _record(self, connection: Connection, action: Action, cause: Cause, detail: dict[str, DetailValue]) -> None:
        self._trail.record(connection, Event(action, RETENTION, cause.value, detail), self._clock.now())


def explanation(connection: Connection) -> dict[str, DetailValue]:
    """Return the detail by which an event says that lines up to the trail's newest moment are explained.

    Lines that were written while the clock was wrong would else halt every later start: whoever
    releases a plan, or sees the clock come back, has seen them.
    """
    newest = events.newest_at(connection)
    return {} if newest is None else {_KNOWN: moment_text(newest)}


def _unexplained(connection: Connection) -> datetime | None:
    """Return the trail's newest moment, or None if a release or a return of the clock explains it."""
    newest = events.newest_at(connection)
    if newest is None:
        return None
    lines = [
        line
        for action in (Action.RETENTION_RELEASED, Action.RETENTION_RESUMED)
        for line in events.find(connection, Wanted(action=action.value), _REMEMBERED)
    ]
    return None if any(newest <= known for known in map(_known, lines) if known is not None) else newest


def _known(line: Line) -> datetime | None:
    """Return the moment that *line* explains; None where it explains none, or was tampered with."""
    try:
        said = event_in(line.body)[3].detail.get(_KNOWN)
        return None if said is None else moment_in(str(said))
    except UNREADABLE:
        return None

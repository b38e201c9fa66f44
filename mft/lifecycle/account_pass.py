"""The account pass: warns of disuse, notes who was not answered for, and purges what went unused (fact 0.15).

It decides nothing that a sign-on turns on: from its 120 days on an account is refused whether or not a
pass came by.  Each page is a transaction of its own and everything in it is looked at again there, so
that a pass may be killed, repeated and run by several processes at once.  While the breaker stops it,
only accounts that a released plan names are purged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mft.accounts.purging import purge
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.lifecycle.account_letters import farewell, suspensions, warnings
from mft.model.account import Account, AccountState
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import AccountId
from mft.model.session import Actor, Door
from mft.policy.breaker import Cause
from mft.policy.dormancy import WARN_DAYS, days_left, purge_at, warn_days, warning_due
from mft.policy.signon import Terms
from mft.retention.breaker import Breaker
from mft.store import accounts, halts, notices, organizations, outbox, releases
from mft.store.engine import Connection, Store

CALENDAR: Final = Actor(Door.JOBS, "accounts")
"""Who it was when nobody did it but the calendar."""
UNUSED: Final = "unused"
"""Why the calendar purges."""

_PAGE: Final = 50
_AHEAD: Final = timedelta(days=max(WARN_DAYS))


@dataclass(frozen=True, slots=True)
class Passed:
    """What one pass did."""

    warned: int
    """Accounts of whose purge somebody was told."""
    suspended: int
    """Accounts that are refused since nobody answered for them, noted for the first time."""
    purged: int


class AccountPass:
    """Run now and then; how often changes nothing about who may sign on."""

    def __init__(self, store: Store, trail: Trail, clock: Clock, terms: Terms, breaker: Breaker) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._terms = terms
        self._breaker = breaker

    def run(self) -> Passed:
        """Warn, note and purge everything that is due now.  Raises Unavailable."""
        self._breaker.look()
        moment = self._clock.now()  # Of the clock that was looked at: before, it may have been another.
        if self._clock_in_doubt():
            # A letter sent by a wrong clock cannot be called back, and would keep the right one from being sent.
            warned = suspended = 0
        else:
            warned = sum(self._warn(page) for page in self._ending(moment))
            suspended = self._note_suspended()
        purged = self._purge_released() + self._purge_due(moment)
        if purged:
            self._store.scrub()  # What was destroyed in the database is still in its log.
        return Passed(warned, suspended, purged)

    def run_released(self) -> int:
        """Purge what released plans name and nothing else; return how many that were.  Raises Unavailable."""
        purged = self._purge_released()
        if purged:
            self._store.scrub()
        return purged

    def _clock_in_doubt(self) -> bool:
        with self._store.read() as connection:
            return Cause.CLOCK in halts.standing(connection)

    def _ending(self, moment: datetime) -> Iterator[list[AccountId]]:
        """Yield, page by page, the accounts of whose purge somebody is to be told now."""
        last: AccountId | None = None
        while True:
            with self._store.read() as connection:
                page = accounts.ending(connection, moment, _AHEAD, self._terms, last, _PAGE)
                to_warn = [one.id for one in page if self._warning(connection, one, moment) is not None]
            if to_warn:
                yield to_warn
            if len(page) < _PAGE:
                return
            last = page[-1].id

    def _warning(self, connection: Connection, account: Account, now: datetime) -> int | None:
        ends_at = purge_at(account, self._terms)
        # A notice that something has ended is none of these warnings.
        told = notices.told(connection, account.id, ends_at) - {notices.ENDED}
        return warning_due(ends_at, told, now, warn_days(self._terms.disuse(account.purpose)))

    def _warn(self, page: list[AccountId]) -> int:
        with self._store.write() as connection:
            return sum(self._warn_one(connection, one) for one in page)

    def _warn_one(self, connection: Connection, which: AccountId) -> bool:
        now = self._clock.now()
        account = accounts.by_id(connection, which)
        if account is None or account.state is AccountState.PURGED:
            return False
        days = self._warning(connection, account, now)
        if days is None:
            return False
        ends_at = purge_at(account, self._terms)
        organization = organizations.by_id(connection, account.organization)
        letters = warnings(account, organization, ends_at, days_left(ends_at, now))
        for letter in letters:
            outbox.queue(connection, letter, now)
        notices.tell(connection, account.id, ends_at, days, now)
        detail: dict[str, DetailValue] = {"days": days, "ends_at": ends_at.isoformat(), "letters": len(letters)}
        self._trail.record(connection, Event(Action.ACCOUNT_WARNED, CALENDAR, account.name, detail), now)
        return True

    def _note_suspended(self) -> int:
        done = 0
        while True:
            with self._store.read() as connection:
                if not accounts.unanswered_for(connection, self._clock.now(), 1):
                    return done
            with self._store.write() as connection:
                now = self._clock.now()
                page = accounts.unanswered_for(connection, now, _PAGE)
                for account in page:
                    self._note_one(connection, account, now)
            done += len(page)

    def _note_one(self, connection: Connection, account: Account, now: datetime) -> None:
        since = account.recertify_by or now
        organization = organizations.by_id(connection, account.organization)
        for letter in suspensions(account, organization, since):
            outbox.queue(connection, letter, now)
        notices.tell(connection, account.id, since, notices.ENDED, now)
        detail: dict[str, DetailValue] = {"since": since.isoformat(), "organization": organization.name}
        self._trail.record(connection, Event(Action.ACCOUNT_SUSPENDED, CALENDAR, account.name, detail), now)

    def _purge_released(self) -> int:
        """Purge what a released plan names, though purging stands still, if it is still due; strike it either way."""
        done = 0
        while True:
            with self._store.write() as connection:
                page = releases.page(connection, releases.ACCOUNT, _PAGE)
                for one in page:
                    account = accounts.by_id(connection, AccountId(one.victim))
                    moment = min(one.moment, self._clock.now())
                    done += account is not None and self._purge_one(connection, account, moment)
                releases.strike_all(connection, releases.ACCOUNT, [one.victim for one in page])
            if not page:
                return done

    def _purge_due(self, moment: datetime) -> int:
        """Purge what was due at *moment*, unless the breaker stops it."""
        with self._store.write() as connection:
            if not self._breaker.permits_accounts(connection, accounts.count_due(connection, moment, self._terms)):
                return 0
        done = 0
        while self._breaker.steady():
            with self._store.write() as connection:
                page = accounts.due(connection, moment, self._terms, _PAGE)
                done += sum(self._purge_one(connection, account, moment) for account in page)
            if not page:
                break
        return done

    def _purge_one(self, connection: Connection, account: Account, moment: datetime) -> bool:
        now = self._clock.now()
        unused_before = moment - self._terms.disuse(account.purpose)
        if not purge(connection, self._trail, CALENDAR, account, UNUSED, now, unused_before=unused_before):
            return False
        letter = farewell(account, organizations.by_id(connection, account.organization), now)
        if letter is not None:
            outbox.queue(connection, letter, now)
        return True

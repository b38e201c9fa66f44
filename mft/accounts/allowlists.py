"""Allowlists: adding, approving and taking off the addresses an account may sign on from (facts 0.7, 0.10, 0.17).

What may be listed, and what waits for a second person, is judged by mft.policy.allowlist.  An address
is added to a list, never put in the place of another; removing one ends the sessions it admitted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from mft.accounts.records import checked_remark, known_account
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.account import Account, AccountState, AllowlistEntry
from mft.model.errors import Conflict, Forbidden, Invalid, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import AllowlistEntryId, new_id
from mft.model.network import AddressRange
from mft.model.session import Actor
from mft.policy.allowlist import AllowlistRules, NeedsApproval, Unfit, judge
from mft.policy.trail import event_in
from mft.store import allowlist, events
from mft.store.engine import Store
from mft.store.events import Wanted

_INSTANT: Final = timedelta(microseconds=1)
_AT_ONCE: Final = 1000
"""More entries than one request can ask for at the same moment."""


@dataclass(frozen=True, slots=True)
class NewAddress:
    """An address, a block or a range that somebody wants listed, as typed."""

    text: str
    reason: str = ""
    until: datetime | None = None
    """None for no end."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as it was added, and why it still waits if it does."""

    entry: AllowlistEntry
    waits_because: str | None


class Allowlists:
    """The lists of all accounts."""

    def __init__(
        self, store: Store, trail: Trail, clock: Clock, rules: AllowlistRules, trial: tuple[AddressRange, ...]
    ) -> None:
        """Keep the parts.  The networks in *trial* count as public."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._rules = rules
        self._trial = trial

    def add(self, actor: Actor, name: str, address: NewAddress) -> Listed:
        """Add to the list of the account *name*.  Raises NotFound, Invalid, Conflict."""
        with self._store.write() as connection:
            account = known_account(connection, name)
            return self.put(connection, actor, account, address, self._clock.now())

    def put(self, connection: Connection, actor: Actor, account: Account, address: NewAddress, at: datetime) -> Listed:
        """Do what ``add`` does within the caller's transaction."""
        addresses = AddressRange.parse(address.text)
        if account.state is AccountState.PURGED:
            raise Conflict(f"{account.name} was purged; ask for a new account")
        if address.until is not None and address.until <= at:
            raise Invalid(f"{address.until:%Y-%m-%d %H:%M UTC} is over already; give an end in the future, or none")
        total = self._make_room(connection, account, addresses, at)
        judgement = judge(addresses, total, self._rules, self._trial)
        if isinstance(judgement, Unfit):
            raise Invalid(judgement.why)
        waits = judgement.why if isinstance(judgement, NeedsApproval) else None
        entry = AllowlistEntry(
            id=AllowlistEntryId(new_id("ip")),
            addresses=addresses,
            added_by=actor.name,
            added_at=at,
            reason=checked_remark(address.reason),
            until=address.until,
            approved_by=None if waits else actor.name,
            last_seen_at=None,
        )
        allowlist.add(connection, account.id, entry)
        action = Action.ADDRESS_PROPOSED if waits else Action.ADDRESS_ADDED
        self._record(connection, action, actor, account.name, entry, at)
        return Listed(entry, waits)

    def approve(self, actor: Actor, entry: AllowlistEntryId) -> AllowlistEntry:
        """Let a waiting entry stand.  Raises NotFound, Conflict, or Forbidden to the person who added it."""
        now = self._clock.now()
        with self._store.write() as connection:
            name, waiting = self._found(connection, entry)
            if waiting.approved_by is not None:
                raise Conflict(f"{entry} was approved by {waiting.approved_by} already")
            judgement = judge(waiting.addresses, 0, self._rules, self._trial)
            if isinstance(judgement, Unfit):
                raise Invalid(judgement.why)
            # The statement itself refuses the adder's name, so that no path around this check approves.
            if self._same_person(connection, actor, waiting) or not allowlist.approve(
                connection, entry, actor.name, now
            ):
                raise Forbidden(
                    f"{entry} was added by {waiting.added_by}; another person, signed on to this machine "
                    "as another user, has to approve it"
                )
            self._record(connection, Action.ADDRESS_APPROVED, actor, name, waiting, now)
            return self._found(connection, entry)[1]

    def remove(self, actor: Actor, name: str, which: str) -> AllowlistEntry:
        """Take *which*, an entry's id or its addresses as written, off the list of *name*.  Raises NotFound."""
        now = self._clock.now()
        with self._store.write() as connection:
            account = known_account(connection, name)
            entry = _pick(allowlist.of_account(connection, account.id), which)
            if entry is None or not allowlist.remove(connection, entry.id):
                raise NotFound(f"{which} is not on the list of {name}; see mft allow list {name}")
            self._record(connection, Action.ADDRESS_REMOVED, actor, name, entry, now)
            return entry

    def listing(self, name: str) -> list[AllowlistEntry]:
        """Return the list of the account *name*, oldest entry first.  Raises NotFound."""
        with self._store.read() as connection:
            return allowlist.of_account(connection, known_account(connection, name).id)

    def waiting(self) -> list[tuple[str, AllowlistEntry]]:
        """Return the entries that wait for approval, each with its account's name."""
        with self._store.read() as connection:
            return allowlist.waiting(connection)

    def _same_person(self, connection: Connection, actor: Actor, waiting: AllowlistEntry) -> bool:
        """Return whether the approver is, by name or by the system's user, who added the entry.

        A name can be said (--as), so that alone it proves nothing.  On trial, where one person tries
        everything out as one user, it has to do.
        """
        adder = {waiting.added_by.casefold()}
        approver = {actor.name.casefold()}
        if not self._trial:
            adder.add(self._user_who_added(connection, waiting).casefold())
            approver.add(actor.user.casefold())
        return bool((adder & approver) - {""})

    @staticmethod
    def _user_who_added(connection: Connection, entry: AllowlistEntry) -> str:
        """Return the system's user who asked for *entry*, as the trail tells; empty if it was the name's own."""
        wanted = Wanted(action=Action.ADDRESS_PROPOSED, since=entry.added_at, until=entry.added_at + _INSTANT)
        found = (event_in(line.body)[3] for line in events.find(connection, wanted, _AT_ONCE))
        # By its own field: whoever asks for another entry may name this one in the reason given for it.
        return next((event.actor.user for event in found if event.detail.get("entry") == entry.id), "")

    @staticmethod
    def _make_room(connection: Connection, account: Account, addresses: AddressRange, at: datetime) -> int:
        """Return how many addresses the list admits, without an entry of the same addresses that has ended.

        What waits admits nobody and is looked at by another person anyway.
        """
        total = 0
        for entry in allowlist.of_account(connection, account.id):
            ended = entry.until is not None and entry.until <= at
            if entry.addresses == addresses and not ended:
                raise Conflict(f"{addresses} is on the list of {account.name} already ({entry.id})")
            if entry.addresses == addresses:
                allowlist.remove(connection, entry.id)
            elif entry.stands(at):
                total += entry.addresses.size
        return total

    @staticmethod
    def _found(connection: Connection, entry: AllowlistEntryId) -> tuple[str, AllowlistEntry]:
        found = allowlist.by_id(connection, entry)
        if found is None:
            raise NotFound(f"there is no allowlist entry {entry}")
        return found

    def _record(
        self, connection: Connection, action: Action, actor: Actor, name: str, entry: AllowlistEntry, at: datetime
    ) -> None:
        detail: dict[str, DetailValue] = {
            "entry": entry.id,
            "addresses": str(entry.addresses),
            "reason": entry.reason,
            "until": entry.until.isoformat() if entry.until else None,
            "added_by": entry.added_by,
        }
        self._trail.record(connection, Event(action, actor, name, detail), at)


def _pick(entries: list[AllowlistEntry], which: str) -> AllowlistEntry | None:
    for entry in entries:
        if entry.id == which:
            return entry
    try:
        addresses = AddressRange.parse(which)
    except Invalid:
        return None
    return next((entry for entry in entries if entry.addresses == addresses), None)

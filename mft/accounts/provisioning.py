"""Organizations and accounts: adding, showing, enabling, disabling, unlocking.

Each act is one transaction that also writes its line in the trail.  Whether somebody may sign on is
not decided here; a disabled account is refused, and its live sessions end, because
``mft.policy.signon.decide`` reads what was changed here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from mft.accounts.allowlists import Allowlists, NewAddress
from mft.accounts.credentials import Credentials
from mft.accounts.external_ids import put_external_id
from mft.accounts.records import checked_remark, known_account, known_organization
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.account import (
    Account,
    AccountState,
    Method,
    Organization,
    OrganizationKind,
    Purpose,
    checked_account_name,
    checked_email,
    checked_organization_name,
)
from mft.model.errors import Conflict, Exhausted, Invalid
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import AccountId, OrganizationId, new_id
from mft.model.session import Actor
from mft.policy.seats import seats_taken
from mft.store import accounts, organizations, sessions, slowdowns
from mft.store.engine import Store
from mft.vfs.folders import make_home

_MOST_SEATS: Final = 1_000_000


class Organizations:
    """Delegate agencies, trading partners, provider groups and payers."""

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock

    def add(self, actor: Actor, name: str, title: str, kind: OrganizationKind) -> Organization:
        """Add an organization and make its folders.  Raises Invalid, Conflict."""
        now = self._clock.now()
        organization = Organization(
            id=OrganizationId(new_id("org")),
            name=checked_organization_name(name),
            title=checked_remark(title) or name,
            kind=kind,
            enabled=True,
            created_at=now,
            created_by=actor.name,
            quota_bytes=None,
            quota_files=None,
        )
        with self._store.write() as connection:
            organizations.add(connection, organization)
            make_home(connection, organization, actor.name, now)
            detail: dict[str, DetailValue] = {"title": organization.title, "kind": kind.value}
            self._trail.record(connection, Event(Action.ORGANIZATION_ADDED, actor, name, detail), now)
        return organization

    def listing(self) -> list[Organization]:
        """Return every organization, by name."""
        with self._store.read() as connection:
            return organizations.listing(connection)

    def get(self, name: str) -> Organization:
        """Return the organization *name*.  Raises NotFound."""
        with self._store.read() as connection:
            return known_organization(connection, name)

    def set_enabled(self, actor: Actor, name: str, *, enabled: bool) -> None:
        """Enable or disable it; while disabled, none of its accounts is admitted.  Raises NotFound, Conflict."""
        with self._store.write() as connection:
            organization = known_organization(connection, name)
            if not organizations.set_enabled(connection, organization.id, enabled=enabled):
                raise Conflict(f"{name} is {'enabled' if enabled else 'disabled'} already")
            self._changed(connection, actor, name, {"enabled": enabled})

    def set_portal_any_address(self, actor: Actor, name: str, *, allowed: bool) -> None:
        """Say whether its people may come to the portal from any address; SFTP always heeds the lists.

        Raises NotFound.
        """
        with self._store.write() as connection:
            organization = known_organization(connection, name)
            organizations.set_portal_any_address(connection, organization.id, allowed=allowed)
            self._changed(connection, actor, name, {"portal_any_address": allowed})

    def set_quota(self, actor: Actor, name: str, octets: int | None, files: int | None) -> None:
        """Limit what its folders hold; None is unlimited.  Raises NotFound, Invalid."""
        if min(octets or 0, files or 0) < 0:
            raise Invalid("a quota is a number from 0 on, or none")
        with self._store.write() as connection:
            organization = known_organization(connection, name)
            organizations.set_quota(connection, organization.id, octets, files)
            self._changed(connection, actor, name, {"quota_bytes": octets, "quota_files": files})

    def set_seats(self, actor: Actor, name: str, seats: int | None) -> None:
        """Limit how many of its people may have an account; None is unlimited (fact 0.5).  Raises NotFound, Invalid.

        Fewer than there are takes no account away; it lets nobody further in.
        """
        if seats is not None and not 0 <= seats <= _MOST_SEATS:
            raise Invalid(f"seats are a number from 0 to {_MOST_SEATS:,}, or none")
        with self._store.write() as connection:
            organizations.set_seats(connection, known_organization(connection, name).id, seats)
            self._changed(connection, actor, name, {"seats": seats})

    def set_administrator(self, actor: Actor, name: str, email: str | None) -> None:
        """Name who answers for its people and gets mail about them; None asks nobody.  Raises NotFound, Invalid."""
        address = checked_email(email) if email is not None else None
        with self._store.write() as connection:
            organizations.set_administrator(connection, known_organization(connection, name).id, address)
            self._changed(connection, actor, name, {"administrator": address})

    def people(self, name: str) -> int:
        """Return how many seats of *name* are taken.  Raises NotFound."""
        with self._store.read() as connection:
            return organizations.people_of(connection, known_organization(connection, name).id)

    def _changed(self, connection: Connection, actor: Actor, name: str, detail: dict[str, DetailValue]) -> None:
        event = Event(Action.ORGANIZATION_CHANGED, actor, name, detail)
        self._trail.record(connection, event, self._clock.now())


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody wants an account to be, as typed."""

    name: str
    organization: str
    email: str
    allow: tuple[NewAddress, ...] = ()
    """An empty list admits nobody."""
    keys: tuple[str, ...] = ()
    """Public keys, each as the text of its file."""
    purpose: Purpose = Purpose.PERSON
    required: frozenset[Method] = frozenset()
    """Methods that must all be proven; empty means that any one will do."""
    person: str = ""
    """The full name of who it is, or of who answers for an unattended job."""
    phone: str = ""
    contact: str = ""
    """A mail address that gets the warnings instead of *email*; empty for none."""
    external_id: str = ""
    """Who they are elsewhere: the directory's user id, and what the provider's claim has to equal."""


class Accounts:
    """The accounts of all organizations."""

    def __init__(
        self, store: Store, trail: Trail, clock: Clock, allowlists: Allowlists, credentials: Credentials
    ) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._allowlists = allowlists
        self._credentials = credentials

    def add(self, actor: Actor, wanted: NewAccount) -> Account:
        """Add an account with its addresses and keys, all or nothing.

        Raises Invalid, Conflict, NotFound, and Exhausted when its organization has no seat left.
        """
        with self._store.write() as connection:
            return self.put(connection, actor, wanted, self._clock.now())

    def put(self, connection: Connection, actor: Actor, wanted: NewAccount, at: datetime) -> Account:
        """Do what ``add`` does within the caller's transaction."""
        organization = known_organization(connection, wanted.organization)
        account = _account(actor, wanted, organization, at)
        _demand_seat(connection, organization, account)
        accounts.add(connection, account)
        detail: dict[str, DetailValue] = {
            "organization": organization.name,
            "email": account.email,
            "purpose": account.purpose.value,
            "required": ",".join(sorted(account.required)),
        }
        self._trail.record(connection, Event(Action.ACCOUNT_ADDED, actor, account.name, detail), at)
        if wanted.external_id:
            account = put_external_id(connection, self._trail, actor, account, wanted.external_id, at)
        for address in wanted.allow:
            self._allowlists.put(connection, actor, account, address, at)
        for key in wanted.keys:
            self._credentials.put_key(connection, actor, account, key, "", at)
        return account

    def listing(self, organization: str | None = None) -> list[Account]:
        """Return every account, or those of one organization, by name.  Raises NotFound."""
        with self._store.read() as connection:
            within = known_organization(connection, organization).id if organization is not None else None
            return accounts.listing(connection, within)

    def get(self, name: str) -> Account:
        """Return the account *name*.  Raises NotFound."""
        with self._store.read() as connection:
            return known_account(connection, name)

    def disable(self, actor: Actor, name: str, reason: str = "") -> None:
        """Refuse every sign-on from now on; live sessions end within 60 s.  Raises NotFound, Conflict."""
        with self._store.write() as connection:
            account = self._move(connection, actor, name, AccountState.DISABLED, reason)
            sessions.request_end(connection, account.id, None, f"{actor.name}: the account was disabled")

    def enable(self, actor: Actor, name: str, reason: str = "") -> None:
        """Let a disabled account sign on again; its dormancy term is not touched.  Raises NotFound, Conflict."""
        with self._store.write() as connection:
            self._move(connection, actor, name, AccountState.ACTIVE, reason)

    def set_required(self, actor: Actor, name: str, methods: frozenset[Method]) -> None:
        """Ask for all of *methods* at each sign-on, or for any one if empty.  Raises NotFound."""
        with self._store.write() as connection:
            account = known_account(connection, name)
            accounts.set_required(connection, account.id, methods)
            detail: dict[str, DetailValue] = {"required": ",".join(sorted(methods))}
            event = Event(Action.ACCOUNT_CHANGED, actor, name, detail)
            self._trail.record(connection, event, self._clock.now())

    def unlock(self, actor: Actor, name: str) -> None:
        """Forget wrong passwords and slow-downs of *name*.  Raises NotFound."""
        with self._store.write() as connection:
            account = known_account(connection, name)
            accounts.clear_failures(connection, account.id)
            slowdowns.forget_name(connection, name)
            slowdowns.forget_name(connection, slowdowns.TRIES + name)
            event = Event(Action.ACCOUNT_UNLOCKED, actor, name, {"failures": account.failures})
            self._trail.record(connection, event, self._clock.now())

    def _move(self, connection: Connection, actor: Actor, name: str, to: AccountState, reason: str) -> Account:
        account = known_account(connection, name)
        origin, action = _MOVES[to]
        if not accounts.set_state(connection, account.id, origin, to):
            raise Conflict(f"{name} is {account.state.value}; only an account that is {origin.value} can be so changed")
        detail: dict[str, DetailValue] = {"reason": checked_remark(reason)}
        self._trail.record(connection, Event(action, actor, name, detail), self._clock.now())
        return account


_MOVES: Final = {
    AccountState.DISABLED: (AccountState.ACTIVE, Action.ACCOUNT_DISABLED),
    AccountState.ACTIVE: (AccountState.DISABLED, Action.ACCOUNT_ENABLED),
}
"""Where an operator may move an account, from where, and what the trail calls it."""


def _account(actor: Actor, wanted: NewAccount, organization: Organization, at: datetime) -> Account:
    return Account(
        id=AccountId(new_id("acc")),
        name=checked_account_name(wanted.name),
        email=checked_email(wanted.email),
        organization=organization.id,
        purpose=wanted.purpose,
        state=AccountState.ACTIVE,
        required=wanted.required,
        created_at=at,
        created_by=actor.name,
        last_signon_at=None,
        failures=0,
        person=checked_remark(wanted.person),
        phone=checked_remark(wanted.phone),
        contact=checked_email(wanted.contact) if wanted.contact else "",
    )


def _demand_seat(connection: Connection, organization: Organization, account: Account) -> None:
    if account.purpose is not Purpose.PERSON:
        return
    taken = organizations.people_of(connection, organization.id)
    why = seats_taken(organization.name, organization.seats, taken)
    if why is not None:
        raise Exhausted(why)

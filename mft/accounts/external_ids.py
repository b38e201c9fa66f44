"""Who an account is elsewhere: the user id in the directory, which the provider's claim has to equal too.

An operator says it; nobody's first sign-in does.  Whoever had been proven by the one before is not
whom the new one names, so everything that rests on it goes in the same transaction: the link to a
person of the provider, the synced directory password, how that stood, and the sessions opened by
either.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from mft.accounts.records import known_account
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.account import Account, AccountState, CredentialKind, Purpose
from mft.model.errors import Conflict, Invalid
from mft.model.event import Action, DetailValue, Event
from mft.model.session import Actor
from mft.store import accounts, credentials, identities, sessions
from mft.store.engine import Store

_LONGEST: Final = 128
_RESTING: Final = (CredentialKind.IDENTITY, CredentialKind.DIRECTORY)
"""The kinds of credential that stand on the external id."""


class ExternalIds:
    """The external ids of all accounts."""

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock

    def set(self, actor: Actor, name: str, external_id: str | None) -> Account:
        """Say who *name* is elsewhere; None or empty: nobody that is known.  Return the account as it is then.

        Raises NotFound, Invalid, Conflict.
        """
        with self._store.write() as connection:
            account = known_account(connection, name)
            return put_external_id(connection, self._trail, actor, account, external_id or "", self._clock.now())


def put_external_id(
    connection: Connection, trail: Trail, actor: Actor, account: Account, external_id: str, at: datetime
) -> Account:
    """Do what ``ExternalIds.set`` does within the caller's transaction.  The same one again changes nothing."""
    wanted = checked_external_id(external_id)
    if account.state is AccountState.PURGED:
        raise Conflict(f"{account.name} was purged; ask for a new account")
    if wanted == account.external_id:
        return account
    if wanted and account.purpose is not Purpose.PERSON:
        raise Conflict(f"{account.name} is an unattended job; only a person has an external id")
    _demand_free(connection, account, wanted)
    accounts.set_external_id(connection, account.id, wanted)
    gone = credentials.remove_kinds(connection, account.id, _RESTING)
    identities.remove(connection, account.id)
    for session in sessions.listing(connection, account.id):
        if session.credentials & gone:
            why = f"{actor.name}: the external id was changed"
            sessions.request_end(connection, account.id, session.id, why)
    # Not what it says: the trail outlives the account, and the external id is destroyed with it.
    detail: dict[str, DetailValue] = {"external_id": bool(wanted), "removed": len(gone)}
    trail.record(connection, Event(Action.IDENTITY_CHANGED, actor, account.name, detail), at)
    return replace(account, external_id=wanted, setup=None)


def checked_external_id(text: str) -> str:
    """Return *text*, without blanks around it, if it can be somebody's user id elsewhere.  Raises Invalid."""
    wanted = text.strip()
    if len(wanted) > _LONGEST or not wanted.isprintable():
        raise Invalid(f"an external id is one line of at most {_LONGEST} printable characters")
    return wanted


def _demand_free(connection: Connection, account: Account, wanted: str) -> None:
    """Raise Conflict if another account has *wanted*, in whatever case: directories take both for one person."""
    taken = accounts.external_ids(connection)
    owner = next((name for each, name in taken.items() if each.casefold() == wanted.casefold()), account.name)
    if wanted and owner != account.name:
        raise Conflict(f"{owner} has that external id already; a person has one account")

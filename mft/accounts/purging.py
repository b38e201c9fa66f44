"""The end of an account for good: the one function through which each of them goes.

Who is due is not decided here; that an account which was used meanwhile stays is, by the statement
that ends it.  To regain access a new request is needed: a purged name is never handed out again.
"""

from datetime import datetime

from sqlalchemy import Connection

from mft.accounts.records import checked_remark, known_account
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.account import Account
from mft.model.errors import Conflict, Invalid
from mft.model.event import Action, DetailValue, Event
from mft.model.session import Actor
from mft.store import organizations, purges, sessions
from mft.store.engine import Store


def purge(
    connection: Connection,
    trail: Trail,
    actor: Actor,
    account: Account,
    why: str,
    at: datetime,
    *,
    unused_before: datetime | None = None,
) -> bool:
    """Destroy the credentials, addresses, rights and personal fields of *account* within the caller's transaction.

    Its live sessions end within 60 s.  With *unused_before* it is purged only if nobody used it after that
    moment.  Return False if it was, or is purged already: then nothing is changed and nothing recorded.
    The copies in the database's log go with ``Store.scrub``, which the caller calls.  Raises Invalid for *why*.
    """
    reason = checked_remark(why)
    if not purges.purge(connection, account, reason, at, unused_before):
        return False
    sessions.request_end(connection, account.id, None, f"{actor.name}: the account was purged")
    detail: dict[str, DetailValue] = {
        "reason": reason,
        "organization": organizations.by_id(connection, account.organization).name,
        "used_at": account.used_at.isoformat(),
        "never_signed_on": account.last_signon_at is None,
    }
    trail.record(connection, Event(Action.ACCOUNT_PURGED, actor, account.name, detail), at)
    return True


class Purging:
    """Ends accounts by hand."""

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock

    def purge(self, actor: Actor, name: str, why: str) -> None:
        """Purge the account *name* for good.  Raises NotFound, Conflict, and Invalid without a reason."""
        if not why.strip():
            raise Invalid("a purge needs a reason; say it with --reason")
        with self._store.write() as connection:
            account = known_account(connection, name)
            if not purge(connection, self._trail, actor, account, why, self._clock.now()):
                raise Conflict(f"{name} was purged already; to let its owner in again, ask for a new account")
        self._store.scrub()

"""The end of an account, as rows: everything about it that a purge destroys, and the tombstone that stays.

The row of the account stays, so that its name is never handed to another person; what it says of a
person goes, here and in the requests it came from.  Audit events are no rows of these tables.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, or_, update

from mft.model.account import Account, AccountState
from mft.model.ids import AccountId
from mft.store.accounts import used_at
from mft.store.slowdowns import TRIES
from mft.store.tables import (
    access_request,
    account,
    allowlist_entry,
    attestation,
    credential,
    folder_grant,
    identity,
    letter,
    mail_link,
    notice,
    recovery_code,
    slowdown,
    visit,
)

_OWNED: Final = (credential, allowlist_entry, folder_grant, notice, recovery_code, mail_link, visit, identity)
"""Tables of rows that are nothing without their account."""
_FORGOTTEN: Final = (
    *("email", "person", "phone", "contact", "last_signon_source", "recertify_by"),
    *("external_id", "setup_state", "setup_mark", "setup_checked_at", "setup_text"),
)
_FORGOTTEN_OF_REQUESTS: Final = ("person", "email", "phone", "addresses", "contact", "keys")


def purge(connection: Connection, one: Account, why: str, at: datetime, unused_before: datetime | None) -> bool:
    """Make a tombstone of *one* and destroy what belongs to it.

    Return False, and change nothing, if it is purged already or was used after *unused_before*.
    """
    ending = update(account).where(account.c.id == one.id, account.c.state != AccountState.PURGED.value)
    if unused_before is not None:
        ending = ending.where(used_at() <= unused_before)
    tombstone = {"state": AccountState.PURGED.value, "purged_at": at, "purged_why": why, "failures": 0}
    if connection.execute(ending.values(tombstone | dict.fromkeys(_FORGOTTEN))).rowcount != 1:
        return False
    for owned in _OWNED:
        connection.execute(delete(owned).where(owned.c.account == one.id))
    connection.execute(delete(slowdown).where(slowdown.c.name.in_([one.name, TRIES + one.name])))
    # That they agreed, to what and when, is kept as the trail is; who they were elsewhere is not.
    connection.execute(update(attestation).where(attestation.c.account == one.id).values(directory_user=""))
    connection.execute(delete(letter).where(letter.c.account == one.id, letter.c.sent_at.is_(None)))
    _forget_in_requests(connection, one.id)
    return True


def _forget_in_requests(connection: Connection, one: AccountId) -> None:
    about = update(access_request).where(access_request.c.account == one)
    something = or_(*(access_request.c[name].is_not(None) for name in _FORGOTTEN_OF_REQUESTS))
    connection.execute(about.where(something).values(dict.fromkeys(_FORGOTTEN_OF_REQUESTS)))

"""Credentials, as rows.  Verifiers are written and compared elsewhere; nothing here sees a secret."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from mft.model.account import Credential, CredentialKind
from mft.model.errors import Conflict
from mft.model.ids import AccountId, CredentialId
from mft.store.prepared import Prepared
from mft.store.tables import account as account_table
from mft.store.tables import credential as table

_IS_KEY = table.c.kind == CredentialKind.KEY.value
_IS_OWN_PASSWORD = table.c.kind.in_([CredentialKind.TEMPORARY.value, CredentialKind.PASSWORD.value])

_HOLDS_KEY: Final = Prepared(
    select(table.c.id)
    .join(account_table, account_table.c.id == table.c.account)
    .where(
        account_table.c.name == bindparam("name"),
        _IS_KEY,
        table.c.fingerprint == bindparam("fingerprint"),
        table.c.waiting.is_(False),
    )
    .limit(1)
)


def credential_of(row: Mapping[Any, Any], prefix: str = "") -> Credential:
    """Return the credential in *row*, whose columns are named with *prefix*."""
    return Credential(
        id=row[prefix + "id"],
        kind=CredentialKind(row[prefix + "kind"]),
        verifier=row[prefix + "verifier"],
        fingerprint=row[prefix + "fingerprint"],
        label=row[prefix + "label"],
        created_at=row[prefix + "created_at"],
        created_by=row[prefix + "created_by"],
        expires_at=row[prefix + "expires_at"],
        waiting=row[prefix + "waiting"],
    )


def add(connection: Connection, account: AccountId, credential: Credential) -> None:
    """Keep a new credential.  Raises Conflict if the account has that key, or a password, already."""
    try:
        connection.execute(
            insert(table).values(
                id=credential.id,
                account=account,
                kind=credential.kind.value,
                verifier=credential.verifier,
                fingerprint=credential.fingerprint,
                label=credential.label,
                created_at=credential.created_at,
                created_by=credential.created_by,
                expires_at=credential.expires_at,
                waiting=credential.waiting,
            )
        )
    except IntegrityError:
        what = f"the key {credential.fingerprint}" if credential.kind is CredentialKind.KEY else "a password"
        raise Conflict(f"the account has {what} already") from None


def remove(connection: Connection, credential: CredentialId) -> bool:
    """Destroy a credential.  Return False if it was gone: of two who try at once, one removes it."""
    return connection.execute(delete(table).where(table.c.id == credential)).rowcount == 1


def remove_password(connection: Connection, account: AccountId) -> bool:
    """Destroy the account's own password, temporary or not.  Return whether there was one."""
    return connection.execute(delete(table).where(table.c.account == account, _IS_OWN_PASSWORD)).rowcount > 0


def remove_kinds(
    connection: Connection, account: AccountId, kinds: Iterable[CredentialKind]
) -> frozenset[CredentialId]:
    """Destroy what the account has of *kinds*.  Return which that were."""
    of_kinds = (table.c.account == account, table.c.kind.in_([kind.value for kind in kinds]))
    gone = frozenset(connection.scalars(select(table.c.id).where(*of_kinds)))
    connection.execute(delete(table).where(*of_kinds))
    return gone


def reseal(connection: Connection, credential: CredentialId, old: str, new: str) -> None:
    """Put the verifier *new* for the same secret in the place of *old*, unless that has changed meanwhile."""
    changed = update(table).where(table.c.id == credential, table.c.verifier == old).values(verifier=new)
    connection.execute(changed)


def approve(connection: Connection, credential: CredentialId) -> bool:
    """Let a waiting key count.  Return False if none of that id waits: of two who try at once, one approves."""
    approved = update(table).where(table.c.id == credential, table.c.waiting.is_(True)).values(waiting=False)
    return connection.execute(approved).rowcount == 1


def waiting(connection: Connection) -> list[tuple[str, Credential]]:
    """Return the keys that wait for approval, each with its account's name, the longest first."""
    query = select(table, account_table.c.name.label("owner")).join(account_table)
    query = query.where(table.c.waiting.is_(True)).order_by(table.c.created_at, table.c.id)
    return [(row["owner"], credential_of(row)) for row in connection.execute(query).mappings()]


def holds_key(connection: Connection, name: str, fingerprint: str) -> bool:
    """Return whether the account *name* may sign on with the key of that fingerprint: none that waits."""
    return _HOLDS_KEY.first(connection, name=name, fingerprint=fingerprint) is not None


def of_account(connection: Connection, account: AccountId) -> list[Credential]:
    """Return what the account proves itself with, oldest first."""
    query = select(table).where(table.c.account == account).order_by(table.c.created_at, table.c.id)
    return [credential_of(row) for row in connection.execute(query).mappings()]

"""Grants: who has which rights on which folder."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, insert, or_, select, true

from mft.model.account import AccountState
from mft.model.ids import AccountId, EntryId, GrantId, OrganizationId
from mft.model.path import VirtualPath
from mft.model.rights import Grant, Right
from mft.store.catalog import path_of
from mft.store.prepared import Prepared
from mft.store.tables import account, entry, folder_grant, organization

_COLUMNS: Final = (
    folder_grant.c.id,
    folder_grant.c.rights,
    folder_grant.c.account,
    folder_grant.c.organization,
    folder_grant.c.granted_by,
    folder_grant.c.granted_at,
)


_LEVELS: Final = 5
"""Names, the root's among them, that a grant's own statement looks up; few grants lie deeper."""
_ABOVE: Final = [entry.alias(f"above{number}") for number in range(_LEVELS)]


def _with_folders(which: ColumnElement[bool]) -> Select[Any]:
    """Return the grants that *which* picks, oldest first, with where they are now."""
    source: Any = folder_grant.join(_ABOVE[0], _ABOVE[0].c.id == folder_grant.c.folder)
    for below, above in pairwise(_ABOVE):
        source = source.outerjoin(above, above.c.id == below.c.parent)
    names = [level.c.name for level in reversed(_ABOVE)]
    return (
        select(*_COLUMNS, folder_grant.c.folder, _ABOVE[-1].c.parent, *names)
        .select_from(source)
        .where(which)
        .order_by(folder_grant.c.granted_at, folder_grant.c.id)
    )


def _holder() -> ColumnElement[bool]:
    return or_(folder_grant.c.account == bindparam("account"), folder_grant.c.organization == bindparam("organization"))


@lru_cache(maxsize=1)
def _held() -> Prepared:
    return Prepared(_with_folders(_holder()))


@lru_cache(maxsize=1)
def _in_force() -> Prepared:
    enabled = (
        select(1)
        .select_from(account.join(organization, organization.c.id == account.c.organization))
        .where(
            account.c.id == bindparam("account"),
            account.c.state == AccountState.ACTIVE,
            organization.c.enabled,
        )
    )
    return Prepared(_with_folders(_holder()).where(enabled.exists()))


def _grants(connection: Connection, rows: Sequence[Sequence[Any]]) -> tuple[Grant, ...]:
    return tuple(_grant(connection, row) for row in rows)


def _grant(connection: Connection, row: Sequence[Any]) -> Grant:
    number, rights, account_, organization_, by, at, folder, higher, *names = row
    path = None if higher is None else path_of(connection, folder)
    if path is None:
        path = VirtualPath(tuple(name for name in names if name))  # The root's is empty.
    return Grant(number, path, Right(rights), account_, organization_, by, at)


def held_by(connection: Connection, account: AccountId, organization: OrganizationId) -> tuple[Grant, ...]:
    """Return the grants of *account*, its own and its organization's; in one statement unless one lies deep."""
    return _grants(connection, _held().rows(connection, account=account, organization=organization))


def in_force(connection: Connection, account: AccountId, organization: OrganizationId) -> tuple[Grant, ...]:
    """Return what ``held_by`` returns while both are enabled, else nothing."""
    return _grants(connection, _in_force().rows(connection, account=account, organization=organization))


def on_folder(connection: Connection, folder: EntryId) -> tuple[Grant, ...]:
    """Return the grants on the folder *folder* itself."""
    return _grants(connection, connection.execute(_with_folders(folder_grant.c.folder == folder)).all())


def all_grants(connection: Connection) -> tuple[Grant, ...]:
    """Return every grant there is."""
    return _grants(connection, connection.execute(_with_folders(true())).all())


def put_grant(connection: Connection, folder: EntryId, grant: Grant) -> None:
    """Give *grant* on *folder*, in place of what its grantee had there."""
    remove_grant(connection, folder, grant.account, grant.organization)
    connection.execute(
        insert(folder_grant).values(
            id=grant.id,
            folder=folder,
            account=grant.account,
            organization=grant.organization,
            rights=grant.rights.value,
            granted_by=grant.granted_by,
            granted_at=grant.granted_at,
        )
    )


def remove_grant(
    connection: Connection, folder: EntryId, account: AccountId | None, organization: OrganizationId | None
) -> GrantId | None:
    """Take the grantee's grant on *folder* away and return its id; None when there was none."""
    grantee = folder_grant.c.account.is_not_distinct_from(account)
    grantee &= folder_grant.c.organization.is_not_distinct_from(organization)
    removed = delete(folder_grant).where(folder_grant.c.folder == folder, grantee).returning(folder_grant.c.id)
    return connection.execute(removed).scalar()


def remove_all_on(connection: Connection, folder: EntryId) -> int:
    """Take away every grant on *folder*, which is about to go; return how many."""
    return connection.execute(delete(folder_grant).where(folder_grant.c.folder == folder)).rowcount

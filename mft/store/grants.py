"""Grants: who has which rights on which folder."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, insert, literal, or_, select, true

from mft.model.account import AccountState
from mft.model.ids import AccountId, EntryId, GrantId, OrganizationId
from mft.model.path import VirtualPath
from mft.model.rights import Grant, Right
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


def _with_folders(which: ColumnElement[bool]) -> Select[Any]:
    """Return one row per grant and folder above it: the grants that *which* picks, with their places now."""
    up = (
        select(folder_grant.c.id.label("grant"), entry.c.parent, entry.c.name, literal(0).label("height"))
        .join(entry, entry.c.id == folder_grant.c.folder)
        .where(which)
        .cte(recursive=True)
    )
    up = up.union_all(
        select(up.c.grant, entry.c.parent, entry.c.name, up.c.height + 1).join(up, entry.c.id == up.c.parent)
    )
    return (
        select(*_COLUMNS, up.c.parent, up.c.name)
        .join(up, up.c.grant == folder_grant.c.id)
        .order_by(folder_grant.c.granted_at, folder_grant.c.id, up.c.height.desc())
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


def _grants(rows: Sequence[Sequence[Any]]) -> tuple[Grant, ...]:
    return tuple(_grant(list(steps)) for _, steps in groupby(rows, key=itemgetter(0)))


def _grant(steps: list[Sequence[Any]]) -> Grant:
    number, rights, *rest, _, _ = steps[0]
    folder = VirtualPath(tuple(name for *_, parent, name in steps if parent is not None))
    return Grant(number, folder, Right(rights), *rest)


def held_by(connection: Connection, account: AccountId, organization: OrganizationId) -> tuple[Grant, ...]:
    """Return the grants of *account*, its own and its organization's, in one statement."""
    return _grants(_held().rows(connection, account=account, organization=organization))


def in_force(connection: Connection, account: AccountId, organization: OrganizationId) -> tuple[Grant, ...]:
    """Return what ``held_by`` returns while both are enabled, else nothing; in one statement."""
    return _grants(_in_force().rows(connection, account=account, organization=organization))


def on_folder(connection: Connection, folder: EntryId) -> tuple[Grant, ...]:
    """Return the grants on the folder *folder* itself."""
    return _grants(connection.execute(_with_folders(folder_grant.c.folder == folder)).all())


def all_grants(connection: Connection) -> tuple[Grant, ...]:
    """Return every grant there is."""
    return _grants(connection.execute(_with_folders(true())).all())


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

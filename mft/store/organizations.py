"""Organizations, as rows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from mft.model.account import AccountState, Organization, OrganizationKind, Purpose
from mft.model.errors import Conflict
from mft.model.ids import OrganizationId
from mft.store.tables import account
from mft.store.tables import organization as table


def organization_of(row: Mapping[Any, Any], prefix: str = "") -> Organization:
    """Return the organization in *row*, whose columns are named with *prefix*."""
    return Organization(
        id=row[prefix + "id"],
        name=row[prefix + "name"],
        title=row[prefix + "title"],
        kind=OrganizationKind(row[prefix + "kind"]),
        enabled=row[prefix + "enabled"],
        created_at=row[prefix + "created_at"],
        created_by=row[prefix + "created_by"],
        quota_bytes=row[prefix + "quota_bytes"],
        quota_files=row[prefix + "quota_files"],
        seats=row[prefix + "seats"],
        administrator=row[prefix + "administrator"],
        portal_any_address=row[prefix + "portal_any_address"],
    )


def add(connection: Connection, organization: Organization) -> None:
    """Keep a new organization.  Raises Conflict if its name is taken."""
    try:
        connection.execute(
            insert(table).values(
                id=organization.id,
                name=organization.name,
                title=organization.title,
                kind=organization.kind.value,
                enabled=organization.enabled,
                created_at=organization.created_at,
                created_by=organization.created_by,
                quota_bytes=organization.quota_bytes,
                quota_files=organization.quota_files,
                seats=organization.seats,
                administrator=organization.administrator,
                portal_any_address=organization.portal_any_address,
            )
        )
    except IntegrityError:
        raise Conflict(f"there is an organization {organization.name} already") from None


def by_name(connection: Connection, name: str) -> Organization | None:
    """Return the organization of that name."""
    row = connection.execute(select(table).where(table.c.name == name)).mappings().first()
    return organization_of(row) if row else None


def by_id(connection: Connection, organization: OrganizationId) -> Organization:
    """Return the organization of that id, which some row refers to."""
    return organization_of(connection.execute(select(table).where(table.c.id == organization)).mappings().one())


def listing(connection: Connection) -> list[Organization]:
    """Return every organization, by name."""
    return [organization_of(row) for row in connection.execute(select(table).order_by(table.c.name)).mappings()]


def set_enabled(connection: Connection, organization: OrganizationId, *, enabled: bool) -> bool:
    """Enable or disable an organization.  Return False if it was so already."""
    changed = update(table).where(table.c.id == organization, table.c.enabled != enabled).values(enabled=enabled)
    return connection.execute(changed).rowcount == 1


def set_quota(connection: Connection, organization: OrganizationId, octets: int | None, files: int | None) -> None:
    """Set the limits; None is unlimited."""
    connection.execute(update(table).where(table.c.id == organization).values(quota_bytes=octets, quota_files=files))


def set_seats(connection: Connection, organization: OrganizationId, seats: int | None) -> None:
    """Set how many people may have an account; None is unlimited."""
    connection.execute(update(table).where(table.c.id == organization).values(seats=seats))


def set_administrator(connection: Connection, organization: OrganizationId, email: str | None) -> None:
    """Set the mail address of who answers for its people; None asks nobody."""
    connection.execute(update(table).where(table.c.id == organization).values(administrator=email))


def set_portal_any_address(connection: Connection, organization: OrganizationId, *, allowed: bool) -> None:
    """Say whether the portal lets the allowlists of its people be."""
    connection.execute(update(table).where(table.c.id == organization).values(portal_any_address=allowed))


def people_of(connection: Connection, organization: OrganizationId) -> int:
    """Return how many people of *organization* have an account: unattended jobs and the purged take no seat."""
    seated = (account.c.organization == organization) & (account.c.purpose == Purpose.PERSON.value)
    seated &= account.c.state != AccountState.PURGED.value
    return int(connection.execute(select(func.count()).select_from(account).where(seated)).scalar_one())


def payer_titles(connection: Connection) -> tuple[str, ...]:
    """Return the payers' titles, which no password may contain."""
    query = select(table.c.title).where(table.c.kind == OrganizationKind.PAYER.value)
    return tuple(connection.scalars(query))

"""The roll of those who run the server."""

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from mft.model.staff import Role, StaffMember
from mft.store.tables import staff


def listing(connection: Connection) -> list[StaffMember]:
    """Return everybody on the roll, by name."""
    return [_member(row) for row in connection.execute(select(staff).order_by(staff.c.name))]


def put(connection: Connection, member: StaffMember) -> None:
    """Write *member* down, in place of what stood under that name."""
    remove(connection, member.name)
    connection.execute(
        insert(staff).values(
            name=member.name, role=member.role.value, added_by=member.added_by, added_at=member.added_at
        )
    )


def remove(connection: Connection, name: str) -> bool:
    """Strike *name* off the roll and return whether it was on it."""
    return connection.execute(delete(staff).where(staff.c.name == name)).rowcount > 0


def _member(row: Row[Any]) -> StaffMember:
    return StaffMember(row.name, Role(row.role), row.added_by, row.added_at)

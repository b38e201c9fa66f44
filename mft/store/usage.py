"""What organizations keep, exact under parallel commits: one guarded statement a change."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, or_, select, true, update

from mft.model.errors import Exhausted
from mft.model.ids import OrganizationId
from mft.policy.quota import Quota, Use
from mft.store.tables import organization


def read_usage(connection: Connection, owner: OrganizationId) -> tuple[Quota, Use]:
    """Return what *owner* may keep and what it keeps in committed files."""
    row = connection.execute(_usage(), {"owner": owner}).one()
    return Quota(row.quota_bytes, row.quota_files), Use(row.used_bytes, row.used_files)


@lru_cache(maxsize=1)
def _usage() -> Select[Any]:
    """Return the statement, built once: each opening of a file runs it."""
    columns = (
        organization.c.quota_bytes,
        organization.c.quota_files,
        organization.c.used_bytes,
        organization.c.used_files,
    )
    return select(*columns).where(organization.c.id == bindparam("owner"))


def add_usage(connection: Connection, owner: OrganizationId | None, growth: Use) -> None:
    """Count *growth* on *owner*.  Raises Exhausted when it does not fit; what shrinks always does."""
    if owner is None:
        return
    bytes_after = organization.c.used_bytes + growth.bytes
    files_after = organization.c.used_files + growth.files
    fits: ColumnElement[bool] = true()
    if growth.bytes > 0:
        fits &= or_(organization.c.quota_bytes.is_(None), bytes_after <= organization.c.quota_bytes)
    if growth.files > 0:
        fits &= or_(organization.c.quota_files.is_(None), files_after <= organization.c.quota_files)
    counted = update(organization).where(organization.c.id == owner, fits)
    if connection.execute(counted.values(used_bytes=bytes_after, used_files=files_after)).rowcount != 1:
        raise Exhausted("the organization's quota is reached")

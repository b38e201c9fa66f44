"""What organizations keep, exact under parallel commits: one guarded statement a change."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, Update, bindparam, or_, select, update

from mft.model.errors import Exhausted
from mft.model.ids import OrganizationId
from mft.policy.quota import Quota, Use
from mft.store.prepared import Prepared
from mft.store.tables import organization

USAGE: Final = (
    organization.c.quota_bytes,
    organization.c.quota_files,
    organization.c.used_bytes,
    organization.c.used_files,
)
"""An organization's quota and its use, as bytes and files each."""

_READ: Final = Prepared(select(*USAGE).where(organization.c.id == bindparam("owner")))


def _change(*guards: ColumnElement[bool]) -> Update:
    counted = update(organization).where(organization.c.id == bindparam("owner"), *guards)
    return counted.values(used_bytes=_BYTES_AFTER, used_files=_FILES_AFTER).returning(*USAGE)


_BYTES_AFTER: Final = organization.c.used_bytes + bindparam("more_bytes")
_FILES_AFTER: Final = organization.c.used_files + bindparam("more_files")
_BYTES_FIT: Final = or_(organization.c.quota_bytes.is_(None), organization.c.quota_bytes >= _BYTES_AFTER)
_FILES_FIT: Final = or_(organization.c.quota_files.is_(None), organization.c.quota_files >= _FILES_AFTER)
_ADD: Final = {
    (False, False): Prepared(_change()),
    (False, True): Prepared(_change(_FILES_FIT)),
    (True, False): Prepared(_change(_BYTES_FIT)),
    (True, True): Prepared(_change(_BYTES_FIT, _FILES_FIT)),
}
"""By whether bytes and whether files grow: what shrinks always fits."""


def read_usage(connection: Connection, owner: OrganizationId) -> tuple[Quota, Use]:
    """Return what *owner* may keep and what it keeps in committed files."""
    row = _READ.first(connection, owner=owner)
    assert row is not None  # noqa: S101  (whose folder it is has a row)
    return Quota(*row[:2]), Use(*row[2:])


def add_usage(connection: Connection, owner: OrganizationId | None, growth: Use) -> tuple[Quota, Use]:
    """Count *growth* on *owner* and return its quota and its use then.  Raises Exhausted when it does not fit."""
    if owner is None:
        return Quota(), Use()
    add = _ADD[growth.bytes > 0, growth.files > 0]
    row = add.first(connection, owner=owner, more_bytes=growth.bytes, more_files=growth.files)
    if row is None:
        raise Exhausted("the organization's quota is reached")
    return Quota(*row[:2]), Use(*row[2:])

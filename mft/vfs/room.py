"""Room on the disk and in quotas, as facts for the policy."""

from datetime import datetime
from typing import Final

from mft.model.errors import Exhausted
from mft.model.ids import OrganizationId, UploadId
from mft.policy.quota import Quota, Use, excess, shortage
from mft.store import catalog, uploads, versions
from mft.store.engine import Connection
from mft.store.usage import add_usage, read_usage
from mft.vfs.parts import Parts
from mft.vfs.shapes import Space

_MANY: Final = 1 << 40
"""How many files there may be where nothing limits them."""
MOST_FOLDERS: Final = 100_000
"""Folders of one organization: they cost a client one packet and nobody clears them away."""


def demand_disk(parts: Parts, coming: int = 0) -> None:
    """Raise Exhausted when the disk is down to its reserve, or would be after *coming* bytes."""
    free, total = parts.blobs.free()
    why = shortage(free, total, coming, parts.rules.reserve)
    if why is not None:
        raise Exhausted(f"{why}; free some space")


def demand_file(
    connection: Connection, parts: Parts, owner: OrganizationId | None, now: datetime, upload: UploadId, *, new: bool
) -> None:
    """Raise Exhausted when *owner* may not keep what *upload* brings, a *new* file or not; refresh the ledger.

    What broke off and is kept for its owner takes room too, or quotas would end where lines are cut.
    """
    if owner is None:
        return
    come = uploads.coming(connection, owner, now - parts.rules.terms.unfinished, upload)
    parts.ledger.refresh(owner, come.quota, Use(come.used.bytes + come.kept_bytes, come.used.files))
    why = excess(come.quota, Use(files=come.used.files + come.new_names), Use(files=1)) if new else None
    if why is not None:
        raise Exhausted(why)


def demand_folder(connection: Connection, owner: OrganizationId | None) -> None:
    """Raise Exhausted when *owner* has as many folders as an organization may."""
    if owner is not None and catalog.folders_of(connection, owner) >= MOST_FOLDERS:
        raise Exhausted(f"an organization has at most {MOST_FOLDERS} folders")


def count_file(connection: Connection, owner: OrganizationId | None, size: int, now: datetime) -> None:
    """Count a further file of *size* bytes on *owner*.  Raises Exhausted when its quota is reached.

    So it is when *owner*'s ended versions that can still be brought back exceed the quota once more:
    they are off the quota, so that replacing a file needs no room for two; without a bound, whoever
    replaces one all the time fills the disk.  Exact in the transaction that commits.
    """
    if owner is None:
        return
    quota, used = add_usage(connection, owner, Use(size, 1))
    if quota.bytes is not None and used.bytes + versions.undoable_bytes(connection, owner, now) > 2 * quota.bytes:
        raise Exhausted("with what can still be brought back, twice the organization's quota is reached")


def space_of(connection: Connection, parts: Parts, owner: OrganizationId | None) -> Space:
    """Return the room there is for *owner*: its quota, as far as the disk can hold it."""
    free, total = parts.blobs.free()
    free = max(0, free - parts.rules.reserve.of(total))
    quota, used = (Quota(), Use()) if owner is None else read_usage(connection, owner)
    if quota.bytes is not None:
        left = quota.bytes - used.bytes - parts.ledger.staged(owner)
        total, free = quota.bytes, min(free, max(0, left))
    files = _MANY if quota.files is None else quota.files
    return Space(total, free, files, max(0, files - used.files))

"""Room on the disk and in quotas, as facts for the policy."""

from datetime import datetime
from typing import Final

from mft.model.errors import Exhausted
from mft.model.ids import OrganizationId
from mft.policy.quota import Quota, Use, excess, shortage
from mft.store import uploads
from mft.store.engine import Connection
from mft.store.usage import read_usage
from mft.vfs.parts import Parts
from mft.vfs.shapes import Space

_MANY: Final = 1 << 40
"""How many files there may be where nothing limits them."""


def demand_disk(parts: Parts, coming: int = 0) -> None:
    """Raise Exhausted when the disk is down to its reserve, or would be after *coming* bytes."""
    free, total = parts.blobs.free()
    why = shortage(free, total, coming, parts.rules.reserve)
    if why is not None:
        raise Exhausted(f"{why}; free some space")


def demand_file(
    connection: Connection, parts: Parts, owner: OrganizationId | None, now: datetime, *, new: bool
) -> None:
    """Raise Exhausted when *owner* may keep no further file; brings the ledger up to date.

    What broke off and is kept for its owner takes room too, or quotas would end where lines are cut.
    """
    if owner is None:
        return
    quota, used = read_usage(connection, owner)
    kept = uploads.kept_bytes(connection, owner, now - parts.rules.terms.unfinished)
    parts.ledger.refresh(owner, quota, Use(used.bytes + kept, used.files))
    why = excess(quota, used, Use(files=1)) if new else None
    if why is not None:
        raise Exhausted(why)


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

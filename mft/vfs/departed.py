"""Which files of a folder went, and why: the answer to "why is this folder empty" (fact 0.24).

What has expired is among them from that moment on, whether or not a sweep has buried it.
"""

from datetime import datetime

from mft.model.file import Ending, Tombstone
from mft.model.ids import TombstoneId
from mft.model.path import VirtualPath
from mft.policy.retention import leaves_at
from mft.store import catalog, terms, tombstones
from mft.store.engine import Connection
from mft.store.tombstones import Cause
from mft.vfs.ending import RETENTION


def departed_from(connection: Connection, folder: VirtualPath, now: datetime, limit: int) -> list[Tombstone]:
    """Return up to *limit* files that were in *folder* before *now*, the last to go first."""
    found = [*_unswept(connection, folder, now), *tombstones.in_folder(connection, folder, limit)]
    return sorted(found, key=lambda stone: stone.ended_at, reverse=True)[:limit]


def causes_in(connection: Connection, folder: VirtualPath, now: datetime) -> list[Cause]:
    """Return why the files that were in *folder* before *now* went, the latest cause first."""
    waiting = [Cause(stone.ending, stone.ended_by, 1, stone.ended_at) for stone in _unswept(connection, folder, now)]
    summed: dict[tuple[Ending, str], Cause] = {}
    for one in (*waiting, *tombstones.causes_in(connection, folder)):
        other = summed.get((one.ending, one.by), Cause(one.ending, one.by, 0, one.last_at))
        last_at = max(one.last_at, other.last_at)
        summed[one.ending, one.by] = Cause(one.ending, one.by, one.files + other.files, last_at)
    return sorted(summed.values(), key=lambda cause: cause.last_at, reverse=True)


def _unswept(connection: Connection, folder: VirtualPath, now: datetime) -> list[Tombstone]:
    """Return how what is still in *folder*, though it has expired, will be buried."""
    step = catalog.resolve(connection, folder).step
    gone = [] if step is None else terms.gone_unswept(connection, step.id, now)
    return [
        Tombstone(
            id=TombstoneId(""),
            path=VirtualPath((*folder.names, one.name)),
            size=one.size,
            sha256=sha256,
            creator=creator,
            received_at=one.received_at,
            ended_at=leaves_at(one.expires_at, one.hold) or one.expires_at,
            ending=Ending.EXPIRED,
            ended_by=RETENTION.name,
            destroy_at=now,
            destroyed_at=None,
        )
        for one, sha256, creator in gone
    ]

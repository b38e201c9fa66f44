"""The only function that destroys the bytes of committed files: tombstone, then the key, then the bytes.

Stopped anywhere between, it is called again for the same tombstone and goes on; nothing is undone.
"""

from mft.model.event import Action, DetailValue, Event
from mft.model.ids import TombstoneId
from mft.store import tombstones, versions
from mft.vfs.ending import RETENTION
from mft.vfs.parts import Parts


def destroy(parts: Parts, number: TombstoneId) -> bool:
    """Destroy what lies under the tombstone *number*, if it is due; return whether this call finished it."""
    with parts.store.write() as connection:
        now = parts.clock.now()
        buried = tombstones.find(connection, number)
        if buried is None or buried.tombstone.destroyed_at is not None or buried.tombstone.destroy_at > now:
            return False
        blob = versions.destroy_key(connection, buried.version)
    if blob is None:
        return False
    parts.blobs.discard(blob)
    with parts.store.write() as connection:
        if not tombstones.mark_destroyed(connection, number, parts.clock.now()):
            return False
        stone = buried.tombstone
        detail: dict[str, DetailValue] = {"size": stone.size, "sha256": stone.sha256.hex(), "ending": stone.ending}
        event = Event(Action.FILE_DESTROYED, RETENTION, str(stone.path), detail)
        parts.trail.record(connection, event, parts.clock.now())
    return True

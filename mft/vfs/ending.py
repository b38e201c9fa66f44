"""How a committed file stops being there: out of the tree, under a tombstone, off the quota.

The bytes stay until ``mft.retention.destroy`` comes for them; nothing here touches a blob.
"""

from datetime import datetime
from typing import Final

from mft.audit.trail import Trail
from mft.model.event import Action, DetailValue, Event
from mft.model.file import Ending, Entry, StoredFile, Tombstone
from mft.model.ids import TombstoneId, new_id
from mft.model.session import Actor, Door
from mft.policy.quota import Use
from mft.policy.retention import RetentionTerms
from mft.store import catalog, tombstones, versions
from mft.store.engine import Connection
from mft.store.usage import add_usage

RETENTION: Final = Actor(Door.JOBS, "retention")
"""Who it was when nobody did it but the calendar."""

_ACTIONS: Final = {
    Ending.DELETED: Action.FILE_DELETED,
    Ending.REPLACED: Action.FILE_REPLACED,
    Ending.EXPIRED: Action.FILE_EXPIRED,
}


def end_file(
    connection: Connection,
    trail: Trail,
    terms: RetentionTerms,
    entry: Entry,
    ending: Ending,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """End the version that *entry* holds.  Its name stays in the tree, holding nothing.

    A person can take back what a person did, for the undo period; what has expired is due at once.
    """
    file = entry.file
    if file is None or not versions.end_version(connection, file.id):
        return
    destroy_at = at if ending is Ending.EXPIRED else at + terms.undo
    tombstones.bury(connection, file.id, _tombstone(entry, file, ending, by=by, at=at, destroy_at=destroy_at))
    add_usage(connection, entry.organization, Use(-file.size, -1))
    detail: dict[str, DetailValue] = {
        "size": file.size,
        "sha256": file.sha256.hex(),
        "destroy_at": destroy_at.isoformat(),
        "version": file.id,  # A restored backup learns by it what was buried since.
    }
    trail.record(connection, Event(_ACTIONS[ending], by, str(entry.path), detail), at)


def remove_file(
    connection: Connection,
    trail: Trail,
    terms: RetentionTerms,
    entry: Entry,
    ending: Ending,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """End the version that *entry* holds and take its name out of the tree."""
    end_file(connection, trail, terms, entry, ending, by=by, at=at)
    catalog.remove_entry(connection, entry.id)


def _tombstone(
    entry: Entry, file: StoredFile, ending: Ending, *, by: Actor, at: datetime, destroy_at: datetime
) -> Tombstone:
    return Tombstone(
        id=TombstoneId(new_id("tmb")),
        path=entry.path,
        size=file.size,
        sha256=file.sha256,
        creator=file.creator,
        received_at=file.received_at,
        ended_at=at,
        ending=ending,
        ended_by=by.name,
        destroy_at=destroy_at,
        destroyed_at=None,
    )


def expire_file(connection: Connection, trail: Trail, terms: RetentionTerms, entry: Entry, at: datetime) -> None:
    """Take out of the tree what *entry* holds: its term has ended, whoever noticed."""
    remove_file(connection, trail, terms, entry, Ending.EXPIRED, by=RETENTION, at=at)

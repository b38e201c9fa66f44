"""How a committed file stops being there: out of the tree, under a tombstone, off the quota.

The bytes stay until ``mft.retention.destroy`` comes for them; nothing here touches a blob.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from mft.audit.trail import Trail
from mft.model.event import Action, DetailValue, Event
from mft.model.file import Ending, Entry, StoredFile, Tombstone
from mft.model.ids import OrganizationId, TombstoneId, new_id
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
    _end(connection, trail, terms, (entry,), ending, by=by, at=at)


def _end(
    connection: Connection,
    trail: Trail,
    terms: RetentionTerms,
    entries: Sequence[Entry],
    ending: Ending,
    *,
    by: Actor,
    at: datetime,
) -> int:
    """End the versions that *entries* hold, in as many statements as one takes; return how many that were."""
    holding = [(entry, entry.file) for entry in entries if entry.file is not None]
    ended = versions.end_versions(connection, [file.id for _, file in holding])
    gone = [(entry, file) for entry, file in holding if file.id in ended]
    if not gone:
        return 0
    destroy_at = at if ending is Ending.EXPIRED else at + terms.undo
    stones = [(file.id, _tombstone(entry, file, ending, by=by, at=at, destroy_at=destroy_at)) for entry, file in gone]
    tombstones.bury(connection, stones)
    for owner, use in _use(gone).items():
        add_usage(connection, owner, use)
    happened = [Event(_ACTIONS[ending], by, str(entry.path), _detail(file, destroy_at)) for entry, file in gone]
    trail.record_all(connection, happened, at)
    return len(gone)


def _use(gone: Sequence[tuple[Entry, StoredFile]]) -> dict[OrganizationId | None, Use]:
    """Return by how much each quota's use changes."""
    changed: dict[OrganizationId | None, Use] = {}
    for entry, file in gone:
        use = changed.get(entry.organization, Use())
        changed[entry.organization] = Use(use.bytes - file.size, use.files - 1)
    return changed


def _detail(file: StoredFile, destroy_at: datetime) -> dict[str, DetailValue]:
    return {
        "size": file.size,
        "sha256": file.sha256.hex(),
        "destroy_at": destroy_at.isoformat(),
        "version": file.id,  # A restored backup learns by it what was buried since.
    }


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
    catalog.remove_entries(connection, (entry.id,))


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
    expire_files(connection, trail, terms, (entry,), at)


def expire_files(
    connection: Connection, trail: Trail, terms: RetentionTerms, entries: Sequence[Entry], at: datetime
) -> int:
    """Take out of the tree what *entries* hold: their terms have ended; return how many that were."""
    expired = _end(connection, trail, terms, entries, Ending.EXPIRED, by=RETENTION, at=at)
    catalog.remove_entries(connection, [entry.id for entry in entries])
    return expired

"""The only function that destroys the bytes of committed files: tombstone, then the key, then the bytes.

It takes many at a time: their keys and their certificates in short transactions, their bytes together,
since each folder of blobs is synced once for all.  Stopped anywhere between, it is called again for the
same tombstones and goes on; nothing is undone.  The event it leaves of each is the certificate of its
destruction.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from mft.model.event import Action, DetailValue, Event
from mft.model.ids import BlobId, TombstoneId
from mft.policy.trail import moment_text
from mft.retention.pace import Pace
from mft.store import backups, tombstones, versions
from mft.store.backups import BackupRow
from mft.store.engine import Connection
from mft.store.tombstones import Buried
from mft.vfs.ending import RETENTION
from mft.vfs.parts import Parts

MOST_NAMED: Final = 40
"""How many backups a certificate names; of the others it says how many there are."""

_PAGE: Final = 50
"""Tombstones in one transaction: some ten milliseconds."""


def destroy(parts: Parts, pace: Pace, numbers: Sequence[TombstoneId]) -> int:
    """Destroy what lies under those of the tombstones *numbers* that are due; return how many this call finished."""
    blobs: dict[TombstoneId, BlobId] = {}
    for some in _pages(numbers):
        with pace.step():
            blobs |= _forget_keys(parts, some)
    if not blobs:
        return 0
    parts.blobs.discard_all(blobs.values())
    finished = 0
    for some in _pages(list(blobs)):
        with pace.step():
            finished += _certify(parts, some)
    return finished


def _pages(numbers: Sequence[TombstoneId]) -> Iterator[Sequence[TombstoneId]]:
    return (numbers[first : first + _PAGE] for first in range(0, len(numbers), _PAGE))


def _forget_keys(parts: Parts, numbers: Sequence[TombstoneId]) -> dict[TombstoneId, BlobId]:
    """Overwrite the keys; return what is left of each: sealed bytes that nobody can read."""
    with parts.store.write() as connection:
        now = parts.clock.now()
        due = tombstones.due_among(connection, numbers, now)
        blobs = versions.destroy_keys(connection, [buried.version for buried in due])
        left = {buried.tombstone.id: blobs[buried.version] for buried in due if buried.version in blobs}
        tombstones.note_keys(connection, list(left), now)
    return left


def _certify(parts: Parts, numbers: Sequence[TombstoneId]) -> int:
    """Note that the bytes are gone, and leave a certificate of each, once."""
    with parts.store.write() as connection:
        now = parts.clock.now()
        marked = tombstones.mark_destroyed(connection, numbers, now)
        parts.trail.record_all(connection, _certificates(connection, marked, now), now)
    return len(marked)


def _certificates(connection: Connection, marked: Sequence[Buried], now: datetime) -> list[Event]:
    """Return what the trail keeps of each: what it was, when its key went, where copies of the key still are."""
    if not marked:
        return []
    made = versions.created(connection, [buried.version for buried in marked])
    copies = backups.standing(connection, min(made.values()), now)
    return [_certificate(buried, made[buried.version], copies, now) for buried in marked]


def _certificate(buried: Buried, made_at: datetime, copies: Sequence[BackupRow], now: datetime) -> Event:
    stone, gone_at = buried.tombstone, buried.key_destroyed_at or now
    holding = [one.id for one in copies if one.holds(made_at, gone_at)]
    detail: dict[str, DetailValue] = {
        "version": buried.version,
        "size": stone.size,
        "sha256": stone.sha256.hex(),
        "ending": stone.ending,
        "key_destroyed_at": moment_text(gone_at),
        "backups": " ".join(holding[:MOST_NAMED]),
        "more_backups": max(0, len(holding) - MOST_NAMED),
    }
    return Event(Action.FILE_DESTROYED, RETENTION, str(stone.path), detail)

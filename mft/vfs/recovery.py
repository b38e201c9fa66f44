"""Bring rows and bytes together again after whatever happened: all of it before a door opens, bytes also later.

Nothing acknowledged is touched.  Done twice, it changes nothing.  Bytes of a version whose key is
destroyed are left to the sweep, which finishes what it began (``mft.retention.destroy``).

Beside a server that runs, what nothing names is not yet what nothing will name: an upload has its
row before its first byte, and its row becomes the version's in one transaction, but bytes that are
moved to a new blob lie there before the row names it.  So there only what was written to for the
last time a day ago may go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final

from mft.blobs.sealed import SealedWriter
from mft.crypto.segments import OVERHEAD, RECORD, SEGMENT
from mft.model.errors import Unavailable
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import BlobId, VersionId
from mft.model.node import machine_of
from mft.model.path import VirtualPath
from mft.model.session import Actor, Door
from mft.store import catalog, checks, uploads, versions
from mft.store.engine import Connection
from mft.store.uploads import Staged
from mft.vfs.parts import Parts

RECOVERY: Final = Actor(Door.JOBS, "recovery")
_PAGE: Final = 500
_SETTLED: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    interrupted: int
    """Uploads that were open when this node stopped; their owners can resume them."""
    dropped: int
    """Uploads of which no byte is left."""
    discarded: int
    """Blobs that nothing names."""
    missing: tuple[VersionId, ...]
    """Versions whose bytes are not there: restore them from a backup."""

    @property
    def changed(self) -> bool:
        """Whether anything had to be done."""
        return bool(self.interrupted or self.dropped or self.discarded)


def recover(parts: Parts) -> Report:
    """Finish or drop what a stop left on this machine, note it in the trail, and return what was found.

    No process of the machine may serve yet.
    """
    interrupted, dropped = _uploads(parts, machine_of(parts.node))
    discarded = _staged(parts)
    orphans, missing = _published(parts)
    report = Report(interrupted, dropped, discarded + orphans, missing)
    if report.changed:
        detail: dict[str, DetailValue] = {
            "interrupted": report.interrupted,
            "dropped": report.dropped,
            "discarded": report.discarded,
            "missing": len(report.missing),
        }
        with parts.store.write() as connection:
            event = Event(Action.SERVER_RECOVERED, RECOVERY, machine_of(parts.node), detail)
            parts.trail.record(connection, event, parts.clock.now())
    return report


def hand_back(parts: Parts) -> tuple[int, int]:
    """Hand back the uploads that a process which died in this one's place held open, while its siblings serve.

    Return how many are kept for their owners, and of how many no byte is left.
    """
    return _uploads(parts, parts.node)


@dataclass(frozen=True, slots=True)
class Orphans:
    """What was found beside a server that runs."""

    discarded: int
    """Blobs that nothing named for a day."""
    missing: tuple[VersionId, ...]
    """Versions whose bytes were not there when it was their turn; some may have ended since."""


def clear_orphans(parts: Parts) -> Orphans:
    """Discard what nothing names and nobody wrote to for a day, at any time; note it in the trail."""
    before, discarded = parts.clock.now() - _SETTLED, 0
    for page in _pages(chain(parts.blobs.staged(), parts.blobs.published())):
        for blob in set(page) - _named(parts, page):
            if _is_settled(parts, blob, before):
                parts.blobs.discard(blob)
                discarded += 1
    if discarded:
        with parts.store.write() as connection:
            event = Event(Action.SERVER_RECOVERED, RECOVERY, machine_of(parts.node), {"discarded": discarded})
            parts.trail.record(connection, event, parts.clock.now())
    return Orphans(discarded, tuple(_without_bytes(parts)))


def _is_settled(parts: Parts, blob: BlobId, before: datetime) -> bool:
    written = parts.blobs.written_at(blob)
    return written is not None and written <= before


def _without_bytes(parts: Parts) -> Iterator[VersionId]:
    last = VersionId(0)
    while True:
        with parts.store.read() as connection:
            page = checks.blobs_after(connection, last, _PAGE)
        if not page:
            return
        yield from (number for number, blob in page if parts.blobs.written_at(blob) is None)
        last = page[-1][0]


def _uploads(parts: Parts, node: str) -> tuple[int, int]:
    """Hand the uploads that *node* held open back to their owners."""
    with parts.store.read() as connection:
        held = [row for row in uploads.open_on(connection, node) if row.id not in parts.open_here]
    kept = dropped = 0
    for row in held:
        size = _arrived(parts, row)
        with parts.store.write() as connection:
            if size is None:
                dropped += uploads.drop(connection, row.id, row.lease) is not None
            else:
                kept += _interrupt(connection, parts, row, size)
    return kept, dropped


def _interrupt(connection: Connection, parts: Parts, row: Staged, size: int) -> bool:
    now = parts.clock.now()
    kept = uploads.interrupt(connection, row.id, row.lease, size, now)
    if kept is None:
        return False
    folder = catalog.path_of(connection, kept.parent) or VirtualPath()
    path = VirtualPath((*folder.names, kept.name))
    detail: dict[str, DetailValue] = {"size": size, "why": "stopped", "owner": row.owner_name}
    parts.trail.record(connection, Event(Action.UPLOAD_INTERRUPTED, RECOVERY, str(path), detail), now)
    return True


def _arrived(parts: Parts, row: Staged) -> int | None:
    """Return how much of the upload authenticates from the start; None when its blob is gone."""
    try:
        length = parts.blobs.size(row.blob)
    except Unavailable:
        return None
    try:
        writer = SealedWriter.resume(parts.blobs.open_staged(row.blob), parts.cipher(row.blob, row.key))
    except Unavailable:
        # It was finished and published, and stopped before its commit: all of it is there.
        records, rest = divmod(length, RECORD)
        return records * SEGMENT + max(0, rest - OVERHEAD)
    try:
        return writer.size
    finally:
        writer.close()


def _staged(parts: Parts) -> int:
    """Discard staged blobs that nothing names."""
    discarded = 0
    for page in _pages(parts.blobs.staged()):
        for blob in set(page) - _named(parts, page):
            parts.blobs.discard(blob)
            discarded += 1
    return discarded


def _named(parts: Parts, page: list[BlobId]) -> set[BlobId]:
    """Return those of *page* that an upload or a version names, at one moment."""
    with parts.store.read() as connection:
        return uploads.blobs_of_uploads(connection, page) | versions.blobs_known(connection, page).keys()


def _published(parts: Parts) -> tuple[int, tuple[VersionId, ...]]:
    """Discard published blobs that nothing names; return how many, and the versions without bytes."""
    discarded, there = 0, set[bytes]()
    for page in _pages(parts.blobs.published()):
        named = _named(parts, page)
        for blob in set(page) - named:
            parts.blobs.discard(blob)
            discarded += 1
        there.update(bytes.fromhex(blob) for blob in named)
    with parts.store.read() as connection:
        living = versions.living_blobs(connection)
        return discarded, tuple(number for number, blob in living if bytes.fromhex(blob) not in there)


def _pages(blobs: Iterator[BlobId]) -> Iterator[list[BlobId]]:
    while page := list(islice(blobs, _PAGE)):
        yield page

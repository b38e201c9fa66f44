"""Opening a path for writing: a new blob, one's own upload continued, or a new version from the old bytes.

The row, with a fresh lease, is there before the first byte; one path has one writer.  The same
account may take over from itself after a silence, since a batch job reconnects before we notice the
dead line; the lease keeps the first opening from committing anything afterwards.
"""

import os
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from mft.blobs.reader import SealedReader
from mft.blobs.sealed import SealedWriter
from mft.crypto.segments import SEGMENT, new_file_key
from mft.model.errors import Conflict, NotFound, Unavailable
from mft.model.file import StoredFile, UploadState
from mft.model.ids import BlobId, UploadId, new_blob_id, new_id
from mft.model.node import machine_of
from mft.model.path import VirtualPath
from mft.policy.access import Operation
from mft.policy.retention import resumable
from mft.store import uploads
from mft.store.engine import Connection
from mft.store.uploads import Staged
from mft.vfs.committing import check_target
from mft.vfs.looking import Place, look_to_add
from mft.vfs.parts import Caller, Holder, Parts
from mft.vfs.room import demand_disk, demand_file
from mft.vfs.shapes import Ended, OpenMode
from mft.vfs.uploading import Opening, UploadHandle

_HEARD_OF: Final = timedelta(seconds=10)
"""Twice the time in which an upload that is written to is heard of."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the transaction decided; the files follow it."""

    opening: Opening
    source: StoredFile | None = None
    """The version whose bytes come first."""
    moves: bool = False
    """Whether what is resumed goes into a new blob first: the old one may still be written, or is published."""
    leftover: BlobId | None = None
    """What the upload held before and nobody needs any more."""


class _PromisedError(Exception):
    """The caller was promised what is at the path already: what the row says next must be on the disk, too."""


class _OccupiedError(Exception):
    """The caller's own other session has the path open and has been silent."""

    def __init__(self, holder: Holder) -> None:
        super().__init__()
        self.holder = holder


def open_upload(parts: Parts, caller: Caller, path: VirtualPath, mode: OpenMode) -> UploadHandle:
    """Return the caller's own *path*, opened for writing.  Raises as ``Workspace.open_upload`` says."""
    demand_disk(parts)
    try:
        plan = _leased(parts, caller, path, mode)
    except _OccupiedError as occupied:
        occupied.holder.interrupt(Ended.TAKEN_OVER)
        plan = _leased(parts, caller, path, mode)
    try:
        return _handle(parts, caller, plan)
    except Exception:
        _give_up(parts, plan.opening)
        raise
    finally:
        if plan.leftover is not None:
            parts.blobs.discard(plan.leftover)


def _leased(parts: Parts, caller: Caller, path: VirtualPath, mode: OpenMode) -> _Plan:
    try:
        return _lease(parts, caller, path, mode, durable=False)
    except _PromisedError:
        return _lease(parts, caller, path, mode, durable=True)


def _lease(parts: Parts, caller: Caller, path: VirtualPath, mode: OpenMode, *, durable: bool) -> _Plan:
    """Decide under the grants of this moment, and keep the row.

    A new one waits for no disk: of an upload that a power cut takes, nobody was told anything but that
    it was open, and bytes without a row are discarded.
    """
    with parts.store.write(together=True, durable=durable) as connection:
        place = look_to_add(connection, caller, path, parts.clock.now())
        mine = _own(connection, parts, place)
        if mine is not None and not durable:
            raise _PromisedError
        resumed = mine if mine is not None and _continues(parts, place, mine, mode) else None
        _check(place, resumed, mode)
        owner = place.folder().organization
        row = _row(parts, place, mine, resumed)
        if mine is None:
            uploads.add_upload(connection, row)
        else:
            uploads.renew_lease(connection, mine, row)
        demand_file(connection, parts, owner, place.now, row.id, new=place.there is None)
        there = place.there.file if place.there is not None else None
        return _Plan(
            opening=Opening(
                row=row,
                path=place.path,
                mode=mode,
                owner=owner,
                replaces=0 if there is None else there.size,
                changes=mode.truncate or (there is None and resumed is None),
                resumed=resumed,
            ),
            source=None if mode.truncate else there,
            moves=resumed is not None and (resumed.state is UploadState.OPEN or _is_published(parts, resumed.blob)),
            leftover=mine.blob if mine is not None and mine.blob != row.blob else None,
        )


def _own(connection: Connection, parts: Parts, place: Place) -> Staged | None:
    """Return the caller's own upload at *place*.  Raises Conflict while another session of theirs is busy with it."""
    mine = uploads.mine_at(connection, place.folder().id, place.path.name, place.caller.viewer)
    if mine is None or mine.state is UploadState.INTERRUPTED:
        return mine
    holder = parts.open_here.get(mine.id)
    lapse = parts.rules.takeover
    # What another process holds is heard of every five seconds only.
    silent = place.now - mine.touched_at >= max(lapse, _HEARD_OF) if holder is None else holder.silent_for(lapse)
    if not silent:
        raise Conflict(f"{place.path} is being written by another session of the same account")
    if holder is not None:
        raise _OccupiedError(holder)
    return mine


def _continues(parts: Parts, place: Place, mine: Staged, mode: OpenMode) -> bool:
    """Return whether opening goes on with *mine*: no committed version has the name, and nothing is cut."""
    if mode.truncate or place.there is not None or not resumable(mine.touched_at, parts.rules.terms, place.now):
        return False
    if machine_of(mine.node) != machine_of(parts.node):
        raise Conflict(f"{place.path} was begun on the node {machine_of(mine.node)}; continue it there or begin anew")
    return True


def _check(place: Place, resumed: Staged | None, mode: OpenMode) -> None:
    if not mode.create and place.seen is None and resumed is None:
        raise NotFound(f"there is nothing at {place.path}")
    exclusive = mode.create and mode.exclusive
    check_target(place, exclusive=exclusive)
    if exclusive and resumed is not None:
        raise Conflict(f"{place.path} is there already")
    if mode.read and place.there is not None and not mode.truncate:
        place.demand(Operation.READ)


def _row(parts: Parts, place: Place, mine: Staged | None, resumed: Staged | None) -> Staged:
    """Return the row of this opening: what is resumed under a new lease, or a new blob and key."""
    lease, now = secrets.token_hex(8), place.now
    if resumed is not None:
        return replace(resumed, lease=lease, state=UploadState.OPEN, node=parts.node, touched_at=now)
    viewer = place.caller.viewer
    return Staged(
        id=UploadId(new_id("upl")) if mine is None else mine.id,
        parent=place.folder().id,
        name=place.path.name,
        owner=viewer.account,
        owner_name=viewer.name,
        blob=new_blob_id(),
        key=parts.master.wrap(new_file_key()),
        state=UploadState.OPEN,
        lease=lease,
        node=parts.node,
        size=0,
        opened_at=now,
        touched_at=now,
    )


def _handle(parts: Parts, caller: Caller, plan: _Plan) -> UploadHandle:
    opening = plan.opening
    if plan.moves:
        writer, row = _moved(parts, opening.row)
        opening = replace(opening, row=row)
    else:
        writer = _writer(parts, plan)
    taken = max(0, writer.size - opening.replaces)
    try:
        parts.ledger.take(opening.owner, taken)
    except Exception:
        writer.close()
        raise
    handle = UploadHandle(parts, caller, opening, writer, taken)
    parts.open_here[opening.row.id] = handle
    return handle


def _writer(parts: Parts, plan: _Plan) -> SealedWriter:
    row = plan.opening.row
    cipher = parts.cipher(row.blob, row.key)
    if plan.opening.resumed is not None:
        return SealedWriter.resume(parts.blobs.open_staged(row.blob), cipher)
    writer = SealedWriter(parts.blobs.create(row.blob), cipher)
    if plan.source is not None:
        file = plan.source
        _copy(parts, SealedReader(parts.blobs.open(file.blob), parts.cipher(file.blob, file.key), file.size), writer)
    return writer


def _moved(parts: Parts, row: Staged) -> tuple[SealedWriter, Staged]:
    """Return what arrived of *row* in a new blob, and the row that names it."""
    new = replace(row, blob=new_blob_id(), key=parts.master.wrap(new_file_key()))
    writer = SealedWriter(parts.blobs.create(new.blob), parts.cipher(new.blob, new.key))
    try:
        _copy(parts, _arrived(parts, row), writer)
        writer.sync()
        with parts.store.write() as connection:
            uploads.renew_lease(connection, row, new)
    except Exception:
        writer.close()
        parts.blobs.discard(new.blob)
        raise
    parts.blobs.discard(row.blob)
    return writer, new


def _arrived(parts: Parts, row: Staged) -> SealedReader | SealedWriter:
    cipher = parts.cipher(row.blob, row.key)
    if _is_published(parts, row.blob):
        return SealedReader(parts.blobs.open(row.blob), cipher, row.size)
    return SealedWriter.resume(parts.blobs.open_staged(row.blob), cipher)


def _copy(parts: Parts, source: SealedReader | SealedWriter, writer: SealedWriter) -> None:
    try:
        demand_disk(parts, source.size)
        for offset in range(0, source.size, SEGMENT):
            writer.write(offset, source.read(offset, SEGMENT))
    except Exception:
        writer.close()
        raise
    finally:
        source.close()


def _is_published(parts: Parts, blob: BlobId) -> bool:
    """Return whether *blob* was finished before its commit failed."""
    try:
        os.close(parts.blobs.open(blob))
    except Unavailable:
        return False
    return True


def _give_up(parts: Parts, opening: Opening) -> None:
    """Take the lease back: what could not be opened is as it was."""
    row, resumed = opening.row, opening.resumed
    with parts.store.write() as connection:
        if resumed is not None:
            uploads.interrupt(connection, row.id, row.lease, resumed.size, resumed.touched_at)
            return
        dropped = uploads.drop(connection, row.id, row.lease)
    if dropped is not None:
        parts.blobs.discard(dropped.blob)

"""The tree as one caller may use it, and the room that hands it out.

Every path argument is the caller's own (for a partner ``/Inbound/…``); the view turns it into the
catalog's.  What the caller may not see is NotFound, what they see and may not do is Forbidden; the
root is always there.  Grants are read anew in each call, in the transaction that acts on them, or
remembered from a read since which nothing was committed (mft.vfs.remembering).
"""

from typing import Final

from mft.audit.trail import Trail
from mft.blobs.local import LocalBlobs
from mft.clock import Clock
from mft.crypto.master import MasterKey
from mft.model.account import Account, Organization
from mft.model.errors import Conflict, Forbidden
from mft.model.file import EntryKind
from mft.model.ids import GrantId
from mft.model.path import ROOT, VirtualPath
from mft.model.rights import ALL, Grant
from mft.model.session import Actor, Session
from mft.policy.access import Operation
from mft.store import grants, versions
from mft.store.children import Line, Viewer
from mft.store.engine import Connection, Store
from mft.store.types import EPOCH
from mft.vfs import listing, naming, opening
from mft.vfs.downloading import Download, open_download
from mft.vfs.listing import Listing, line_of, open_listing
from mft.vfs.looking import look, recall
from mft.vfs.parts import Caller, Parts, Rules
from mft.vfs.remembering import Memory
from mft.vfs.room import space_of
from mft.vfs.shapes import Ended, Leftovers, Listed, OpenMode, Space
from mft.vfs.uploading import UploadHandle
from mft.vfs.view import EVERYTHING, view_of

__all__ = [
    "Download",
    "Ended",
    "Files",
    "Leftovers",
    "Line",
    "Listed",
    "Listing",
    "OpenMode",
    "Rules",
    "Space",
    "UploadHandle",
    "Workspace",
    "line_of",
]

_OPERATORS: Final = (Grant(GrantId("operators"), ROOT, ALL, None, None, "the house", EPOCH),)
"""Whoever works at the machine itself may do everything; each act is recorded."""


class Workspace:
    """What one session, or one operator, can do in the tree.  Made by ``Files``; raises MftError."""

    def __init__(self, parts: Parts, caller: Caller) -> None:
        """Keep *parts* and who calls."""
        self._parts = parts
        self._caller = caller

    def stat(self, path: VirtualPath) -> Listed:
        """Return what is at *path*.  A short read."""
        return listing.stat(self._parts, self._caller, path)

    def listing(self, path: VirtualPath) -> Listing:
        """Return the names in the folder *path*, to be fetched page by page.  A short read."""
        return open_listing(self._parts, self._caller, path)

    def open_download(self, path: VirtualPath) -> Download:
        """Return the current version of the file *path*, open for reading.  A short read and an open."""
        return open_download(self._parts, self._caller, path)

    def open_upload(self, path: VirtualPath, mode: OpenMode) -> UploadHandle:
        """Return *path* opened for writing; for the file lane, since old bytes may be copied first.

        Raises NotFound, Forbidden, Conflict (exclusive; a folder; a second writer), Exhausted.
        """
        return opening.open_upload(self._parts, self._caller, path, mode)

    def remove(self, path: VirtualPath) -> None:
        """Hide the file *path* at once, to be destroyed after the undo period; or drop one's own upload."""
        self.let_go(self.hide(path))

    def hide(self, path: VirtualPath) -> Leftovers:
        """Do the part of ``remove`` that is one transaction; for the write lane, with ``let_go`` to follow."""
        return naming.remove(self._parts, self._caller, path)

    def let_go(self, leftovers: Leftovers) -> None:
        """End the handles, and discard the bytes, of uploads that were removed; for the file lane."""
        naming.let_go(self._parts, leftovers)

    def make_folder(self, path: VirtualPath) -> None:
        """Make the folder *path*; Conflict when the name is taken."""
        naming.make_folder(self._parts, self._caller, path)

    def remove_folder(self, path: VirtualPath) -> None:
        """Remove the folder *path*; Conflict unless it is empty."""
        self.let_go(self.hide_folder(path))

    def hide_folder(self, path: VirtualPath) -> Leftovers:
        """Do the part of ``remove_folder`` that is one transaction; for the write lane, as ``hide``."""
        return naming.remove_folder(self._parts, self._caller, path)

    def rename(self, old: VirtualPath, new: VirtualPath, *, replace: bool) -> None:
        """Give *old* the name *new*.  With *replace* (posix-rename) a file there is replaced, else Conflict."""
        naming.rename(self._parts, self._caller, old, new, replace=replace)

    def set_mtime(self, path: VirtualPath, seconds: int) -> None:
        """Keep the client's claim about *path*; no rule reads it, and a folder's is forgotten.

        Who may replace a file may say so, and who brought it.
        """
        if self.stat(path).mine_uploading:
            return  # It ends with the handle that brings the bytes.
        with self._parts.store.write() as connection:
            place = look(connection, self._caller, path, self._parts.clock.now())
            file = place.entry().file
            if file is None:
                return
            brought = file.creator == self._caller.viewer.name and place.allows(Operation.CREATE)
            if not brought:
                place.demand(Operation.REPLACE)
            versions.set_mtime(connection, file.id, seconds)

    def set_size(self, path: VirtualPath, size: int) -> None:
        """Cut or grow the file *path* to *size*, as a new version; for the file lane.

        One's own upload on its way in stays on its way in, and is cut only: what it grew by would not be kept.
        """
        listed = self.stat(path)
        if listed.kind is EntryKind.FOLDER:
            raise Forbidden(f"{path} is a folder and has no size")
        if listed.mine_uploading and size > listed.size:
            raise Conflict(f"{path} is on its way in; it grows when it is written")
        handle = self.open_upload(path, OpenMode(truncate=size == 0))
        try:
            handle.truncate(size)
        except Exception:
            handle.interrupt(Ended.FAILED)
            raise
        if listed.mine_uploading:
            handle.interrupt(Ended.CLOSED)
            return
        handle.finish()
        handle.publish()

    def space(self, path: VirtualPath) -> Space:
        """Return the room there is at *path*.  A short read."""
        with self._parts.store.read() as connection:
            place = recall(self._parts.memory.at(connection), connection, self._caller, path, self._parts.clock.now())
            if path.names:
                place.entry()
            step = place.found.step or place.found.way[-1]
            return space_of(connection, self._parts, step.organization or self._caller.organization)


class Files:
    """The room: hands out workspaces over one catalog and one blob store."""

    def __init__(
        self,
        store: Store,
        blobs: LocalBlobs,
        master: MasterKey,
        trail: Trail,
        clock: Clock,
        rules: Rules,
        node: str,
    ) -> None:
        """Keep the parts; *node* is the name of this machine, whose staged uploads are its own."""
        self.parts = Parts(store, blobs, master, trail, clock, rules, node, Memory(store))

    def workspace(self, session: Session, account: Account, organization: Organization) -> Workspace:
        """Return the tree as *session* may use it: *account* of *organization*."""

        def held(connection: Connection) -> tuple[Grant, ...]:
            return grants.in_force(connection, account.id, organization.id)

        caller = Caller(
            actor=Actor(session.door, account.name, account.id, session.id, session.source),
            viewer=Viewer(account.id, account.name),
            organization=organization.id,
            view=view_of(organization),
            received_from=str(session.source),
            grants=held,
        )
        return Workspace(self.parts, caller)

    def operator(self, actor: Actor) -> Workspace:
        """Return the whole tree as the operator *actor* may use it: everything, each act recorded."""
        caller = Caller(
            actor=actor,
            viewer=Viewer(None, actor.name),
            organization=None,
            view=EVERYTHING,
            received_from=actor.door.value,
            grants=lambda _: _OPERATORS,
        )
        return Workspace(self.parts, caller)

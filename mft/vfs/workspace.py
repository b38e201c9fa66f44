"""The tree as one caller may use it.

Every path argument is the caller's own (for a partner ``/Inbound/…``); the view turns it into the
catalog's.  What the caller may not see is NotFound, what they see and may not do is Forbidden; the
root is always there.  Grants are read anew in each call, in the transaction that acts on them.
"""

from mft.model.path import VirtualPath
from mft.vfs.downloading import Download
from mft.vfs.listing import Listing
from mft.vfs.shapes import Ended, Listed, OpenMode, Space
from mft.vfs.uploading import UploadHandle

__all__ = ["Download", "Ended", "Listed", "Listing", "OpenMode", "Space", "UploadHandle", "Workspace"]


class Workspace:
    """What one session, or one operator, can do in the tree.  Made by ``Files``; raises MftError."""

    def stat(self, path: VirtualPath) -> Listed:
        """Return what is at *path*.  A short read."""
        raise NotImplementedError

    def listing(self, path: VirtualPath) -> Listing:
        """Return the names in the folder *path*, to be fetched page by page.  A short read."""
        raise NotImplementedError

    def open_download(self, path: VirtualPath) -> Download:
        """Return the current version of the file *path*, open for reading.  A short read and an open."""
        raise NotImplementedError

    def open_upload(self, path: VirtualPath, mode: OpenMode) -> UploadHandle:
        """Return *path* opened for writing; for the file lane, since old bytes may be copied first.

        Raises NotFound, Forbidden, Conflict (exclusive; a folder; a second writer), Exhausted.
        """
        raise NotImplementedError

    def remove(self, path: VirtualPath) -> None:
        """Hide the file *path* at once, to be destroyed after the undo period; or drop one's own upload."""
        raise NotImplementedError

    def make_folder(self, path: VirtualPath) -> None:
        """Make the folder *path*; Conflict when the name is taken."""
        raise NotImplementedError

    def remove_folder(self, path: VirtualPath) -> None:
        """Remove the folder *path*; Conflict unless it is empty."""
        raise NotImplementedError

    def rename(self, old: VirtualPath, new: VirtualPath, *, replace: bool) -> None:
        """Give *old* the name *new*.  With *replace* (posix-rename) a file there is replaced, else Conflict."""
        raise NotImplementedError

    def set_mtime(self, path: VirtualPath, seconds: int) -> None:
        """Keep the client's claim about *path*; no rule reads it, and a folder's is forgotten."""
        raise NotImplementedError

    def set_size(self, path: VirtualPath, size: int) -> None:
        """Cut or grow the file *path* to *size*, as a new version; for the file lane."""
        raise NotImplementedError

    def space(self, path: VirtualPath) -> Space:
        """Return the room there is at *path*.  A short read."""
        raise NotImplementedError

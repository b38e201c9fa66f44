"""Requests about names: look, list, remove, make, rename, set.  Each path becomes a VirtualPath first."""

import asyncio
import struct
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Final

from mft.model.errors import Forbidden
from mft.model.file import EntryKind
from mft.model.path import VirtualPath
from mft.sftp.session import packets
from mft.sftp.session.attrs import encode_listed, read_wishes
from mft.sftp.session.context import Context
from mft.sftp.session.handles import Browsing
from mft.sftp.session.longnames import bare_name, entries
from mft.sftp.session.packets import Code, Fields
from mft.sftp.session.status import END_OF_FILE
from mft.sftp.session.transfers import checked_size
from mft.vfs.workspace import Leftovers, Space, line_of

READDIR_BYTES: Final = 96 * 1024
"""Of one answer to READDIR; small enough for clients that take no packet above 128 KiB."""
BATCH: Final = 640
"""Names fetched at a time: about as many as an answer takes."""
_BLOCK: Final = 4096
_LONGEST_NAME: Final = 255
_NO_SETUID: Final = 0x2
_STATVFS: Final = struct.Struct(">11Q")


class Tree:
    """The requests about names, of one session.  Each returns the answer or raises MftError."""

    def __init__(self, context: Context) -> None:
        """Keep what the handlers share."""
        self._context = context

    async def stat(self, number: int, fields: Fields) -> bytes:
        """STAT and LSTAT, section 6.8."""
        path = VirtualPath.from_wire(fields.string())
        listed = await self._context.offload.read(self._context.workspace.stat, path)
        return packets.attributes(number, encode_listed(listed))

    async def setstat(self, number: int, fields: Fields) -> bytes:
        """SETSTAT, section 6.9.  What is ignored is ignored only where the name exists."""
        path, wishes = VirtualPath.from_wire(fields.string()), read_wishes(fields)
        context = self._context
        listed = await context.offload.read(context.workspace.stat, path)
        if wishes.size is not None:
            await context.offload.file(context.workspace.set_size, path, checked_size(wishes.size))
        if wishes.mtime is not None and listed.kind is EntryKind.FILE:
            await context.offload.write(context.workspace.set_mtime, path, wishes.mtime)
        if wishes.gives_away:
            raise Forbidden(f"{path}: owners cannot be changed")
        return packets.okay(number)

    async def realpath(self, number: int, fields: Fields) -> bytes:
        """REALPATH, section 6.11.  Says nothing about whether the name exists."""
        return packets.names(number, [bare_name(str(VirtualPath.from_wire(fields.string())))])

    async def opendir(self, number: int, fields: Fields) -> bytes:
        """OPENDIR, section 6.7."""
        path = VirtualPath.from_wire(fields.string())
        context = self._context
        context.handles.require_room()
        listing = await context.offload.read(context.workspace.listing, path)
        around = [line_of(listing.here, "."), line_of(listing.above, "..")]
        browsing = Browsing(path, listing, entries(around, context.clock.now()))
        return packets.handle(number, context.handles.add(browsing))

    async def readdir(self, number: int, fields: Fields) -> bytes:
        """READDIR, section 6.7: as many names as fit, then EOF."""
        browsing = self._context.handles.folder(fields.string())
        ahead, browsing.ahead = browsing.ahead, None
        if ahead is not None:
            await ahead
        while (fitting := _fitting(browsing.names)) == len(browsing.names) and not browsing.at_end:
            await self._fetch(browsing)
        if not fitting:
            return packets.status(number, Code.EOF, END_OF_FILE.text)
        sent, browsing.names = browsing.names[:fitting], browsing.names[fitting:]
        if not browsing.at_end and _fitting(browsing.names) == len(browsing.names):
            # While the client reads these names, the next are looked up.
            browsing.ahead = asyncio.ensure_future(self._fetch(browsing))
            browsing.ahead.add_done_callback(_heard)
        return packets.names(number, sent)

    async def _fetch(self, browsing: Browsing) -> None:
        found = await self._context.offload.read(browsing.listing.lines, BATCH)
        browsing.names += entries(found, self._context.clock.now())
        browsing.at_end = not found

    async def remove(self, number: int, fields: Fields) -> bytes:
        """REMOVE, section 6.5."""
        path = VirtualPath.from_wire(fields.string())
        return await self._removed(number, self._context.workspace.hide, path)

    async def mkdir(self, number: int, fields: Fields) -> bytes:
        """MKDIR, section 6.6.  Attributes are read past."""
        path = VirtualPath.from_wire(fields.string())
        read_wishes(fields)
        await self._context.offload.write(self._context.workspace.make_folder, path)
        return packets.okay(number)

    async def rmdir(self, number: int, fields: Fields) -> bytes:
        """RMDIR, section 6.6."""
        path = VirtualPath.from_wire(fields.string())
        return await self._removed(number, self._context.workspace.hide_folder, path)

    async def _removed(self, number: int, hide: Callable[[VirtualPath], Leftovers], path: VirtualPath) -> bytes:
        """Take *path* out of the tree in the write lane, and let bytes go where waiting for a disk holds up nobody."""
        leftovers = await self._context.offload.write(hide, path)
        if leftovers:
            await self._context.offload.file(self._context.workspace.let_go, leftovers)
        return packets.okay(number)

    async def rename(self, number: int, fields: Fields) -> bytes:
        """RENAME, section 6.5: an existing name at the target is an error."""
        return await self._rename(number, fields, replace=False)

    async def posix_rename(self, number: int, fields: Fields) -> bytes:
        """posix-rename@openssh.com (OpenSSH PROTOCOL, 4.3): an existing file is replaced."""
        return await self._rename(number, fields, replace=True)

    async def _rename(self, number: int, fields: Fields, *, replace: bool) -> bytes:
        old, new = VirtualPath.from_wire(fields.string()), VirtualPath.from_wire(fields.string())
        await self._context.offload.write(self._context.workspace.rename, old, new, replace=replace)
        return packets.okay(number)

    async def statvfs(self, number: int, fields: Fields) -> bytes:
        """statvfs@openssh.com (OpenSSH PROTOCOL, 4.4)."""
        return await self._space(number, VirtualPath.from_wire(fields.string()))

    async def fstatvfs(self, number: int, fields: Fields) -> bytes:
        """fstatvfs@openssh.com (OpenSSH PROTOCOL, 4.4)."""
        return await self._space(number, self._context.handles.any(fields.string()).path)

    async def _space(self, number: int, path: VirtualPath) -> bytes:
        space = await self._context.offload.read(self._context.workspace.space, path)
        return packets.extended_reply(number, encode_space(space))


def _heard(ahead: "asyncio.Future[None]") -> None:
    """Take note of what went wrong, lest it be reported where nobody asks for more names; who does, is told."""
    if not ahead.cancelled():
        ahead.exception()


def _fitting(names: list[bytes]) -> int:
    """Return how many of *names*, the first, an answer to READDIR takes."""
    return bisect_right(list(accumulate(map(len, names))), READDIR_BYTES)


def encode_space(space: Space) -> bytes:
    """Return the reply of statvfs: sizes in blocks of 4 KiB, what is free is free for the caller."""
    blocks, free = space.total // _BLOCK, space.free // _BLOCK
    files, free_files = space.files, space.free_files
    return _STATVFS.pack(
        *(_BLOCK, _BLOCK, blocks, free, free, files, free_files, free_files, 0, _NO_SETUID, _LONGEST_NAME)
    )

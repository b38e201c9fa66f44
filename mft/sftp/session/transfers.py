"""OPEN, CLOSE and what else is asked of an open file.  READ and WRITE are in mft.sftp.session.hot."""

import struct
from typing import Final

from mft.model.errors import Conflict, Forbidden, Invalid, NotFound
from mft.model.file import EntryKind
from mft.model.path import VirtualPath
from mft.sftp.session import packets
from mft.sftp.session.attrs import Wishes, encode, encode_listed, read_wishes
from mft.sftp.session.context import Context
from mft.sftp.session.handles import Reading, Writing, close
from mft.sftp.session.packets import Fields
from mft.vfs.workspace import OpenMode

FLAG_READ: Final = 0x01
FLAG_WRITE: Final = 0x02
FLAG_APPEND: Final = 0x04
FLAG_CREATE: Final = 0x08
FLAG_TRUNCATE: Final = 0x10
FLAG_EXCLUSIVE: Final = 0x20
LARGEST: Final = (1 << 63) - 1
_LIMITS: Final = struct.Struct(">QQQQ")


class Transfers:
    """The requests about open files, of one session.  Each returns the answer or raises MftError."""

    def __init__(self, context: Context) -> None:
        """Keep what the handlers share."""
        self._context = context

    async def open(self, number: int, fields: Fields) -> bytes:
        """OPEN, section 6.3: a committed version to read, or an upload to write."""
        path, flags = VirtualPath.from_wire(fields.string()), fields.u32()
        read_wishes(fields)
        self._context.handles.require_room()
        if flags & (FLAG_WRITE | FLAG_APPEND):
            return packets.handle(number, await self._open_upload(path, flags))
        if flags & FLAG_READ:
            return packets.handle(number, await self._open_download(path))
        raise Forbidden(f"{path}: opened neither to read nor to write")

    async def _open_download(self, path: VirtualPath) -> bytes:
        context = self._context
        download = await context.offload.read(context.workspace.open_download, path)
        return context.handles.add(Reading(path, download, context.monotonic()))

    async def _open_upload(self, path: VirtualPath, flags: int) -> bytes:
        context = self._context
        mode = OpenMode(
            create=bool(flags & FLAG_CREATE),
            truncate=bool(flags & FLAG_TRUNCATE),
            exclusive=bool(flags & FLAG_CREATE and flags & FLAG_EXCLUSIVE),
            append=bool(flags & FLAG_APPEND),
            read=bool(flags & FLAG_READ),
        )
        upload = await context.offload.file(context.workspace.open_upload, path, mode)
        return context.handles.add(Writing(path, upload, context.monotonic(), mode.read))

    async def close(self, number: int, fields: Fields) -> bytes:
        """CLOSE, section 6.3: the one request that publishes.  OK is said when it is durable."""
        context = self._context
        opened = context.handles.pop(fields.string())
        await close(opened, context.offload, context.log, context.monotonic())
        return packets.okay(number)

    async def fstat(self, number: int, fields: Fields) -> bytes:
        """FSTAT, section 6.8: the size is that of what is open, whatever its name means by now."""
        opened = self._context.handles.any(fields.string())
        match opened:
            case Writing():
                claimed = opened.claimed
                modified = int(self._context.clock.now().timestamp()) if claimed is None else claimed
                return packets.attributes(number, encode(EntryKind.FILE, opened.upload.size, modified))
            case Reading():
                modified = await self._modified(opened.path)
                return packets.attributes(number, encode(EntryKind.FILE, opened.download.size, modified))
            case _:
                listed = await self._context.offload.read(self._context.workspace.stat, opened.path)
                return packets.attributes(number, encode_listed(listed))

    async def _modified(self, path: VirtualPath) -> int:
        try:
            return (await self._context.offload.read(self._context.workspace.stat, path)).modified
        except NotFound:
            # Removed since it was opened, and still readable through the handle.
            return int(self._context.clock.now().timestamp())

    async def fsetstat(self, number: int, fields: Fields) -> bytes:
        """FSETSTAT, section 6.9: size and mtime of an upload; of anything else by its path."""
        opened = self._context.handles.any(fields.string())
        wishes = read_wishes(fields)
        if isinstance(opened, Writing):
            await self._shape(opened, wishes)
        elif wishes.size is not None:
            raise Forbidden(f"{opened.path} was not opened for writing")
        elif wishes.mtime is not None:
            await self._context.offload.write(self._context.workspace.set_mtime, opened.path, wishes.mtime)
        if wishes.gives_away:
            raise Forbidden(f"{opened.path}: owners cannot be changed")
        return packets.okay(number)

    async def _shape(self, writing: Writing, wishes: Wishes) -> None:
        if wishes.size is not None:
            writing.touched = True
            try:
                await self._context.offload.file(writing.upload.truncate, checked_size(wishes.size))
            except BaseException:
                writing.spoil()
                raise
        if wishes.mtime is not None:
            writing.upload.set_mtime(wishes.mtime)
            writing.claimed = wishes.mtime

    async def fsync(self, number: int, fields: Fields) -> bytes:
        """fsync@openssh.com (OpenSSH PROTOCOL, 4.10): durable, not published."""
        opened = self._context.handles.file(fields.string())
        if isinstance(opened, Writing):
            try:
                await self._context.offload.file(opened.upload.sync)
            except BaseException:
                opened.spoil()
                raise
        return packets.okay(number)

    async def limits(self, number: int, _fields: Fields) -> bytes:
        """limits@openssh.com (OpenSSH PROTOCOL, 4.8)."""
        limits = self._context.limits
        return packets.extended_reply(number, _LIMITS.pack(limits.packet, limits.read, limits.write, limits.handles))

    async def check_leases(self) -> None:
        """Tell the store which uploads live, and learn which were taken over."""
        for writing in self._context.handles.uploads():
            if not writing.touched or writing.spoiled:
                continue
            writing.touched = False
            try:
                await self._context.offload.write(writing.upload.check_lease)
            except Conflict:
                # The next CLOSE of this handle tells the client, if no WRITE does before.
                writing.spoil()
                self._context.log.info("lease.lost", path=str(writing.path))
            except Exception:
                # The store could not be told; the next time it may, and the commit decides in any case.
                writing.touched = True
                self._context.log.exception("lease.unknown", path=str(writing.path))


def checked_size(size: int) -> int:
    """Return *size* if a file can have it.  Raises Invalid."""
    if size > LARGEST:
        raise Invalid("no file is that large")
    return size

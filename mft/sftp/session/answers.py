"""From a packet to the handler that answers it.  What has no handler here is refused."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from mft.sftp.session.context import Context
from mft.sftp.session.packets import Fields, Garbled, Kind
from mft.sftp.session.requests import EXTENSIONS, REQUESTS
from mft.sftp.session.status import Unsupported
from mft.sftp.session.transfers import Transfers
from mft.sftp.session.tree import Tree

Handler = Callable[[int, Fields], Coroutine[Any, Any, bytes]]
"""Takes the request's number and its fields, returns the whole answer or raises MftError."""


class Answers:
    """The handlers of one session, by request and by extension."""

    def __init__(self, context: Context) -> None:
        """Collect the handlers."""
        tree, transfers = Tree(context), Transfers(context)
        self.check_leases: Callable[[], Coroutine[Any, Any, None]] = transfers.check_leases
        self.requests: Final[dict[int, Handler]] = {
            Kind.OPEN: transfers.open,
            Kind.CLOSE: transfers.close,
            Kind.LSTAT: tree.stat,
            Kind.FSTAT: transfers.fstat,
            Kind.SETSTAT: tree.setstat,
            Kind.FSETSTAT: transfers.fsetstat,
            Kind.OPENDIR: tree.opendir,
            Kind.READDIR: tree.readdir,
            Kind.REMOVE: tree.remove,
            Kind.MKDIR: tree.mkdir,
            Kind.RMDIR: tree.rmdir,
            Kind.REALPATH: tree.realpath,
            Kind.STAT: tree.stat,
            Kind.RENAME: tree.rename,
            Kind.EXTENDED: self._extended,
        }
        self.extensions: Final[dict[bytes, Handler]] = {
            b"posix-rename@openssh.com": tree.posix_rename,
            b"statvfs@openssh.com": tree.statvfs,
            b"fstatvfs@openssh.com": tree.fstatvfs,
            b"fsync@openssh.com": transfers.fsync,
            b"limits@openssh.com": transfers.limits,
        }

    async def answer(self, number: int, packet: bytes) -> bytes:
        """Return the answer to *packet*, request *number*.  Raises MftError."""
        handler = self.requests.get(packet[0])
        if handler is None:
            raise Unsupported(f"request type {packet[0]}")
        fields = Fields(packet)
        fields.u32()
        return await handler(number, fields)

    async def _extended(self, number: int, fields: Fields) -> bytes:
        name = fields.string()
        handler = self.extensions.get(name)
        if handler is None:
            raise Unsupported("an extension that is not in the table")
        return await handler(number, fields)


def request_name(packet: bytes | memoryview) -> str:
    """Return the name that the table has for *packet*, or its type as a number."""
    try:
        if packet[0] == Kind.EXTENDED:
            fields = Fields(bytes(packet[:256]))
            fields.u32()
            return EXTENSIONS[fields.string()][1].name
        return REQUESTS[Kind(packet[0])].name
    except (ValueError, KeyError, Garbled):
        return f"type {packet[0]}"

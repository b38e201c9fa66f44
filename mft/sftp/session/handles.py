"""What a session holds open, and how each of them ends.

Only ``close`` with a client's SSH_FXP_CLOSE behind it publishes an upload.  Everything else that
can happen to a session comes through ``release``, which keeps what arrived and publishes nothing.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, TypeVar

from mft.model.errors import Conflict, Exhausted, Forbidden, Invalid
from mft.model.path import VirtualPath
from mft.offload import Offload
from mft.sftp.session.log import Log
from mft.vfs.workspace import Download, Ended, Listing, UploadHandle

T = TypeVar("T")
_WIDTH: Final = 4
"""Bytes of a handle.  The hot path counts on it."""


class UnknownHandle(Invalid):
    """The client named a handle that is not open, or of another sort than the request needs."""


class TooManyHandles(Exhausted):
    """The session holds as many handles as it may."""


@dataclass(slots=True)
class Reading:
    """A file opened for reading."""

    path: VirtualPath
    download: Download
    opened_at: float
    moved: int = 0
    """Bytes sent so far, repetitions counted."""

    def read(self, offset: int, length: int) -> bytes:
        """Return up to *length* bytes from *offset*."""
        content = self.download.read(offset, length)
        self.moved += len(content)
        return content

    def read_into(self, offset: int, out: memoryview) -> int:
        """Fill *out* from *offset* and return how many bytes there were."""
        count = self.download.read_into(offset, out)
        self.moved += count
        return count

    def write(self, _offset: int, _data: memoryview) -> None:
        """Refuse: the file was opened for reading."""
        raise Forbidden(f"{self.path} was opened for reading")

    def spoil(self) -> None:
        """Do nothing: there is nothing to publish."""


@dataclass(slots=True)
class Writing:
    """A file opened for writing."""

    path: VirtualPath
    upload: UploadHandle
    opened_at: float
    may_read: bool
    moved: int = 0
    """Bytes received so far, repetitions counted."""
    touched: bool = False
    """Whether anything was written since the store last heard of this upload."""
    spoiled: bool = False
    """Whether something the client wrote was refused: it must never be published without it."""
    claimed: int | None = None
    """The mtime that the client set through this handle."""

    def read(self, offset: int, length: int) -> bytes:
        """Return what was written there."""
        if not self.may_read:
            raise Forbidden(f"{self.path} was opened for writing only")
        return self.upload.read(offset, length)

    def read_into(self, offset: int, out: memoryview) -> int:
        """Fill *out* with what was written there and return how many bytes that is."""
        content = self.read(offset, len(out))
        out[: len(content)] = content
        return len(content)

    def write(self, offset: int, data: memoryview) -> None:
        """Take *data*.  After one refusal the upload can no longer be published."""
        try:
            self.upload.write(offset, data)
        except BaseException:
            self.spoil()
            raise
        self.moved += len(data)
        self.touched = True

    def spoil(self) -> None:
        """Never publish this: a client that overlooks a refused WRITE and closes would commit half a file."""
        self.spoiled = True

    def require_whole(self) -> None:
        """Raise Conflict if something that the client wrote was refused."""
        if self.spoiled:
            raise Conflict(f"{self.path}: a write was refused before, so the file is not whole")


@dataclass(slots=True)
class Browsing:
    """A folder opened for listing."""

    path: VirtualPath
    listing: Listing
    names: list[bytes]
    """Entries that were fetched and not sent yet."""
    at_end: bool = False
    ahead: "asyncio.Future[None] | None" = None
    """The look at the next entries, while the client reads the last."""


Opened = Reading | Writing | Browsing


class Handles:
    """The open handles of one session.  Numbers are never given out twice."""

    def __init__(self, most: int) -> None:
        """Hold at most *most*."""
        self._most = most
        self._last = 0
        self._open: dict[bytes, Opened] = {}

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def require_room(self) -> None:
        """Raise TooManyHandles if another one would be too many.  Asked before anything is opened."""
        if len(self._open) >= self._most:
            raise TooManyHandles(f"the session holds {self._most} handles")

    def add(self, opened: Opened) -> bytes:
        """Keep *opened* and return its handle."""
        self._last += 1
        handle = self._last.to_bytes(_WIDTH, "big")
        self._open[handle] = opened
        return handle

    def file(self, handle: bytes) -> Reading | Writing:
        """Return the open file behind *handle*."""
        opened = self._open.get(handle)
        if opened is None or isinstance(opened, Browsing):
            raise UnknownHandle("no open file has that handle")
        return opened

    def folder(self, handle: bytes) -> Browsing:
        """Return the open folder behind *handle*."""
        opened = self._open.get(handle)
        if not isinstance(opened, Browsing):
            raise UnknownHandle("no open folder has that handle")
        return opened

    def any(self, handle: bytes) -> Opened:
        """Return what is behind *handle*."""
        opened = self._open.get(handle)
        if opened is None:
            raise UnknownHandle("nothing open has that handle")
        return opened

    def pop(self, handle: bytes) -> Opened:
        """Return what is behind *handle*, which is from now on nothing."""
        opened = self.any(handle)
        del self._open[handle]
        return opened

    def drain(self) -> list[Opened]:
        """Return everything open; from now on nothing is."""
        opened = list(self._open.values())
        self._open.clear()
        return opened

    def uploads(self) -> list[Writing]:
        """Return the uploads under way."""
        return [opened for opened in self._open.values() if isinstance(opened, Writing)]


async def close(opened: Opened, offload: Offload, log: Log, now: float) -> None:
    """End *opened* because the client asked for it with SSH_FXP_CLOSE.  Raises MftError."""
    match opened:
        case Reading():
            await offload.write(opened.download.close, Ended.CLOSED)
            _log_transfer(log, "download.closed", opened, now, Ended.CLOSED)
        case Writing():
            await _publish(opened, offload)
            _log_transfer(log, "upload.committed", opened, now, Ended.CLOSED)
        case Browsing():
            pass


async def _publish(writing: Writing, offload: Offload) -> None:
    try:
        writing.require_whole()
        await offload.file(writing.upload.close)
    except BaseException:
        await offload.file(writing.upload.interrupt, Ended.FAILED)
        raise


async def release(opened: list[Opened], ended: Ended, offload: Offload, log: Log, now: float) -> None:
    """End all of *opened* though no client asked for it.  One that fails keeps none from its end."""
    for one in opened:
        try:
            match one:
                case Reading():
                    await offload.write(one.download.close, ended)
                    _log_transfer(log, "download.closed", one, now, ended)
                case Writing():
                    await offload.file(one.upload.interrupt, ended)
                    _log_transfer(log, "upload.interrupted", one, now, ended)
                case Browsing():
                    pass
        except Exception:
            # Whatever it was, the other handles still have to be let go.
            log.exception("release.failed", path=str(one.path), ended=ended.value)


def _log_transfer(log: Log, event: str, file: Reading | Writing, now: float, ended: Ended) -> None:
    size = file.download.size if isinstance(file, Reading) else file.upload.size
    seconds = round(now - file.opened_at, 3)
    log.info(event, path=str(file.path), size=size, moved=file.moved, seconds=seconds, ended=ended.value)

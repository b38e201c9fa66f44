"""SFTP as bytes: requests as a client writes them, and a session driven without SSH around it.

The room behind the session here fails as it is told to; it stands in for faults, not for the tree.
What the tree does is tested on the real one.
"""

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mft.model.errors import MftError
from mft.model.file import EntryKind
from mft.model.path import VirtualPath
from mft.offload import Offload
from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.packets import Kind, string
from mft.sftp.session.session import SftpSession
from mft.vfs.workspace import Ended, Leftovers, Line, Listed, OpenMode, Space, line_of

READ, WRITE, APPEND, CREATE, TRUNCATE, EXCLUSIVE = 1, 2, 4, 8, 16, 32
NO_ATTRS = struct.pack(">I", 0)


def u32(number: int) -> bytes:
    return struct.pack(">I", number)


def u64(number: int) -> bytes:
    return struct.pack(">Q", number)


def framed(body: bytes) -> bytes:
    return u32(len(body)) + body


def request(kind: int, number: int, *fields: bytes) -> bytes:
    return framed(bytes([kind]) + u32(number) + b"".join(fields))


INIT = framed(bytes([Kind.INIT]) + u32(3))


def open_file(number: int, path: bytes, flags: int) -> bytes:
    return request(Kind.OPEN, number, string(path), u32(flags), NO_ATTRS)


def read_file(number: int, handle: bytes, offset: int, length: int) -> bytes:
    return request(Kind.READ, number, string(handle), u64(offset), u32(length))


def write_file(number: int, handle: bytes, offset: int, content: bytes) -> bytes:
    return request(Kind.WRITE, number, string(handle), u64(offset), string(content))


def close_handle(number: int, handle: bytes) -> bytes:
    return request(Kind.CLOSE, number, string(handle))


@dataclass(frozen=True)
class Answer:
    """One answer, taken apart as far as every answer goes."""

    kind: int
    number: int
    body: bytes

    @property
    def code(self) -> int:
        assert self.kind == Kind.STATUS, self
        return int.from_bytes(self.body[:4], "big")

    @property
    def text(self) -> str:
        assert self.kind == Kind.STATUS, self
        length = int.from_bytes(self.body[4:8], "big")
        return self.body[8 : 8 + length].decode()

    @property
    def handle(self) -> bytes:
        assert self.kind == Kind.HANDLE, self
        return self.body[4:]

    @property
    def content(self) -> bytes:
        assert self.kind == Kind.DATA, self
        return self.body[4:]


def answers(stream: bytes) -> list[Answer]:
    """Take apart a whole stream of answers; whatever is cut short fails."""
    found, at = [], 0
    while at < len(stream):
        length = int.from_bytes(stream[at : at + 4], "big")
        body = stream[at + 4 : at + 4 + length]
        assert len(body) == length
        found.append(Answer(body[0], int.from_bytes(body[1:5], "big"), body[5:]))
        at += 4 + length
    return found


@dataclass
class Channel:
    """The side of an asyncssh channel that a session sees.  Takes what it is given, at the pace it is told."""

    session: SftpSession | None = None
    window: int = 1 << 40
    written: bytearray = field(default_factory=bytearray)
    queued: bytearray = field(default_factory=bytearray)
    kept_back: deque[bytes] = field(default_factory=deque)
    paused: bool = False
    closing: bool = False
    how: str = ""
    most_queued: int = 0

    def write(self, data: bytes) -> None:
        assert not self.closing
        self.queued += data
        self.most_queued = max(self.most_queued, len(self.queued))
        self.drain(0)

    def drain(self, more: int) -> None:
        """Let the client take *more* bytes."""
        self.window += more
        taken = self.queued[: self.window]
        del self.queued[: len(taken)]
        self.window -= len(taken)
        self.written += taken
        if taken and more and self.session is not None:
            self.session.resume_writing()

    def arrive(self, data: bytes) -> None:
        """Bytes came from the client."""
        if self.paused:
            self.kept_back.append(data)
        elif self.session is not None:
            self.session.data_received(data, None)

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False
        while self.kept_back and not self.paused:
            self.session.data_received(self.kept_back.popleft(), None)

    def get_write_buffer_size(self) -> int:
        return len(self.queued)

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self._end("close")

    def abort(self) -> None:
        self._end("abort")

    def exit(self, status: int) -> None:
        self._end(f"exit {status}")

    def _end(self, how: str) -> None:
        if not self.closing:
            self.closing, self.how = True, how


Fault = Callable[[], MftError | Exception | None]


@dataclass
class FaultyRoom:
    """Answers every call, or raises what *fault* says; counts what is open and how it ended."""

    fault: Fault = lambda: None
    size: int = 1000
    opened: int = 0
    ended: list[tuple[str, str]] = field(default_factory=list)
    published: int = 0
    calls: list[str] = field(default_factory=list)

    def call(self, name: str) -> None:
        self.calls.append(name)
        error = self.fault()
        if error is not None:
            raise error

    def listed(self, name: str, kind: EntryKind = EntryKind.FILE) -> Listed:
        at = datetime(2026, 11, 22, tzinfo=UTC)
        return Listed(name, kind, self.size, 1_700_000_000, at, "alice", None, None, 0, "127.0.0.1", False)

    def stat(self, path: VirtualPath) -> Listed:
        self.call("stat")
        return self.listed(path.name)

    def listing(self, _path: VirtualPath) -> "FaultyListing":
        self.call("listing")
        return FaultyListing(self)

    def open_download(self, _path: VirtualPath) -> "FaultyDownload":
        self.call("open_download")
        self.opened += 1
        return FaultyDownload(self, self.size)

    def open_upload(self, _path: VirtualPath, _mode: OpenMode) -> "FaultyUpload":
        self.call("open_upload")
        self.opened += 1
        return FaultyUpload(self)

    def hide(self, _path: VirtualPath) -> Leftovers:
        self.call("remove")
        return ()

    def make_folder(self, _path: VirtualPath) -> None:
        self.call("make_folder")

    def hide_folder(self, _path: VirtualPath) -> Leftovers:
        self.call("remove_folder")
        return ()

    def rename(self, _old: VirtualPath, _new: VirtualPath, *, replace: bool) -> None:
        self.call(f"rename {replace}")

    def set_mtime(self, _path: VirtualPath, _seconds: int) -> None:
        self.call("set_mtime")

    def set_size(self, _path: VirtualPath, _size: int) -> None:
        self.call("set_size")

    def space(self, _path: VirtualPath) -> Space:
        self.call("space")
        return Space(1 << 40, 1 << 39, 1000, 999)


@dataclass
class FaultyListing:
    room: FaultyRoom
    given: int = 0

    @property
    def here(self) -> Listed:
        return self.room.listed("here", EntryKind.FOLDER)

    above = here

    def lines(self, count: int) -> list[Line]:
        self.room.call("lines")
        fresh = range(self.given, min(self.given + count, self.room.size))
        self.given += len(fresh)
        return [line_of(self.room.listed(f"file-{number:06}.txt")) for number in fresh]


@dataclass
class FaultyDownload:
    room: FaultyRoom
    size: int
    closed: bool = False

    def read(self, offset: int, length: int) -> bytes:
        self.room.call("read")
        return bytes(max(0, min(length, self.size - offset)))

    def close(self, ended: Ended) -> None:
        if not self.closed:
            self.closed = True
            self.room.opened -= 1
            self.room.ended.append(("download", ended.value))
        self.room.call("close")


@dataclass
class FaultyUpload:
    room: FaultyRoom
    size: int = 0
    closed: bool = False

    def write(self, offset: int, data: bytes | memoryview) -> None:
        self.room.call("write")
        self.size = max(self.size, offset + len(data))

    def read(self, _offset: int, _length: int) -> bytes:
        self.room.call("read")
        return b""

    def truncate(self, size: int) -> None:
        self.room.call("truncate")
        self.size = size

    def set_mtime(self, _seconds: int) -> None:
        self.room.call("set_mtime")

    def sync(self) -> None:
        self.room.call("sync")

    def check_lease(self) -> None:
        self.room.call("check_lease")

    def finish(self) -> None:
        self.room.call("finish")

    def publish(self) -> None:
        self.room.call("publish")
        self.room.published += 1
        self._end("published")

    def close(self) -> None:
        self.finish()
        self.publish()

    def interrupt(self, why: Ended) -> None:
        self._end(why.value)
        self.room.call("interrupt")

    def _end(self, how: str) -> None:
        if not self.closed:
            self.closed = True
            self.room.opened -= 1
            self.room.ended.append(("upload", how))


class Lines:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, /, **details: object) -> None:
        self.lines.append((event, details))

    def exception(self, event: str, /, **details: object) -> None:
        self.lines.append((event, details))

    def of(self, event: str) -> list[dict[str, object]]:
        return [details for name, details in self.lines if name == event]


async def until(holds: Callable[[], bool]) -> None:
    """Let others work until *holds* does; ten seconds are enough for anything."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110  (what is waited for tells nobody)
            await asyncio.sleep(0)


class Wire:
    """A session over *room*, begun and greeted, and what a client would see of it."""

    def __init__(self, room, offload: Offload, limits: SessionLimits | None = None, *, greet: bool = True) -> None:
        self.room, self.log, self.channel = room, Lines(), Channel()
        self.backlog = 0
        self.session = SftpSession(room, offload, limits or SessionLimits(), lambda: self.backlog, self.log)
        self.channel.session = self.session
        self.session.connection_made(self.channel)
        assert self.session.subsystem_requested("sftp")
        self.session.session_started()
        if greet:
            self.channel.arrive(INIT)
            assert self.take()[0].kind == Kind.VERSION

    def take(self) -> list[Answer]:
        """Return the answers that arrived since the last time."""
        found = answers(bytes(self.channel.written))
        self.channel.written.clear()
        return found

    async def settled(self) -> None:
        """Wait until no request is under way."""
        await asyncio.sleep(0)
        await until(lambda: self.session._busy is None)  # noqa: SLF001  (only the session knows)

    async def ask(self, *requests: bytes) -> list[Answer]:
        """Send *requests* in one piece and return the answers to all of them."""
        self.channel.arrive(b"".join(requests))
        await self.settled()
        return self.take()

    async def opened(self, path: bytes = b"/Inbound/x", flags: int = WRITE | CREATE) -> bytes:
        """Open a file and return its handle."""
        (answer,) = await self.ask(open_file(1, path, flags))
        return answer.handle

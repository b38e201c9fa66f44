"""The codec: bytes to fields and answers to bytes, after draft-ietf-secsh-filexfer-02.

Every byte read here was written by a client that may be hostile; nothing here knows what a request means.
"""

import struct
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from mft.model.errors import Invalid

VERSION: Final = 3


class Kind(IntEnum):
    """Packet types, section 3; 21 to 23 are version 6, which some clients try."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    LINK = 21
    BLOCK = 22
    UNBLOCK = 23
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Code(IntEnum):
    """Status codes of version 3, section 7.  There are no others, whatever later drafts say."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8


class Garbled(Invalid):
    """The packet does not hold the fields that its type promises."""


_U32: Final = struct.Struct(">I")
_U64: Final = struct.Struct(">Q")
_HEAD: Final = struct.Struct(">IBI")
"""Length, type, request id: how every answer begins."""
_HEAD_LENGTH: Final = 5
_STATUS_OK: Final = struct.Struct(">IBIIII")
_DATA: Final = struct.Struct(">IBII")
DATA_HEAD: Final = _DATA.size
"""Bytes of SSH_FXP_DATA before its content."""


class Fields:
    """The fields of one packet, read from front to back.  Raises Garbled where they end too soon."""

    def __init__(self, packet: bytes) -> None:
        """Begin behind the type byte of *packet*."""
        self._packet = packet
        self._at = 1

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._packet):
            raise Garbled("the packet ends inside a field")
        taken = self._packet[self._at : end]
        self._at = end
        return taken

    def u32(self) -> int:
        """Return the next 32-bit number."""
        number: int = _U32.unpack(self._take(4))[0]
        return number

    def u64(self) -> int:
        """Return the next 64-bit number."""
        number: int = _U64.unpack(self._take(8))[0]
        return number

    def string(self) -> bytes:
        """Return the next string: a 32-bit length and that many bytes."""
        return self._take(self.u32())


def string(value: bytes) -> bytes:
    """Return *value* as a string field."""
    return _U32.pack(len(value)) + value


def _answer(kind: Kind, number: int, body: bytes) -> bytes:
    return _HEAD.pack(_HEAD_LENGTH + len(body), kind, number) + body


def version(extensions: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return SSH_FXP_VERSION, which names the *extensions* and their versions."""
    body = b"".join(string(name) + string(value) for name, value in extensions)
    return _HEAD.pack(_HEAD_LENGTH + len(body), Kind.VERSION, VERSION) + body


def status(number: int, code: Code, text: str) -> bytes:
    """Return SSH_FXP_STATUS for request *number*; *text* is a sentence of our own, in English."""
    return _answer(Kind.STATUS, number, _U32.pack(code) + string(text.encode()) + string(b"en"))


def okay(number: int) -> bytes:
    """Return SSH_FXP_STATUS OK without a text: the answer to each WRITE, so it is made quickly."""
    return _STATUS_OK.pack(17, Kind.STATUS, number, Code.OK, 0, 0)


def handle(number: int, opened: bytes) -> bytes:
    """Return SSH_FXP_HANDLE."""
    return _answer(Kind.HANDLE, number, string(opened))


def data(number: int, content: bytes) -> bytes:
    """Return SSH_FXP_DATA."""
    length = len(content)
    return _DATA.pack(length + 9, Kind.DATA, number, length) + content


def put_data_head(out: memoryview, number: int, length: int) -> None:
    """Write at the beginning of *out* what makes the *length* bytes behind it SSH_FXP_DATA."""
    _DATA.pack_into(out, 0, length + 9, Kind.DATA, number, length)


def names(number: int, entries: list[bytes]) -> bytes:
    """Return SSH_FXP_NAME; each of *entries* is a name, a long name and attributes."""
    return _answer(Kind.NAME, number, _U32.pack(len(entries)) + b"".join(entries))


def attributes(number: int, encoded: bytes) -> bytes:
    """Return SSH_FXP_ATTRS."""
    return _answer(Kind.ATTRS, number, encoded)


def extended_reply(number: int, body: bytes) -> bytes:
    """Return SSH_FXP_EXTENDED_REPLY, whose body only the extension knows."""
    return _answer(Kind.EXTENDED_REPLY, number, body)

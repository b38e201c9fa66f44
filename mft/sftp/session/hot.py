"""READ and WRITE: answered at once, from the packet as it lies in the buffer.

A transfer is made of these two, 4,100 to the GiB, so they take no task, no query and no copy that
can be spared.  Both raise MftError; the session turns it into a status.
"""

import struct
from collections.abc import Callable
from typing import Final

from mft.model.errors import Invalid
from mft.sftp.session import packets
from mft.sftp.session.handles import Handles, UnknownHandle
from mft.sftp.session.packets import Code, Garbled
from mft.sftp.session.status import END_OF_FILE

_READ: Final = struct.Struct(">BII4sQI")
_WRITE_HEAD: Final = struct.Struct(">BII4sQI")
_WIDTH: Final = 4
_LONG: Final = 16_384
"""Bytes of content from which on an answer is worth being written where it goes out."""
_LAST_OFFSET: Final = 1 << 63
"""Offsets are 64-bit on the wire and signed wherever a file is."""


def answer_length(packet: memoryview | bytes, most: int) -> int:
    """Return how long the answer to a READ of up to *most* bytes may become."""
    wanted = int.from_bytes(packet[_READ.size - 4 :], "big") if len(packet) == _READ.size else 0
    return packets.DATA_HEAD + min(wanted, most)


def read(
    packet: memoryview | bytes, handles: Handles, most: int, room: Callable[[int], memoryview | None]
) -> bytes | memoryview:
    """Answer READ: DATA with up to *most* bytes, or EOF (section 6.4: past the end is no empty answer).

    A long answer is written into the *room* for so many bytes, from where it goes out, if there is one.
    """
    if len(packet) != _READ.size:
        raise _odd(packet)
    _, number, width, handle, offset, length = _READ.unpack(packet)
    if width != _WIDTH:
        raise UnknownHandle("no handle of ours is that long")
    file = handles.file(handle)
    if offset >= _LAST_OFFSET:
        return _end_of_file(number)
    wanted = min(length, most)
    out = room(packets.DATA_HEAD + wanted) if wanted >= _LONG else None
    if out is None:
        content = file.read(offset, wanted)
        return packets.data(number, content) if content or not length else _end_of_file(number)
    count = file.read_into(offset, out[packets.DATA_HEAD :])
    if not count:
        return _end_of_file(number)
    packets.put_data_head(out, number, count)
    return out[: packets.DATA_HEAD + count]


def write(packet: memoryview | bytes, handles: Handles) -> bytes:
    """Answer WRITE: OK once the bytes are taken.  Durable they are only after FSYNC or CLOSE."""
    if len(packet) < _WRITE_HEAD.size:
        raise _odd(packet)
    _, number, width, handle, offset, length = _WRITE_HEAD.unpack_from(packet)
    if width != _WIDTH:
        raise UnknownHandle("no handle of ours is that long")
    file = handles.file(handle)
    content = memoryview(packet)[_WRITE_HEAD.size :]
    if len(content) != length:
        file.spoil()
        raise Garbled("WRITE holds another number of bytes than it says")
    if offset + length >= _LAST_OFFSET:
        file.spoil()
        raise Invalid("WRITE past the largest offset")
    file.write(offset, content)
    return packets.okay(number)


def _end_of_file(number: int) -> bytes:
    return packets.status(number, Code.EOF, END_OF_FILE.text)


def _odd(packet: memoryview | bytes) -> Invalid:
    """Return what is wrong with a packet of an unusual length: a strange handle, or nonsense."""
    width = int.from_bytes(packet[5:9], "big")
    if width != _WIDTH and len(packet) >= _READ.size - _WIDTH + width:
        return UnknownHandle("no handle of ours is that long")
    return Garbled("READ or WRITE of an impossible length")

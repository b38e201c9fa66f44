"""Bytes of a channel become sealed SSH packets, many at a time, without being copied on the way.

What is to be sent lies in a room of ours.  Each packet's head is written over the ten bytes before
its part, which were sealed already, and its padding over what follows, which is put back afterwards.
"""

import os
import struct
from typing import Final

from asyncssh.constants import MSG_CHANNEL_DATA

from mft.sftp.transport.gcm import LENGTH, TAG, Gcm

ROOM: Final = 1 << 18
"""Bytes that fit at once: a READ of 261,120 bytes with its answer's head, and more."""

HEAD: Final = struct.Struct(">BBII")
"""What stands before a channel's data in a packet: padding, type, channel, length (RFC 4253, 6; RFC 4254, 5.2)."""
_LENGTH: Final = struct.Struct(">I")
_BLOCK: Final = 16
_MARGIN: Final = 64
_SHORTEST: Final = 1024
"""Of a packet, when the room for sealed ones is reckoned; a client that takes less gets less at once."""
_PADDINGS: Final = 4096


class Framing:
    """A room for what is to be sent, and one for how it goes out.  One for all connections of an event loop.

    Nobody keeps anything in it: what a session writes there is sealed before the next one comes.
    """

    def __init__(self) -> None:
        """Make the rooms."""
        self._plain = memoryview(bytearray(_MARGIN + ROOM + _MARGIN))
        self._sealed = self._outgoing()
        self._padding = b""
        self._used = 0

    def room(self, length: int) -> memoryview:
        """Return where *length* bytes, ROOM at most, are to be written that ``seal`` takes next."""
        return self._plain[_MARGIN : _MARGIN + length]

    def seal(self, gcm: Gcm, channel: int, start: int, length: int, most: int) -> tuple[memoryview, int, int]:
        """Seal *length* bytes of the room from *start* on as data of *channel*, *most* bytes of them in a packet.

        Return what goes to the socket, good until the next call; of how many packets it is made; and how
        many bytes they hold, fewer than *length* when so many packets found no room.
        """
        plain, sealed = self._plain, self._sealed
        at, end, out, packets = _MARGIN + start, _MARGIN + start + length, 0, 0
        while at < end and out + most + _MARGIN <= len(sealed):
            stop = min(at + most, end)
            begin = at - HEAD.size
            padding = _BLOCK - (stop - begin) % _BLOCK
            if padding < 4:  # noqa: PLR2004  (RFC 4253, 6)
                padding += _BLOCK
            whole = stop + padding - begin
            covered = bytes(plain[stop : stop + padding])
            HEAD.pack_into(plain, begin, padding, MSG_CHANNEL_DATA, channel, stop - at)
            plain[stop : stop + padding] = self._random(padding)
            _LENGTH.pack_into(sealed, out, whole)
            body = out + LENGTH
            gcm.seal_into(sealed[out:body], plain[begin : begin + whole], sealed[body : body + whole + TAG])
            plain[stop : stop + padding] = covered
            at, out, packets = stop, body + whole + TAG, packets + 1
        return sealed[:out], packets, at - _MARGIN - start

    def give_away(self) -> None:
        """Leave the last sealed bytes to whoever still has them, and take another room."""
        self._sealed = self._outgoing()

    def _random(self, count: int) -> bytes:
        """Return random padding; drawn many at a time, since a system call for each packet would show."""
        if self._used + count > len(self._padding):
            self._padding, self._used = os.urandom(_PADDINGS), 0
        self._used += count
        return self._padding[self._used - count : self._used]

    @staticmethod
    def _outgoing() -> memoryview:
        return memoryview(bytearray(ROOM + (ROOM // _SHORTEST) * _MARGIN))

"""Framing: chunks of a stream in, whole packets out.  Knows lengths, not meanings."""

from typing import Final

from mft.sftp.session.packets import Garbled

_PREFIX: Final = 4
_SHORTEST: Final = 5
"""A type and a request id (or, in INIT, a version); nothing shorter can be answered."""


class Inbox:
    """What a client sent and nobody took yet.

    Whole packets in a chunk are handed out without a copy; a packet that spans chunks is gathered once.
    A chunk is only lent: ``keep`` copies what is left of it before its owner writes there again.
    So is what ``take`` returns, until it is called again.
    """

    def __init__(self, longest: int) -> None:
        """Refuse packets whose length field says more than *longest*."""
        self._longest = longest
        self._view = memoryview(b"")
        self._packet: memoryview | None = None  # Being gathered, its length field left out.
        self._room = memoryview(b"")  # Where the last one was: an upload is nothing but such packets.
        self._filled = 0

    @property
    def partial(self) -> bool:
        """Whether a packet has begun and is not yet whole."""
        return self._packet is not None or 0 < len(self._view) < _PREFIX

    @property
    def waiting(self) -> int:
        """How many bytes lie here that no packet was begun with."""
        return len(self._view)

    def feed(self, chunk: bytes | memoryview) -> bool:
        """Take *chunk*, the next bytes of the stream.  Return False if nothing new can be whole by it."""
        packet = self._packet
        if packet is not None and not self._view:
            end = self._filled + len(chunk)
            if end < len(packet):
                packet[self._filled : end] = chunk
                self._filled = end
                return False
        self._view = memoryview(b"".join((self._view, chunk)) if self._view else chunk)
        return True

    def take(self) -> memoryview | None:
        """Return the next packet from its type byte on, or None until more arrives.

        Raises Garbled when its length cannot be meant; the stream is of no use from then on.
        """
        if self._packet is not None:
            return self._gather(self._packet)
        view = self._view
        if len(view) < _PREFIX:
            return None
        length = int.from_bytes(view[:_PREFIX], "big")
        if not _SHORTEST <= length <= self._longest:
            raise Garbled(f"a packet of {length} bytes was announced")
        end = _PREFIX + length
        if len(view) >= end:
            self._view = view[end:]
            return view[_PREFIX:end]
        if len(self._room) < length:
            self._room = memoryview(bytearray(length))
        self._view, self._packet, self._filled = view[_PREFIX:], self._room[:length], 0
        return self._gather(self._packet)

    def keep(self) -> None:
        """Copy what nobody took: the chunk it lies in is written to again."""
        if self._view:
            self._view = memoryview(bytes(self._view))
        elif self._packet is None:
            self._room = memoryview(b"")

    def _gather(self, packet: memoryview) -> memoryview | None:
        """Fill *packet* with what there is; return it once it is whole."""
        piece = self._view[: len(packet) - self._filled]
        packet[self._filled : self._filled + len(piece)] = piece
        self._filled += len(piece)
        self._view = self._view[len(piece) :]
        if self._filled < len(packet):
            return None
        self._packet = None
        return packet

"""Framing: chunks of a stream in, whole packets out.  Knows lengths, not meanings."""

from typing import Final

from mft.sftp.session.packets import Garbled

_PREFIX: Final = 4
_SHORTEST: Final = 5
"""A type and a request id (or, in INIT, a version); nothing shorter can be answered."""


class Inbox:
    """What a client sent and nobody took yet.

    Whole packets in a chunk are handed out without a copy; the rest of a packet that spans chunks
    is gathered once.  A buffer that was handed out is never resized, so that a packet stays valid
    for whoever still holds it.
    """

    def __init__(self, longest: int) -> None:
        """Refuse packets whose length field says more than *longest*."""
        self._longest = longest
        self._view = memoryview(b"")
        self._gathered: bytearray | None = None
        self._missing = 0

    @property
    def partial(self) -> bool:
        """Whether a packet has begun and is not yet whole."""
        return self._gathered is not None

    def feed(self, chunk: bytes) -> None:
        """Take *chunk*, the next bytes of the stream."""
        if self._gathered is None:
            if not self._view:
                self._view = memoryview(chunk)
                return
            self._gathered = bytearray(self._view)
            self._missing = 0
        self._gathered += chunk
        self._missing -= len(chunk)
        if self._missing <= 0:
            self._view = memoryview(self._gathered)
            self._gathered = None

    def take(self) -> memoryview | None:
        """Return the next packet from its type byte on, or None until more arrives.

        Raises Garbled when its length cannot be meant; the stream is of no use from then on.
        """
        view = self._view
        if not view:
            return None
        if len(view) < _PREFIX:
            self._gather(_PREFIX - len(view))
            return None
        length = int.from_bytes(view[:_PREFIX], "big")
        if not _SHORTEST <= length <= self._longest:
            raise Garbled(f"a packet of {length} bytes was announced")
        end = _PREFIX + length
        if len(view) < end:
            self._gather(end - len(view))
            return None
        self._view = view[end:]
        return view[_PREFIX:end]

    def _gather(self, missing: int) -> None:
        self._gathered = bytearray(self._view)
        self._view = memoryview(b"")
        self._missing = missing

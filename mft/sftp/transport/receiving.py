"""Packets of a signed-on connection, from the socket to whoever reads them, opened in place.

asyncssh cuts its input from the front of a bytes object, twice a packet, and so copies each byte many
times.  Here the socket fills a buffer that all connections of an event loop share, each packet is
opened from there into another, and data of a channel go to its session from where they lie.  All
other packets asyncssh gets, as they came, one by one.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import Final, Protocol

from asyncssh import MACError, ProtocolError

from mft.sftp.transport.gcm import LENGTH, TAG, Gcm

INTAKE: Final = 1 << 19
"""Bytes that one look at the socket may bring, what was left of the last one included."""

_LENGTH: Final = struct.Struct(">I")


class Intake:
    """Where input arrives and where it is opened.  One for all connections of an event loop.

    Nobody keeps anything in it: what is left of a packet is copied out before the next connection is read.
    """

    def __init__(self) -> None:
        """Make the buffers."""
        self.sealed = memoryview(bytearray(INTAKE))
        self.plain = memoryview(bytearray(INTAKE))


class Reader(Protocol):
    """What a connection does with its input: mft.sftp.transport.connection."""

    def opener(self) -> Gcm | None:
        """Return what opens the next packet; None when asyncssh has to, from then on."""
        ...

    def longest(self) -> int:
        """Return the length above which a packet is not even read."""
        ...

    def deliver(self, plain: memoryview) -> bool:
        """Give a session its data if *plain*, which is only lent, is that and nothing stands against it."""
        ...

    def dispatch(self, packet: bytes, plain: bytes) -> bool:
        """Let asyncssh treat a packet; return False when the next one has to wait until ``go_on``."""
        ...

    def hand_back(self, rest: bytes) -> None:
        """Let asyncssh read from now on, *rest* first."""
        ...

    def treat(self, work: Callable[[int], None], end: int) -> None:
        """Do *work* up to *end*; what goes wrong with it ends the connection."""
        ...

    def resume_writing(self) -> None:
        """Hear that the socket took what waited."""
        ...

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that the socket is closed."""
        ...


class Receiver(asyncio.BufferedProtocol):
    """Takes a connection's input in the place of asyncssh, for as long as its cipher is AES-GCM."""

    def __init__(self, reader: Reader, intake: Intake, rest: bytes) -> None:
        """Begin with *rest*, which was received and not read; *intake* is the event loop's."""
        self._reader = reader
        self._intake = intake
        self._rest = rest

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  (what there is room for is more)
        """Return where the socket may write, behind what was left."""
        rest = self._rest
        self._intake.sealed[: len(rest)] = rest
        return self._intake.sealed[len(rest) :]

    def buffer_updated(self, nbytes: int) -> None:
        """Read what the socket wrote."""
        self._reader.treat(self._read, len(self._rest) + nbytes)

    def go_on(self) -> None:
        """Read what was left when a packet had to wait."""
        self.get_buffer(0)
        self._reader.treat(self._read, len(self._rest))

    def resume_writing(self) -> None:
        """Pass it on."""
        self._reader.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        self._reader.connection_lost(exc)

    def _read(self, end: int) -> None:
        reader, sealed, at = self._reader, self._intake.sealed, 0
        gcm, longest = reader.opener(), reader.longest()
        try:
            while gcm is not None and end - at >= LENGTH:
                begin, body = at, at + LENGTH
                stop = body + _LENGTH.unpack_from(sealed, begin)[0] + TAG
                if stop - begin > longest:
                    raise ProtocolError("Max packet size exceeded")
                if stop > end:
                    break
                at = stop
                plain = self._intake.plain[: stop - body - TAG]
                if not gcm.open_into(sealed[begin:body], sealed[body:stop], plain):
                    raise MACError("MAC verification failed")
                if reader.deliver(plain):
                    continue
                if not reader.dispatch(bytes(sealed[begin:stop]), bytes(plain)):
                    break
                gcm = reader.opener()  # Only what asyncssh treats can have changed it.
        finally:
            self._rest = bytes(sealed[at:end])
        if gcm is None:
            reader.hand_back(self._rest)

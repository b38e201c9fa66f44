"""Our hold on asyncssh's server connection: this file and ``attempts`` touch its private names, and no other.

asyncssh 2.24.1 gathers input without end before the sign-on, and sends a packet to be ignored before
each of its own.  ``adopt`` makes a connection ours by giving it this class.  Every assumption about
the library has a test that fails by name (tests/sftp/transport/test_assumptions.py).
"""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any, Final, Self

import asyncssh
from asyncssh.constants import MSG_CHANNEL_DATA, MSG_CHANNEL_WINDOW_ADJUST, MSG_IGNORE, MSG_KEXINIT
from asyncssh.encryption import Encryption, GCMEncryption
from asyncssh.packet import SSHPacket, UInt32

from mft.crypto.segments import Bytes
from mft.sftp.transport.attempts import Attempts
from mft.sftp.transport.cork import Cork
from mft.sftp.transport.framing import HEAD, ROOM
from mft.sftp.transport.gcm import Gcm
from mft.sftp.transport.keeper import Keeper
from mft.sftp.transport.offer import PATIENCE, for_client
from mft.sftp.transport.receiving import Receiver
from mft.sftp.transport.rooms import Rooms
from mft.sftp.transport.window import Waiting

MAX_WAITING_INPUT: Final = 1 << 20
"""Bytes that may wait before the sign-on; asyncssh never stops reading and never drops any."""

LOST: Final = sys.maxsize
"""What ``backlog`` says of a connection that is gone, so that no session goes on to answer."""
_LAST_SEQUENCE: Final = 0xFFFFFFFF
_CLOSING: Final = frozenset({"close_pending", "closed"})
_STANDING: Final = frozenset({"open", "eof_pending", "eof"})
_LONGEST_DATA: Final = 32_768
"""Of one packet, whatever a client says it takes; what all of them take (RFC 4253, 6.1)."""
_KEEPS_WHAT_WAITS: Final = sys.version_info >= (3, 12)
"""Whether asyncio keeps what a socket did not take as it is, and no copy of it."""
_HONOURED: Final = frozenset({"subsystem", "signal"})
"""What may be asked for on a channel; SFTP and scp need no more."""


class Connection(Attempts):
    """A server connection whose sign-on and data plane are ours."""

    _rooms: Rooms
    _receiver: Receiver | None = None
    _cork: Cork
    _heard_at: float = 0.0
    _offered: list[bytes]
    """The ciphers that there are for a client that has no better."""
    _patience: asyncio.TimerHandle | None = None

    @classmethod
    def adopt(cls, connection: asyncssh.SSHServerConnection, keeper: Keeper, queries: int) -> Self:
        """Make *connection*, which has just been made, one of ours and return it.

        *keeper* answers for it; *queries* requests that attempt nothing are answered.
        """
        connection.__class__ = cls
        assert isinstance(connection, cls)  # noqa: S101  (for the type checker: the line above made it so)
        connection.answer_to(keeper, queries)
        return connection

    def answer_to(self, keeper: Keeper, queries: int) -> None:
        """Let *keeper* answer from now on; *queries* requests that attempt nothing are left."""
        super().answer_to(keeper, queries)
        self._cork = Cork()
        self._rooms = Rooms.of(self._loop)
        self._offered = list(self._enc_algs)

    def backlog(self) -> int:
        """Return how many bytes wait for the socket; each channel tells by itself what waits for its window.

        LOST once the socket takes nothing any more.
        """
        if self._transport is None or self._transport.is_closing():
            return LOST
        return self._transport.get_write_buffer_size()

    def channels(self) -> int:
        """Return how many channels are open."""
        return len(self._channels)

    def serves(self) -> bool:
        """Return whether any channel has come so far as to ask for a subsystem."""
        return any(isinstance(c, Channel) and c.get_subsystem() is not None for c in self._channels.values())

    def send_packet(self, pkttype: int, *args: bytes, handler: Any = None) -> None:
        """Send a packet, and none to be ignored before it: those hide a CBC weakness, and CBC is not offered."""
        if pkttype != MSG_IGNORE:
            super().send_packet(pkttype, *args, handler=handler)

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        """Take input, and send what it led to all at once; before the sign-on take only so much of it."""
        self._cork.begin()
        super().data_received(data, datatype)
        super()._send(self._cork.end())
        if not self._auth_complete:
            if len(self._inpbuf) > MAX_WAITING_INPUT:
                self._force_close(asyncssh.ProtocolError("Too much input before authentication"))
        elif self._transport and self.opener() is not None and self._recv_handler == self._recv_pkthdr:
            rest, self._inpbuf = self._inpbuf, b""
            self._receiver = Receiver(self, self._rooms.intake, rest)
            self._transport.set_protocol(self._receiver)
            self._receiver.go_on()

    # What the data plane calls: mft.sftp.transport.receiving.

    def opener(self) -> Gcm | None:
        """Return what opens the next packet; None when asyncssh has to."""
        return self._recv_encryption if isinstance(self._recv_encryption, Gcm) else None

    def longest(self) -> int:
        """Return the length, with everything around it, above which a packet is not even read."""
        return int(self._max_recv_pktlen)

    def deliver(self, plain: memoryview) -> bool:
        """Give a channel its data, or what it may send, if *plain*, which is only lent, is that and all is well."""
        if len(plain) < HEAD.size:
            return False
        padding, kind, number, size = HEAD.unpack_from(plain)
        channel = self._channels.get(number)
        if not isinstance(channel, Channel):
            return False
        end = len(plain) - padding
        if kind == MSG_CHANNEL_DATA and HEAD.size + size == end:
            taken = channel.take(plain[HEAD.size : end])
        else:
            taken = kind == MSG_CHANNEL_WINDOW_ADJUST and HEAD.size == end and channel.widen(size)
        if taken:
            self._recv_seq = (self._recv_seq + 1) & _LAST_SEQUENCE
        return taken

    def dispatch(self, packet: bytes, plain: bytes) -> bool:
        """Let asyncssh treat *packet*, which *plain* is when opened; return False when the next one has to wait."""
        gcm = self.opener()
        if gcm is not None:
            gcm.hand_over(plain)
        self._inpbuf = packet
        self._recv_data()
        if self._transport is None:
            return False
        if self._recv_handler == self._recv_pkthdr:
            return True
        self._transport.pause_reading()
        return False

    def treat(self, work: Callable[[int], None], end: int) -> None:
        """Do *work* up to *end* and send what it led to all at once; what goes wrong ends the connection."""
        now = self._loop.time()
        if now - self._heard_at >= 1:  # For each input a timer would cost more than a small answer.
            self._heard_at = now
            self._reset_keepalive_timer()
        self._cork.begin()
        try:
            work(end)
        except asyncssh.DisconnectError as error:
            self._send_disconnect(error.code, error.reason, error.lang)
            self._force_close(error)
        except Exception:  # noqa: BLE001  (as asyncssh does with what its own reading meets)
            self.internal_error()
        finally:
            super()._send(self._cork.end())

    def _force_close(self, exc: Exception | None) -> None:
        super()._send(self._cork.end())  # The goodbye is among it.
        super()._force_close(exc)

    def hand_back(self, rest: bytes) -> None:
        """Let asyncssh read from now on, *rest* first: another cipher was agreed upon."""
        self._receiver = None
        if self._transport:
            self._transport.set_protocol(self)
            self.data_received(rest)

    def resume_writing(self) -> None:
        """Let sessions go on: the socket took what waited."""
        for channel in list(self._channels.values()):
            if isinstance(channel, Channel):
                channel.socket_took()

    def send_newkeys(self, k: bytes, h: bytes) -> None:
        """Finish a key exchange; where AES-GCM was agreed upon, let ours do it."""
        super().send_newkeys(k, h)
        self._send_encryption = _ours(self._send_encryption)
        self._next_recv_encryption = _ours(self._next_recv_encryption)

    def room(self, length: int) -> memoryview:
        """Return where *length* bytes are to be written that ``send_data`` sends next."""
        return self._rooms.framing.room(length)

    def send_data(self, channel: int, length: int, most: int) -> int:
        """Send up to *length* bytes of the room as data of *channel*; what is left over asyncssh has to send.

        That is all of it while keys are exchanged, or are due to be, and with a cipher that is not AES-GCM.
        """
        sent, framing = 0, self._rooms.framing
        while sent < length and (gcm := self._sealer()) is not None:
            sealed, packets, taken = framing.seal(gcm, channel, sent, length - sent, most)
            self._send_seq = (self._send_seq + packets) & _LAST_SEQUENCE
            self._rekey_bytes_sent += len(sealed)
            self._send(sealed)
            sent += taken
        return sent

    def _sealer(self) -> Gcm | None:
        gcm = self._send_encryption
        if not isinstance(gcm, Gcm) or not self._kex_complete or self._transport is None:
            return None
        late = self._rekey_seconds and time.monotonic() >= self._rekey_time
        return None if late or self._rekey_bytes_sent >= self._rekey_bytes else gcm

    def _send(self, data: Bytes) -> None:
        if not self._cork.takes(data):
            super()._send(self._cork.emptied())
            super()._send(data)  # type: ignore[arg-type]  # The transport takes views.
        if isinstance(data, memoryview) and _KEEPS_WHAT_WAITS and self.backlog():
            self._rooms.framing.give_away()

    def _send_kexinit(self) -> None:
        if self._patience is None:
            self._patience = self._loop.call_later(PATIENCE, self._offer)
        else:
            super()._send_kexinit()

    def _offer(self) -> None:
        if not self._server_kexinit and self._transport:
            super()._send_kexinit()

    async def _process_kexinit(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        if not self._kexinit_sent or not self._server_kexinit:
            self._enc_algs = for_client(self._offered, packet.get_remaining_payload())
        self._offer()
        await super()._process_kexinit(pkttype, pktid, packet)

    _packet_handlers = Attempts._packet_handlers | {MSG_KEXINIT: _process_kexinit}  # noqa: SLF001  (its own)

    def _finish_recv_packet(self, *packet: Any, is_async: bool = False) -> None:
        super()._finish_recv_packet(*packet, is_async=is_async)  # type: ignore[misc]  # It says so by name itself.
        if is_async and self._receiver is not None and self._transport is not None:
            self._transport.resume_reading()
            self._receiver.go_on()

    def create_server_channel(
        self, encoding: str | None = "", errors: str = "", window: int = 0, max_pktsize: int = 0
    ) -> "Channel":
        """Return a channel that is one of ours."""
        channel = super().create_server_channel(encoding, errors, window, max_pktsize)
        channel.__class__ = Channel
        assert isinstance(channel, Channel)  # noqa: S101  (for the type checker: the line above made it so)
        channel._waiting = Waiting()  # noqa: SLF001  (what becomes ours has no __init__ of ours)
        return channel


class Channel(asyncssh.SSHServerChannel[bytes]):
    """A session channel that opens a subsystem and nothing else, and whose data take the short way."""

    _waiting: Waiting

    def take(self, data: memoryview) -> bool:
        """Give *data*, which is only lent, to the session, and the client back what it may send.

        Return False, with nothing done, unless the session can have them at once and asyncssh would let it.
        """
        if self._recv_state != "open" or self._send_state in _CLOSING or self._recv_paused or self._session is None:
            return False
        left = self._recv_window - len(data)
        if left < 0 or not data:
            return False
        if left < self._init_recv_window // 2:
            self.send_packet(MSG_CHANNEL_WINDOW_ADJUST, UInt32(self._init_recv_window - left))
            left = self._init_recv_window
        self._recv_window = left
        self._session.data_received(data, None)  # type: ignore[arg-type]  # Our session takes what is lent.
        return True

    def widen(self, more: int) -> bool:
        """Go on: the peer takes *more* bytes.  Return False, with nothing done, when it may not say so any more."""
        if self._recv_state not in _STANDING:
            return False
        self._send_window += more
        self._flush_send_buf()
        return True

    def may_answer(self, length: int) -> bool:
        """Return whether *length* bytes are taken now; if not, ``resume_writing`` tells when to ask again."""
        return self._waiting.may(self._send_window, length, clogged=bool(self._send_buf))

    def waits_in_vain(self, length: int) -> bool:
        """Return whether a session that was told no has waited for nothing, and is told yes the next time."""
        return self._waiting.vain(self._send_window, length, clogged=bool(self._send_buf))

    def socket_took(self) -> None:
        """Let the session go on: the socket took what waited."""
        if self._session is not None:
            self._session.resume_writing()

    def room(self, length: int) -> memoryview:
        """Return where *length* bytes, ROOM at most, may be written for ``send_room``, before anything else is sent."""
        return self._ours.room(length)

    def send_room(self, length: int) -> None:
        """Send the first *length* bytes of the room; what the window does not take waits, as with ``write``."""
        if self._send_state != "open":
            raise BrokenPipeError("Channel not open for sending")
        sent = 0 if self._send_buf else self._send_now(length)
        if sent < length:
            self._send_buf.append((bytearray(self.room(length)[sent:]), None))
            self._send_buf_len += length - sent
            self._flush_send_buf()

    def write(self, data: bytes, datatype: int | None = None) -> None:
        """Send *data*; what the window does not take waits."""
        if datatype is not None or len(data) > ROOM:
            super().write(data, datatype)
            return
        self.room(len(data))[:] = data
        self.send_room(len(data))

    @property
    def _ours(self) -> Connection:
        assert isinstance(self._conn, Connection)  # noqa: S101  (for the type checker: ours makes no other)
        return self._conn

    def _send_now(self, length: int) -> int:
        """Send as many of the room's first *length* bytes as the window takes; return how many went."""
        if self._send_chan is None or self._conn is None:
            return 0
        most = min(self._send_pktsize, _LONGEST_DATA)
        sent = self._ours.send_data(self._send_chan, min(length, self._send_window), most) if most else 0
        self._send_window -= sent
        return sent

    def _flush_send_buf(self) -> None:
        while self._send_buf and self._send_window:
            waiting, datatype = self._send_buf[0]
            length = min(len(waiting), self._send_window, ROOM)
            if datatype is not None or self._conn is None:
                break
            self.room(length)[:] = waiting[:length]
            sent = self._send_now(length)
            if not sent:
                break
            self._send_buf_len -= sent
            del waiting[:sent]
            if not waiting:
                del self._send_buf[0]
        super()._flush_send_buf()
        if self._waiting.over(self._send_window, clogged=bool(self._send_buf)):
            self.socket_took()

    def _service_next_request(self) -> None:
        # RFC 4254, 6.2 to 6.9: no terminal, environment, shell, command or agent.
        if self._request_queue[0][0] in _HONOURED:
            super()._service_next_request()
        else:
            self._report_response(False)


def _ours(agreed: Encryption | None) -> Encryption | None:
    """Return our AES-GCM in the place of asyncssh's, where that was *agreed* upon."""
    if not isinstance(agreed, GCMEncryption):
        return agreed
    return Gcm(agreed._cipher._key, agreed._cipher._iv)  # noqa: SLF001  (this is the file for it)

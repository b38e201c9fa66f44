"""One SFTP session on one SSH channel: requests in, answers out, in order, within bounds.

Nothing here decides who may do what.  What it does decide: when to stop reading, when to give up,
and that no end of a session but a client's SSH_FXP_CLOSE ever commits a file.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import asyncssh

from mft.clock import Clock, SystemClock
from mft.model.errors import MftError, Unavailable
from mft.model.ids import new_reference
from mft.offload import Offload
from mft.sftp.session import hot, packets
from mft.sftp.session.answers import Answers, request_name
from mft.sftp.session.context import Context
from mft.sftp.session.eager import Waiting, begin
from mft.sftp.session.handles import Handles, release
from mft.sftp.session.inbox import Inbox
from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.log import Log
from mft.sftp.session.outbox import Outbox
from mft.sftp.session.packets import Garbled, Kind
from mft.sftp.session.requests import EXTENSIONS, Treatment
from mft.sftp.session.silence import Silence
from mft.sftp.session.status import answer_for, unexpected
from mft.sftp.transport.connection import Channel
from mft.vfs.workspace import Ended, Workspace

_WALL: Final = SystemClock()
_NUMBER: Final = slice(1, 5)
_SHORTLY: Final = 0.002
"""Seconds after which a stalled session looks for the first time whether it can go on."""
_ENOUGH: Final = 65_536
"""Bytes of requests that may wait beside one whose answer the client has no window for."""
_FATAL_SIGNALS: Final = frozenset({"HUP", "INT", "KILL", "PIPE", "QUIT", "TERM"})
"""Signals that would end the server program elsewhere; here they end the session."""
_TOLD: Final = tuple((name, told) for name, (told, row) in EXTENSIONS.items() if row.treatment is Treatment.HONOURED)


class SftpSession(asyncssh.SSHServerSession[bytes]):
    """Speaks SFTP version 3 on a channel made without an encoding and without a line editor."""

    def __init__(
        self,
        workspace: Workspace,
        offload: Offload,
        limits: SessionLimits,
        backlog: Callable[[], int],
        log: Log,
        *,
        clock: Clock = _WALL,
    ) -> None:
        """Collect the parts.  *backlog* tells how many bytes of the connection wait for the socket."""
        self._workspace = workspace
        self._offload = offload
        self._limits = limits
        self._out = Outbox(backlog)
        self._log = log
        self._clock = clock
        self._handles = Handles(limits.handles)
        self._inbox = Inbox(limits.longest_packet)
        self._postponed: bytes | None = None
        self._silence = Silence(limits, heard_at=0.0, drained_at=0.0)
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._busy: asyncio.Task[None] | None = None
        self._releasing: asyncio.Task[None] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._started = False
        self._spoken = False
        self._stalled = False
        self._held = False
        self._at_eof = False
        self._ended: Ended | None = None
        self._status: int | None = None
        self._requests = self._received = 0
        self._released = asyncio.Event()

    # What asyncssh calls.

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """Keep the channel."""
        self._channel = self._out.channel = chan

    def subsystem_requested(self, subsystem: str) -> bool:
        """Accept ``sftp`` and nothing else; shells, commands and terminals asyncssh refuses by itself."""
        return subsystem == "sftp"

    def session_started(self) -> None:
        """Begin to count silence."""
        self._loop = asyncio.get_running_loop()
        now = self._started_at = self._lease_at = self._loop.time()
        self._silence = Silence(self._limits, heard_at=now, drained_at=now)
        self._answers = Answers(
            Context(
                *(self._workspace, self._offload, self._handles, self._limits, self._log, self._clock),
                monotonic=self._loop.time,
            )
        )
        if self._channel is not None:
            self._channel.set_write_buffer_limits(self._limits.backlog, self._limits.backlog // 2)
        self._started = True
        self._wake()

    def data_received(self, data: bytes | memoryview, datatype: asyncssh.DataType) -> None:  # noqa: ARG002  (never extended)
        """Take what arrived, which is only lent, and answer every request that is whole."""
        if self._ended is not None:
            return
        self._received += len(data)
        if self._inbox.feed(data):
            self._serve()
            self._inbox.keep()

    def eof_received(self) -> bool:
        """Answer what came before the end, then say goodbye: scp and sftp wait for an exit status."""
        self._at_eof = True
        self._serve()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (an end is an end)
        """Let everything go.  A lost connection is not a close."""
        self.end(Ended.CUT)

    def signal_received(self, signal: str) -> None:
        """End the session, as the signal would end a server program.  Commits nothing."""
        if signal.removeprefix("SIG") in _FATAL_SIGNALS:
            self.end(Ended.CUT)

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        """Take no notice: there is no terminal."""

    def break_received(self, msec: int) -> bool:  # noqa: ARG002
        """Refuse: there is no terminal."""
        return False

    def resume_writing(self) -> None:
        """Go on after the client, or the socket, took what waited.  Call it whenever *backlog* fell."""
        if self._stalled:
            self._recheck(0.0)

    # What the front calls.

    @property
    def silent_since(self) -> float:
        """The monotonic moment of the last SFTP request; 0 on a channel that never became SFTP."""
        return self._silence.heard_at

    def end(self, ended: Ended, status: int | None = None) -> None:
        """End the session: interrupt uploads, close downloads, close the channel.  Idempotent."""
        if self._ended is not None:
            return
        self._ended = ended
        self._status = status
        for timer in self._timers.values():
            timer.cancel()
        if not self._started:
            self._released.set()
        elif self._busy is None:
            self._let_go()
        # Else a request under way holds its handle: it is left to finish, and the rest is let go after it.

    async def released(self) -> None:
        """Wait until nothing is open any more; the lanes must live until then."""
        await self._released.wait()

    # Requests in order.

    def _serve(self) -> None:
        try:
            while self._ended is None and self._busy is None and not self._stalled:
                packet = self._next()
                if packet is None:
                    break
                self._answer(packet)
                if self._out.waiting > self._limits.backlog:
                    self._stall()
        except Garbled as error:
            self._log.info("channel.garbled", why=str(error))
            self.end(Ended.CUT, 1)
        self._out.flush()
        self._settle()

    def _next(self) -> memoryview | bytes | None:
        """Return the next request, unless the client takes no more of what it asks for at present."""
        packet: memoryview | bytes | None = self._postponed or self._inbox.take()
        self._postponed = None
        if packet is None or packet[0] != Kind.READ or not isinstance(self._channel, Channel):
            return packet
        if self._channel.may_answer(hot.answer_length(packet, self._limits.read)):
            return packet
        self._postponed = bytes(packet)
        self._stall()
        return None

    def _settle(self) -> None:
        """Read on, hold, or say goodbye, as it fits what is going on."""
        channel = self._channel
        if self._ended is not None or channel is None:
            return
        if self._occupied():
            self._silence.held()
            if not self._held and (self._postponed is None or self._inbox.waiting > _ENOUGH):
                self._held = True
                channel.pause_reading()
            return
        if self._inbox.partial:
            self._silence.begun(self._loop.time())
        if self._held:
            self._held = False
            channel.resume_reading()  # Delivers what was kept back, and so may come here again.
        if self._at_eof and not self._occupied():
            self.end(Ended.CUT, 0)

    def _occupied(self) -> bool:
        return self._busy is not None or self._stalled

    def _answer(self, packet: memoryview | bytes) -> None:
        self._requests += 1
        self._silence.heard(self._loop.time())
        kind = packet[0]
        if kind == Kind.INIT or not self._spoken:
            self._greet(packet)
            return
        number = int.from_bytes(packet[_NUMBER], "big")
        try:
            if kind == Kind.READ:
                reply: bytes | memoryview = hot.read(packet, self._handles, self._limits.read, self._out.room)
            elif kind == Kind.WRITE:
                reply = hot.write(packet, self._handles)
            else:
                begun = begin(self._answers.answer(number, bytes(packet)))
                if isinstance(begun, Waiting):
                    self._occupy(self._finish(begun, bytes(packet)))
                    return
                reply = begun
        except Exception as error:  # noqa: BLE001  (whatever it was, the client gets an answer and no text of ours)
            reply = self._refusal(packet, error)
        self._out.put(reply)

    def _greet(self, packet: memoryview | bytes) -> None:
        offered = int.from_bytes(packet[_NUMBER], "big")
        if self._spoken or packet[0] != Kind.INIT or offered < packets.VERSION:
            raise Garbled("INIT comes once, first, and names version 3 or above")
        self._spoken = True
        self._out.put(packets.version(_TOLD))

    async def _finish(self, begun: Waiting[bytes], packet: bytes) -> None:
        try:
            reply = await begun
        except Exception as error:  # noqa: BLE001  (as above)
            reply = self._refusal(packet, error)
        self._silence.heard(self._loop.time())  # A long commit was ours, not the client's silence.
        self._out.put(reply)

    def _refusal(self, packet: memoryview | bytes, error: Exception) -> bytes:
        number, request = int.from_bytes(packet[_NUMBER], "big"), request_name(packet)
        if isinstance(error, MftError):
            if isinstance(error, Unavailable):
                self._log.info("request.failed", request=request, why=str(error))
            answer = answer_for(error, request)
        else:
            reference = new_reference()
            self._log.exception("request.failed", request=request, reference=reference, exc_info=error)
            answer = unexpected(reference)
        return packets.status(number, answer.code, answer.text)

    def _occupy(self, work: Coroutine[Any, Any, None]) -> None:
        """Carry out *work* while later requests wait."""
        self._busy = self._loop.create_task(self._carry_out(work))

    async def _carry_out(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self._busy = None
            if self._ended is not None:
                self._let_go()
            else:
                self._serve()

    # Back-pressure.

    def _stall(self) -> None:
        self._stalled = True
        self._look_again(_SHORTLY)

    def _look_again(self, pause: float) -> None:
        waiting = self._timers.get("stall")
        if waiting is not None:
            waiting.cancel()
        self._timers["stall"] = self._loop.call_later(pause, self._recheck, pause)

    def _recheck(self, pause: float) -> None:
        """Go on if enough was taken; else look again, ever less often, since not every end of a wait is told."""
        if self._ended is not None or not self._stalled:
            return
        if self._out.lost:
            self.end(Ended.CUT)
            return
        if self._out.waiting > self._limits.backlog // 2 or (pause and not self._waits_in_vain()):
            self._look_again(min(2 * pause, 0.1) or _SHORTLY)
            return
        self._stalled = False
        self._serve()

    def _waits_in_vain(self) -> bool:
        """Return whether it is no use to wait until the client takes more."""
        channel, packet = self._channel, self._postponed
        if packet is None or not isinstance(channel, Channel):
            return True
        return channel.waits_in_vain(hot.answer_length(packet, self._limits.read))

    # Silence, leases and the end.

    def _wake(self) -> None:
        limits = self._limits
        pause = min(limits.lease, limits.idle / 4, limits.half_received / 4, limits.undrained / 4)
        self._timers["wake"] = self._loop.call_later(pause, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        if self._out.lost:
            self.end(Ended.CUT)
            return
        silent = self._silence.ends(now, self._out.waiting, self._out.sent)
        if silent is not None and self._busy is None:
            self._log.info("channel.silent", why=silent)
            self.end(Ended.IDLE)
            return
        if self._busy is None and now - self._lease_at >= self._limits.lease and self._handles.uploads():
            self._lease_at = now
            self._occupy(self._answers.check_leases())
            self._settle()
        self._wake()

    def _let_go(self) -> None:
        begun = begin(self._release())
        if isinstance(begun, Waiting):
            self._releasing = self._loop.create_task(_awaited(begun))

    async def _release(self) -> None:
        ended = self._ended or Ended.CUT
        try:
            opened = self._handles.drain()
            if opened:
                await release(opened, ended, self._offload, self._log, self._loop.time())
        finally:
            self._close_channel()
            self._released.set()
            if self._requests:
                # An end of file after which the client only waits for ours is how sessions should end.
                how = Ended.CLOSED if self._status == 0 else ended
                self._log.info("channel.closed", ended=how.value, **self._figures())

    def _figures(self) -> dict[str, int | float]:
        seconds = round(self._loop.time() - self._started_at, 3)
        return {"requests": self._requests, "received": self._received, "sent": self._out.sent, "seconds": seconds}

    def _close_channel(self) -> None:
        channel = self._channel
        if channel is None:
            return
        if self._status is not None:
            channel.exit(self._status)
        elif self._ended is Ended.IDLE:
            channel.abort()  # What waits to be sent may wait for ever.
        else:
            channel.close()


async def _awaited(begun: Waiting[None]) -> None:
    await begun

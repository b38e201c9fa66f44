"""What becomes of an accepted connection: from the socket to the end of its session.

The stages: a place, the load balancer's word for whom it is, the penalty table, the sign-on within
its time, the session for as long as it lasts, and the line about its end.  Each connection has a
task of its own, so that nobody waits for anybody else.
"""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address

import asyncssh
from asyncssh.packet import PacketDecodeError

from mft.accounts.charges import Charges
from mft.accounts.signon import Leaving
from mft.logs.metrics import CONNECTIONS, FAILURES, SESSIONS
from mft.model.errors import Invalid, Unavailable
from mft.model.network import AddressRange, source_of
from mft.model.session import Door, Session
from mft.policy.penalties import Offence
from mft.sftp.front.auth import Keeper
from mft.sftp.front.crowd import Crowd
from mft.sftp.front.endings import Endings
from mft.sftp.front.limits import Places
from mft.sftp.front.live import Guest, Live
from mft.sftp.front.parts import Parts
from mft.sftp.front.patience import Patience
from mft.sftp.front.proxy import read_source
from mft.sftp.transport.beginning import serve


@dataclass(slots=True)
class _Place:
    """A place that is given back once."""

    places: Places
    number: int | None

    def name(self, source: IPv4Address) -> bool:
        return self.number is not None and self.places.name(self.number, source)

    def leave(self) -> None:
        if self.number is not None:
            self.places.leave(self.number)
            self.number = None


class Visits:
    """The connections of this process, each in a task of its own."""

    def __init__(
        self,
        parts: Parts,
        options: asyncssh.SSHServerConnectionOptions,
        places: Places,
        crowd: Crowd,
        charges: Charges,
        live: Live,
    ) -> None:
        """Keep the parts."""
        self._parts = parts
        self._options = options
        self._places = places
        self._crowd = crowd
        self._charges = charges
        self._live = live
        self._endings = Endings(parts)
        self._tasks: set[asyncio.Task[None]] = set()
        self._admitted: set[asyncio.Task[None]] = set()

    def receive(self, sock: socket.socket, peer: str, balancers: tuple[AddressRange, ...]) -> None:
        """Take an accepted socket, or close it with nothing said.

        With *balancers* the connection must come from one of them and begin with a PROXY header.
        """
        source = source_of(peer)
        known = source is not None and (not balancers or any(network.contains(source) for network in balancers))
        if source is None or not known:
            _turn_away(sock, "proxy" if balancers else "family")
            return
        number = self._places.take(None if balancers else source)
        if number is None or not self._crowd.enter():
            _Place(self._places, number).leave()
            _turn_away(sock, "limit")
            return
        place = _Place(self._places, number)
        task = asyncio.create_task(self._visit(sock, None if balancers else source, place))
        self._tasks.add(task)
        task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._crowd.leave()

    async def dismiss_strangers(self) -> None:
        """Close every connection that has not signed on."""
        strangers = self._tasks - self._admitted
        for task in strangers:
            task.cancel()
        if strangers:
            await asyncio.wait(strangers)

    async def over(self, seconds: float | None = None) -> bool:
        """Wait until all are over, at most *seconds*, and return whether they are."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        return not self._tasks

    async def _visit(self, sock: socket.socket, source: IPv4Address | None, place: _Place) -> None:
        patience = Patience(self._parts.limits)
        keeper: Keeper | None = None
        try:
            source = source or await self._introduced(sock, place)
            if source is None or await self._kept_out(source):
                return
            keeper = Keeper(self._parts, self._charges, source, patience)
            await self._serve(sock, keeper, patience, place)
        except asyncio.CancelledError:
            CONNECTIONS.labels("cut").inc()
        except Exception:
            FAILURES.labels(Door.SFTP.value).inc()
            self._parts.log.exception("connection.failed", source=str(source))
        finally:
            if keeper is None or keeper.connection is None:
                sock.close()
            place.leave()

    async def _introduced(self, sock: socket.socket, place: _Place) -> IPv4Address | None:
        """Return whom the load balancer says it is; None: nobody to be served."""
        try:
            async with asyncio.timeout(self._parts.limits.proxy_header):
                source = await read_source(sock, self._parts.trial)
        except (Invalid, TimeoutError, OSError) as error:
            self._parts.log.info("proxy.refused", why=str(error) or "it took too long")
            CONNECTIONS.labels("proxy").inc()
            return None
        if source is not None and not place.name(source):
            CONNECTIONS.labels("limit").inc()
            return None
        return source

    async def _kept_out(self, source: IPv4Address) -> bool:
        try:
            penalty = await self._parts.offload.read(self._parts.penalties.standing, source)
        except Unavailable as error:
            self._parts.log.exception("penalties.unread", why=str(error))
            return True
        if penalty is not None:
            CONNECTIONS.labels("penalty").inc()
        return penalty is not None

    async def _serve(self, sock: socket.socket, keeper: Keeper, patience: Patience, place: _Place) -> None:
        """Let the caller sign on and stay, and see everything they held let go of in the end."""
        why = Leaving.CONNECTION_LOST
        try:
            connection = await self._signed_on(sock, keeper, patience)
            if connection is not None and keeper.session is not None:
                place.leave()
                why = await self._stay(connection, keeper, keeper.session)
        except asyncio.CancelledError:
            keeper.abandon()
            raise
        finally:
            # The place is kept until the attempt under way is paid for; a second cancellation may not skip it.
            await asyncio.shield(asyncio.ensure_future(self._over(keeper, why)))

    async def _signed_on(
        self, sock: socket.socket, keeper: Keeper, patience: Patience
    ) -> asyncssh.SSHServerConnection | None:
        """Return the connection once its caller is in, or None when they are not and have gone."""
        try:
            async with patience.lasts():
                return await serve(sock, self._options, lambda: keeper)
        except TimeoutError:
            self._charges.add(keeper.source, Offence.TOO_SLOW)
        except (OSError, asyncssh.Error, PacketDecodeError) as error:
            if not keeper.tried:
                self._charges.add(keeper.source, Offence.NO_ATTEMPT)
            # The library's words about the protocol, none of a user's.
            self._parts.log.info("connection.cut", source=str(keeper.source), why=type(error).__name__)
        except Exception:
            FAILURES.labels(Door.SFTP.value).inc()
            self._charges.add(keeper.source, Offence.CRASH)
            self._parts.log.exception("connection.crashed", source=str(keeper.source))
        CONNECTIONS.labels("cut").inc()
        return None

    async def _stay(self, connection: asyncssh.SSHServerConnection, keeper: Keeper, session: Session) -> Leaving:
        guest = Guest(keeper, session)
        task = asyncio.current_task()
        if task is not None:
            self._admitted.add(task)
            task.add_done_callback(self._admitted.discard)
        CONNECTIONS.labels("served").inc()
        self._log_session("session.opened", session)
        try:
            with SESSIONS.labels(Door.SFTP.value).track_inprogress(), self._live.holding(guest):
                await self._live.count_elsewhere(guest)
                await connection.wait_closed()
        finally:
            connection.abort()
        return guest.leaving or _leaving(keeper.lost)

    async def _over(self, keeper: Keeper, why: Leaving) -> None:
        await keeper.settled()
        session = keeper.session
        if session is None:
            return
        self._log_session("session.closed", session, why=why.value)
        await self._endings.write_down(session, why)

    def _log_session(self, event: str, session: Session, **details: object) -> None:
        self._parts.log.info(
            event,
            session=session.id,
            account=session.account_name,
            source=str(session.source),
            client=session.client,
            **details,
        )


def _leaving(lost: Exception | None) -> Leaving:
    """Return how a caller left who was not sent away."""
    if lost is None:
        return Leaving.CLIENT_LEFT
    return Leaving.BROKE_PROTOCOL if isinstance(lost, asyncssh.ProtocolError) else Leaving.CONNECTION_LOST


def _turn_away(sock: socket.socket, end: str) -> None:
    CONNECTIONS.labels(end).inc()
    sock.close()

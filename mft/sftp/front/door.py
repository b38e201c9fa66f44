"""The SFTP door as the house knows it: open it, let those inside finish, close it."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import asyncssh

from mft.accounts.charges import Charges
from mft.accounts.signon import Leaving
from mft.model.errors import MftError
from mft.model.session import Door
from mft.sftp.front.crowd import ALONE, Crowd, Worker
from mft.sftp.front.limits import Places
from mft.sftp.front.listener import Entrance, accept_from, accept_in_turn, listen
from mft.sftp.front.live import Live
from mft.sftp.front.options import Offer, server_options
from mft.sftp.front.parts import Parts
from mft.sftp.front.visit import Visits

_QUIET_SECONDS: Final = 2.0
"""Without a request for so long a session has nothing in flight that is worth waiting for."""
_LOOK_SECONDS: Final = 0.1


class SftpDoor:
    """Listens, lets callers sign on, and serves those who are in."""

    def __init__(
        self,
        parts: Parts,
        host_keys: Sequence[asyncssh.SSHKey],
        entrances: Sequence[Entrance],
        offer: Offer | None = None,
        worker: Worker = ALONE,
    ) -> None:
        """Keep the parts.  *worker* says which of the processes this is that share the entrances."""
        self._parts = parts
        self._entrances = entrances
        self._places = Places(parts.limits, worker.file("places"))
        self._crowd = Crowd(parts.limits.connections, worker)
        self._accept = None if worker.of == 1 else partial(accept_in_turn, is_ahead=self._crowd.is_ahead)
        self._charges = Charges(parts.penalties, parts.offload, parts.log, Door.SFTP)
        self._live = Live(parts, has_siblings=worker.of > 1)
        options = server_options(host_keys, offer or Offer())
        self._visits = Visits(parts, options, self._places, self._crowd, self._charges, self._live)
        self._accepting: list[asyncio.Task[None]] = []
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> list[tuple[str, int]]:
        """Open the listeners and return their addresses and ports.  Raises Unavailable; then none is open."""
        sockets = []
        try:
            for entrance in self._entrances:
                sockets.append((entrance, listen(entrance)))  # noqa: PERF401  (those opened so far must be closed)
        except MftError:
            for _, sock in sockets:
                sock.close()
            raise
        self._places.open()
        self._crowd.open()
        self._watching = asyncio.create_task(self._live.watch())
        self._accepting = [
            asyncio.create_task(accept_from(sock, entrance, self._visits.receive, self._parts.log, self._accept))
            for entrance, sock in sockets
        ]
        return [sock.getsockname()[:2] for _, sock in sockets]

    async def drain(self, grace: float) -> None:
        """Take no more callers, and give those who are transferring *grace* seconds to finish."""
        await self._shut()
        loop = asyncio.get_running_loop()
        until = loop.time() + grace
        while loop.time() < until:
            for guest in self._live.guests():
                if guest.keeper.quiet_for(_QUIET_SECONDS):
                    guest.send_away(Leaving.SERVER_STOPPED)
            if await self._visits.over(_LOOK_SECONDS):
                return

    async def close(self) -> None:
        """Take no more callers, send everybody away, and wait until all they held is let go of."""
        await self._shut()
        self._live.send_all_away()
        await self._visits.over()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
            self._watching = None
        await self._charges.settled()
        self._places.close()
        self._crowd.close()

    async def _shut(self) -> None:
        accepting, self._accepting = self._accepting, []
        for task in accepting:
            task.cancel()
        if accepting:
            await asyncio.wait(accepting)
        await self._visits.dismiss_strangers()

"""Writing down the ends of sessions, together with those that come about the same time.

Nobody waits for an end to be written but the server that stops, so it waits for others: a hop to
another thread and a transaction cost more than what is written in it.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from mft.accounts.signon import Ended, Leaving
from mft.model.errors import MftError
from mft.model.session import Session
from mft.sftp.front.parts import Parts

_GATHERING_SECONDS: Final = 0.02
"""How long an end waits for others; the list of sessions shows it for so much longer."""
_RETRY_SECONDS: Final = 1.0
_RETRIES: Final = 10
"""How often the ends of sessions are offered to a database that does not answer."""


class Endings:
    """Hands the ends of sessions to the room in one transaction at a time."""

    def __init__(self, parts: Parts) -> None:
        """Keep the parts."""
        self._parts = parts
        self._waiting: list[tuple[Ended, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write_down(self, session: Session, why: Leaving) -> None:
        """Return once it is written that *session* is over, or was offered as often as makes sense."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((Ended(session, why), written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await written

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHERING_SECONDS)
            batch, self._waiting = self._waiting, []
            failed: Exception | None = None
            try:
                await self._offer([ended for ended, _ in batch])
            except Exception as error:  # noqa: BLE001  (each who waits raises it)
                failed = error
            for _, written in batch:
                if written.done():  # Nobody waits any more.
                    continue
                if failed is None:
                    written.set_result(None)
                else:
                    written.set_exception(failed)
        self._writing = None

    async def _offer(self, ended: Sequence[Ended]) -> None:
        for _ in range(_RETRIES):
            try:
                await self._parts.offload.write(self._parts.sign_on.close_all, ended)
            except MftError as error:
                sessions = [one.session.id for one in ended]
                self._parts.log.exception("session.unwritten", sessions=sessions, why=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

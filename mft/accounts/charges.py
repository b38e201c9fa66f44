"""Charging sources without letting strangers fill the writers' line."""

import asyncio
from ipaddress import IPv4Address
from typing import Protocol

from mft.accounts.penalties import Penalties
from mft.logs.metrics import PENALTIES
from mft.model.errors import MftError
from mft.model.session import Door
from mft.offload import Offload
from mft.policy.penalties import Offence


class Log(Protocol):
    """What is told when a debt could not be written down."""

    def exception(self, event: str, /, **details: object) -> object:
        """Note the error that is being handled."""
        ...


class Charges:
    """Hands offences at one door to the room in one transaction at a time: what comes meanwhile goes with the next."""

    def __init__(self, penalties: Penalties, offload: Offload, log: Log, door: Door) -> None:
        """Keep the parts."""
        self._penalties = penalties
        self._offload = offload
        self._log = log
        self._door = door
        self._waiting: list[tuple[IPv4Address, Offence]] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, source: IPv4Address, offence: Offence) -> None:
        """Charge *source* for *offence*, soon."""
        PENALTIES.labels(offence.value).inc()
        self._waiting.append((source, offence))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def settled(self) -> None:
        """Wait until everything is written down."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._offload.write(self._penalties.charge, batch, self._door)
        except MftError as error:
            # Without the table nobody is let in either: the doors ask it first.
            self._log.exception("penalties.unwritten", why=str(error))
        finally:
            self._writing = None

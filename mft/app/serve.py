"""What ``mft serve`` does: recover, open the doors, wait for a signal, close them in reverse.

A stop drains: what is being transferred may finish for 30 s, then it is interrupted and kept for its
owner to resume.  A second signal does not wait.
"""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from mft import __version__
from mft.app import values
from mft.app.alone import Alone, alone
from mft.app.build import House, open_house
from mft.app.chores import chores
from mft.app.classes import demand_known_classes
from mft.app.manager import Manager
from mft.app.portal import portal_door
from mft.app.portal_facts import PORTAL
from mft.crypto.hostkeys import load_host_keys
from mft.crypto.master import MasterKey
from mft.jobs.schedule import schedule
from mft.logs.metrics import LOOP_LAG
from mft.logs.setup import log, start_logging
from mft.model.errors import MftError, Unavailable
from mft.model.event import Action, DetailValue, Event
from mft.model.session import Actor, Door
from mft.settings.model import Settings
from mft.sftp.front.door import SftpDoor
from mft.sftp.front.options import Offer
from mft.sftp.front.parts import Parts
from mft.store.schema import require_current
from mft.vfs.recovery import recover
from mft.web.guest import answering, listen
from mft.web.probes import Check, probes

DRAIN: Final = 30.0
"""Seconds that transfers may go on after the first signal."""

_LOG: Final = log("mft.app.serve")
_SERVER: Final = Actor(Door.JOBS, "server")
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def run(settings: Settings) -> None:
    """Serve in this process, from the first log line to the last.  Raises MftError when it cannot begin."""
    start_logging(settings.log.level)
    try:
        asyncio.run(serve(settings))
    except BaseExceptionGroup as group:
        # What runs beside the doors wraps what broke at one; an operator is told what broke.
        told = group.subgroup(MftError)
        if told is None:
            raise
        raise _first(told) from group


def _first(group: BaseExceptionGroup[MftError]) -> MftError:
    """Return the first error in *group*, however deep it lies."""
    one = group.exceptions[0]
    return _first(one) if isinstance(one, BaseExceptionGroup) else one


async def serve(settings: Settings) -> None:
    """Serve until a signal asks for the end.  Raises MftError when it cannot begin."""
    manager = Manager()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(settings.data) as lock, open_house(settings) as house, _signals() as asked:
        demand_known_classes(house.store, house.files.parts.rules.terms)
        house.breaker.begin()
        _recover(house)
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(_watching(manager))
            await opened.enter_async_context(schedule(chores(house), house.runs, house.offload))
            watched = await opened.enter_async_context(_monitor(house))
            browsed = await opened.enter_async_context(portal_door(house))
            addresses = await opened.enter_async_context(_sftp(house, manager.sockets("sftp"), asked))
            await _record(house, Action.SERVER_STARTED, {"version": __version__, "sftp": ", ".join(addresses)})
            _say_ready(lock, manager, {"sftp": addresses, PORTAL: browsed, "monitor": watched})
            await asked.wait()
            manager.say("STOPPING=1")
            _LOG.info("stopping", drain_seconds=DRAIN)
        house.signon.tidy(stopping=True)
        await _record(house, Action.SERVER_STOPPED, {})
        house.checkpoints.make(house.clock.now())
        _LOG.info("stopped")


class _Asked:
    """How often the end was asked for."""

    def __init__(self) -> None:
        self._once = asyncio.Event()
        self._again = asyncio.Event()

    def ask(self) -> None:
        (self._again if self._once.is_set() else self._once).set()

    async def wait(self) -> None:
        await self._once.wait()

    async def wait_again(self) -> None:
        await self._again.wait()


@contextmanager
def _signals() -> Iterator[_Asked]:
    asked, loop = _Asked(), asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, asked.ask)
    try:
        yield asked
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _recover(house: House) -> None:
    """Before any door opens: nothing of a former run is open any more."""
    report = recover(house.files.parts)
    buried = house.sessions.bury_node(house.settings.node)
    if report.changed or report.missing or buried:
        _LOG.warning(
            "recovered",
            interrupted=report.interrupted,
            dropped=report.dropped,
            discarded=report.discarded,
            missing=list(report.missing),
            sessions=buried,
        )


@asynccontextmanager
async def _watching(manager: Manager) -> AsyncIterator[None]:
    """Pet the watchdog and measure how late the loop is; both stop when the loop does."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(manager.stay_alive()), tasks.create_task(_measure_lag())]
        yield
        for task in running:
            task.cancel()


async def _measure_lag() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + 1.0
        await asyncio.sleep(1.0)
        LOOP_LAG.observe(max(0.0, loop.time() - due))


@asynccontextmanager
async def _monitor(house: House) -> AsyncIterator[str | None]:
    chosen = house.settings.monitor
    if not chosen.enabled:
        yield None
        return
    app = probes(_health(house), house.offload)
    async with answering(app, listen(chosen.address, chosen.port), name="monitor") as url:
        yield url


def _health(house: House) -> dict[str, Check]:
    return {
        "database": lambda: require_current(house.store),
        "blobs": lambda: _demand_writable(house.settings.data),
        "master_key": lambda: MasterKey.load(house.settings.master_key),
    }


def _demand_writable(data: Path) -> None:
    for part in ("staging", "blobs"):
        if not os.access(data / part, os.W_OK | os.X_OK):
            raise Unavailable(f"{data / part} cannot be written")


@asynccontextmanager
async def _sftp(house: House, passed: list[socket.socket], asked: _Asked) -> AsyncIterator[list[str]]:
    sftp = house.settings.sftp
    parts = Parts(
        sign_on=house.signon,
        sessions=house.sessions,
        penalties=house.penalties,
        workspace=house.files.workspace,
        offload=house.offload,
        clock=house.clock,
        log=log("mft.sftp"),
        limits=values.door_limits(house.settings),
        trial=house.settings.trial_networks,
    )
    offer = Offer(sftp.chacha20, sftp.encrypt_and_mac)
    door = SftpDoor(parts, load_host_keys(sftp.host_keys), values.entrances(house.settings, passed), offer)
    try:
        yield [f"{host}:{port}" for host, port in await door.start()]
    finally:
        await _drained(door, asked)


async def _drained(door: SftpDoor, asked: _Asked) -> None:
    hurry = asyncio.create_task(asked.wait_again())
    drain = asyncio.create_task(door.drain(DRAIN))
    await asyncio.wait({hurry, drain}, return_when=asyncio.FIRST_COMPLETED)
    hurry.cancel()
    drain.cancel()
    await asyncio.gather(hurry, drain, return_exceptions=True)
    await door.close()


def _say_ready(lock: Alone, manager: Manager, ready: dict[str, Any]) -> None:
    lock.tell(ready)
    manager.say("READY=1")
    _LOG.info("ready", **ready)


async def _record(house: House, action: Action, detail: dict[str, DetailValue]) -> None:
    def write() -> None:
        with house.store.write() as connection:
            house.trail.record(connection, Event(action, _SERVER, house.settings.node, detail), house.clock.now())

    await house.offload.write(write)

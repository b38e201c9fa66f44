"""What ``mft serve`` does in one process: recover, open the doors, wait for a signal, close them in reverse.

A stop drains: what is being transferred may finish for 30 s, then it is interrupted and kept for its
owner to resume.  A second signal does not wait.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from mft import __version__
from mft.app.alone import Alone, alone
from mft.app.asked import DRAIN, signals
from mft.app.build import House, open_house
from mft.app.chores import chores
from mft.app.classes import demand_known_classes
from mft.app.doors import measure_lag, monitor_door, sftp_door
from mft.app.entrances import entrances
from mft.app.manager import Manager
from mft.app.portal import portal_door
from mft.app.portal_facts import PORTAL
from mft.app.told import first_of
from mft.jobs.schedule import schedule
from mft.logs.setup import log, start_logging
from mft.model.event import Action, DetailValue, Event
from mft.model.session import Actor, Door
from mft.settings.model import Settings
from mft.vfs.recovery import recover

_LOG: Final = log("mft.app.serve")
_SERVER: Final = Actor(Door.JOBS, "server")


def run(settings: Settings) -> None:
    """Serve in this process, from the first log line to the last.  Raises MftError when it cannot begin."""
    start_logging(settings.log.level)
    try:
        asyncio.run(serve(settings))
    except BaseExceptionGroup as group:
        # What runs beside the doors wraps what broke at one; an operator is told what broke.
        told = first_of(group)
        if told is None:
            raise
        raise told from group


async def serve(settings: Settings) -> None:
    """Serve until a signal asks for the end.  Raises MftError when it cannot begin."""
    manager = Manager()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(settings.data) as lock, open_house(settings) as house, signals() as asked:
        begin(house)
        recover_all(house)
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(_watching(manager))
            await opened.enter_async_context(schedule(chores(house), house.runs, house.offload))
            watched = await opened.enter_async_context(monitor_door(house))
            browsed = await opened.enter_async_context(portal_door(house))
            doors = entrances(settings, manager.sockets("sftp"))
            addresses = await opened.enter_async_context(sftp_door(house, doors, asked))
            await record(house, Action.SERVER_STARTED, {"version": __version__, "sftp": ", ".join(addresses)})
            _say_ready(lock, manager, {"sftp": addresses, PORTAL: browsed, "monitor": watched})
            await asked.wait()
            manager.say("STOPPING=1")
            _LOG.info("stopping", drain_seconds=DRAIN)
        house.signon.tidy(stopping=True)
        await end(house)
        _LOG.info("stopped")


def begin(house: House) -> None:
    """Demand what a server cannot do without, and judge the clock, before the first door opens."""
    demand_known_classes(house.store, house.files.parts.rules.terms)
    house.breaker.begin()


def recover_all(house: House) -> None:
    """Before any door of this machine opens: nothing of a former run is open any more."""
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


async def end(house: House) -> None:
    """Write the last line, and sign what was written."""
    await record(house, Action.SERVER_STOPPED, {})
    house.checkpoints.make(house.clock.now())


@asynccontextmanager
async def _watching(manager: Manager) -> AsyncIterator[None]:
    """Pet the watchdog and measure how late the loop is; both stop when the loop does."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(manager.stay_alive()), tasks.create_task(measure_lag())]
        yield
        for task in running:
            task.cancel()


def _say_ready(lock: Alone, manager: Manager, ready: dict[str, Any]) -> None:
    lock.tell(ready)
    manager.say("READY=1")
    _LOG.info("ready", **ready)


async def record(house: House, action: Action, detail: dict[str, DetailValue], subject: str = "") -> None:
    """Write that the server did *action*, to itself if there is no other *subject*."""

    def write() -> None:
        with house.store.write() as connection:
            told = Event(action, _SERVER, subject or house.settings.node, detail)
            house.trail.record(connection, told, house.clock.now())

    await house.offload.write(write)

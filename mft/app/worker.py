"""One of several processes that serve SFTP on one port: started by their parent, and ended by its word.

The first has the portal, the monitor and the jobs too, and is the last to leave.  One that is started
in the place of another that died first hands back what that one held; its siblings serve meanwhile.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from mft import __version__
from mft.app import channel
from mft.app.asked import Asked
from mft.app.build import House, open_house
from mft.app.channel import Order
from mft.app.chores import chores
from mft.app.doors import measure_lag, monitor_door, sftp_door
from mft.app.entrances import entrances
from mft.app.portal import portal_door
from mft.app.portal_facts import PORTAL
from mft.app.serve import begin, end, record, recover_all
from mft.app.told import first_of
from mft.jobs.schedule import schedule, schedule_own
from mft.logs.setup import log, start_logging
from mft.model.event import Action
from mft.model.node import worker_of
from mft.sftp.front.crowd import Worker
from mft.vfs.recovery import hand_back

_LOG: Final = log("mft.app.worker")


class Orders:
    """What the parent says."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        """Read from *reader*."""
        self._reader = reader
        self.asked = Asked()
        self.others_left = asyncio.Event()

    async def obey(self) -> None:
        """Take what is said, until nobody is there to say anything: without a parent no worker stays."""
        while line := await self._reader.readline():
            if line == channel.STOP:
                self.asked.ask()
            elif line == channel.LAST:
                self.others_left.set()
        if not self.asked.already:
            self.asked.ask()
        self.others_left.set()


async def work(sock: socket.socket) -> None:
    """Serve as the order says that comes first through *sock*, until the end is asked for there."""
    reader, writer = await asyncio.open_connection(sock=sock, limit=channel.LONGEST)
    order = Order.read(await reader.readline())
    start_logging(order.settings.log.level, worker=order.number)
    orders = Orders(reader)
    try:
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(orders.obey()), tasks.create_task(measure_lag())]
            if order.beat:
                beside.append(tasks.create_task(_beat(writer, order.beat)))
            await _serve(order, orders, writer)
            for task in beside:
                task.cancel()
    except BaseExceptionGroup as group:
        error = first_of(group)
        if error is None:
            raise
        _LOG.error("worker.failed", why=str(error))
        writer.write(channel.failed(error))
        sys.exit(1)


async def _serve(order: Order, orders: Orders, writer: asyncio.StreamWriter) -> None:
    settings = order.settings
    with open_house(settings, worker=order.number) as house:
        await _begin(order, house)
        worker = Worker(order.number, settings.workers, order.folder)
        passed = [socket.socket(fileno=number) for number in order.sockets]
        async with AsyncExitStack() as opened:
            facts = await opened.enter_async_context(_extras(order, house))
            doors = entrances(settings, passed)
            addresses = await opened.enter_async_context(sftp_door(house, doors, orders.asked, worker))
            if order.number == 1 and not order.after:
                await record(house, Action.SERVER_STARTED, {"version": __version__, "sftp": ", ".join(addresses)})
            writer.write(channel.ready(facts))
            await orders.asked.wait()
        house.signon.tidy(stopping=True)
        if order.number == 1:
            await orders.others_left.wait()
            await end(house)


async def _begin(order: Order, house: House) -> None:
    if order.number == 1:
        begin(house)
    if order.after:
        await _replace(order, house)
    elif order.number == 1:
        recover_all(house)


async def _replace(order: Order, house: House) -> None:
    """Hand back what the worker held that died in this place; the trail says that it did."""
    process = worker_of(house.settings.node, order.number)
    kept, dropped = hand_back(house.files.parts)
    buried = house.sessions.bury_node(process)
    found = {"interrupted": kept, "dropped": dropped, "sessions": buried}
    await record(house, Action.WORKER_REPLACED, {"after": order.after, **found}, process)
    _LOG.warning("recovered", **found)


@asynccontextmanager
async def _extras(order: Order, house: House) -> AsyncIterator[dict[str, str | None]]:
    """Do while the block runs what this worker does beside SFTP; gives the addresses."""
    async with AsyncExitStack() as opened:
        if order.number != 1:
            await opened.enter_async_context(schedule_own(chores(house), house.runs, house.offload))
            yield {}
            return
        await opened.enter_async_context(schedule(chores(house), house.runs, house.offload))
        watched = await opened.enter_async_context(monitor_door(house))
        browsed = await opened.enter_async_context(portal_door(house))
        yield {PORTAL: browsed, "monitor": watched}


async def _beat(writer: asyncio.StreamWriter, seconds: float) -> None:
    while True:
        writer.write(channel.alive())
        await asyncio.sleep(seconds)


def main() -> None:
    """Work by the descriptor that the parent left."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # The parent hears them, and says so.
    asyncio.run(work(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()

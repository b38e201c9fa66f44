"""The parent of several workers: it opens the port, starts them, puts another in the place of one that died.

It has no house and serves nobody.  Signals are for it; the workers have its word.  They hold its lock
on the data folder too, so that no other server begins while one of them still writes.
"""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from mft.app import channel
from mft.app.alone import Alone, alone
from mft.app.asked import DRAIN, Asked, signals
from mft.app.channel import SHARED, Order
from mft.app.entrances import entrances
from mft.app.hand import Hand
from mft.app.manager import Manager
from mft.logs.setup import log, start_logging
from mft.model.errors import Unavailable
from mft.settings.model import Settings
from mft.sftp.front.listener import listen

SOON: Final = 0.5
"""Seconds until another worker is in the place of one that died."""
_SELDOM: Final = 30.0
"""The same when one after the other dies."""
_LIVED: Final = 60.0
"""Seconds after which a worker's death is a new matter."""
_BEATS: Final = 4
"""Signs of life that a worker gives within the watchdog's time."""

_LOG: Final = log("mft.app.workers")


def run(settings: Settings) -> None:
    """Watch over the workers, from the first log line to the last.  Raises MftError when they cannot begin."""
    start_logging(settings.log.level)
    asyncio.run(oversee(settings))


async def oversee(settings: Settings) -> None:
    """Keep the workers until a signal asks for the end.  Raises MftError when they cannot begin."""
    manager = Manager()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(settings.data) as lock, signals() as asked, _listening(settings, manager) as sockets:
        crew = Crew(settings, lock, _emptied(settings.data / SHARED), sockets, manager.interval)
        async with crew.serving():
            crew.tell_ready()
            manager.say("READY=1")
            async with _watching(crew, manager):
                await asked.wait()
            manager.say("STOPPING=1")
            _LOG.info("stopping", drain_seconds=DRAIN)
            for sock in sockets:
                sock.close()
            await crew.stop(asked)
    _LOG.info("stopped")


@contextmanager
def _listening(settings: Settings, manager: Manager) -> Iterator[list[socket.socket]]:
    """Give the sockets that all workers accept from: one that dies takes no caller with it who is still in line."""
    with ExitStack() as opened:
        yield [opened.enter_context(listen(one)) for one in entrances(settings, manager.sockets("sftp"))]


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


@asynccontextmanager
async def _watching(crew: "Crew", manager: Manager) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(manager.stay_alive()), tasks.create_task(crew.watch())]
        yield
        for task in running:
            task.cancel()


class Crew:
    """The workers, by number."""

    def __init__(
        self, settings: Settings, lock: Alone, folder: Path, sockets: list[socket.socket], interval: float
    ) -> None:
        """Keep the parts.  *interval*: seconds after which a worker that gives no sign of life is ended; 0: never."""
        self._settings = settings
        self._lock = lock
        self._folder = folder
        self._sockets = sockets
        self._interval = interval
        self._addresses = ["{}:{}".format(*sock.getsockname()[:2]) for sock in sockets]
        self._hands: dict[int, Hand] = {}
        self._keepers: dict[int, asyncio.Task[None]] = {}
        self._over = asyncio.Event()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Have all workers serve while the block runs.  Raises what one of them could not begin for."""
        try:
            await self._begin(1)  # It recovers, and nobody may write meanwhile.
            await asyncio.gather(*(self._begin(number) for number in range(2, self._settings.workers + 1)))
            yield
        finally:
            await self.stop()

    def tell_ready(self) -> None:
        """Tell whoever asks where the server answers, and by whom."""
        facts = self._facts()
        self._lock.tell(facts)
        _LOG.info("ready", **facts)

    async def stop(self, asked: Asked | None = None) -> None:
        """Let all workers drain, and the first leave last; do not wait once it is *asked* again."""
        self._over.set()
        self._tell_all(channel.STOP)
        hurrying = asyncio.create_task(self._hurry(asked)) if asked is not None else None
        first = self._keepers.pop(1, None)
        await asyncio.gather(*self._keepers.values(), return_exceptions=True)
        self._keepers.clear()
        if first is not None:
            self._tell_all(channel.LAST)
            await asyncio.wait([first])
        if hurrying is not None:
            hurrying.cancel()

    async def watch(self) -> None:
        """End workers that give no sign of life, until cancelled."""
        while self._interval:
            await asyncio.sleep(self._interval / _BEATS)
            for number, hand in self._hands.items():
                if hand.is_ready and hand.silent_for() > self._interval:
                    _LOG.error("worker.hung", worker=number, pid=hand.pid, silent_seconds=int(hand.silent_for()))
                    hand.kill()

    async def _hurry(self, asked: Asked) -> None:
        await asked.wait_again()
        self._tell_all(channel.STOP)

    def _tell_all(self, word: bytes) -> None:
        for hand in self._hands.values():
            hand.tell(word)

    async def _begin(self, number: int) -> None:
        """Start the worker *number* and wait until it serves."""
        serves = asyncio.get_running_loop().create_future()
        keeper = self._keepers[number] = asyncio.create_task(self._keep(number, serves), name=f"worker {number}")
        await asyncio.wait({keeper, serves}, return_when=asyncio.FIRST_COMPLETED)
        if keeper.done():
            keeper.result()

    async def _keep(self, number: int, serves: "asyncio.Future[None]") -> None:
        """Have a worker *number* until the end is asked for; raise what the first one could not begin for."""
        after, pause = "", SOON
        while not self._over.is_set():
            began = asyncio.get_running_loop().time()
            why = await self._one(number, after, serves)
            if self._over.is_set():
                if why:
                    _LOG.error("worker.died", worker=number, why=why)
                return
            after = why or "it left unasked"
            if not serves.done():
                raise Unavailable(f"worker {number} ended before it served: {after}")
            pause = SOON if asyncio.get_running_loop().time() - began >= _LIVED else pause
            _LOG.error("worker.died", worker=number, why=after, again_in_seconds=pause)
            self._lock.tell(self._facts())
            await self._rest(pause)
            pause = min(2 * pause, _SELDOM)

    async def _one(self, number: int, after: str, serves: "asyncio.Future[None]") -> str:
        """Have one worker from its start to its end; return how that was, empty when it was as it should be."""
        try:
            hand = await self._start(number, after)
        except OSError as error:
            return f"it could not be started: {error.strerror}"
        told = asyncio.create_task(self._told(number, hand, serves, after))
        try:
            why = await hand.over()
        finally:
            told.cancel()
            del self._hands[number]
            self._forget(hand.pid)
        if hand.error is not None and not serves.done():
            raise hand.error
        return str(hand.error or why)

    async def _start(self, number: int, after: str) -> Hand:
        order = Order(
            number=number,
            settings=self._settings,
            folder=self._folder,
            sockets=tuple(sock.fileno() for sock in self._sockets),
            beat=self._interval / _BEATS,
            after=after,
        )
        hand = self._hands[number] = await Hand.start(order, [self._lock.descriptor])
        if self._over.is_set():  # It was not there when the others were told.
            hand.kill()
        return hand

    async def _told(self, number: int, hand: Hand, serves: "asyncio.Future[None]", after: str) -> None:
        await hand.ready
        if not serves.done():
            serves.set_result(None)
        if after:
            self._lock.tell(self._facts())
            _LOG.info("worker.replaced", worker=number, pid=hand.pid)

    async def _rest(self, seconds: float) -> None:
        waiting = asyncio.create_task(self._over.wait())
        await asyncio.wait({waiting}, timeout=seconds)
        waiting.cancel()

    def _forget(self, process: int) -> None:
        """Drop what a process said of itself as a living one; its counts stay (prometheus_client, multiprocess)."""
        for file in self._folder.glob(f"gauge_live*_{process}.db"):
            file.unlink(missing_ok=True)

    def _facts(self) -> dict[str, Any]:
        serving = {number: hand for number, hand in sorted(self._hands.items()) if hand.is_ready}
        first = serving[1].ready.result() if 1 in serving else {}
        return {"sftp": self._addresses, **first, "workers": [hand.pid for hand in serving.values()]}

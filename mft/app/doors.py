"""Open the SFTP door and the monitor of a house, and see those inside out."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from mft.app import values
from mft.app.asked import DRAIN, Asked
from mft.app.build import House
from mft.crypto.hostkeys import load_host_keys
from mft.crypto.master import MasterKey
from mft.logs.metrics import LOOP_LAG
from mft.logs.setup import log
from mft.model.errors import Unavailable
from mft.sftp.front.crowd import ALONE, Worker
from mft.sftp.front.door import SftpDoor
from mft.sftp.front.listener import Entrance
from mft.sftp.front.options import Offer
from mft.sftp.front.parts import Parts
from mft.store.schema import require_current
from mft.web.guest import answering, listen
from mft.web.probes import Check, probes


@asynccontextmanager
async def sftp_door(
    house: House, entrances: Sequence[Entrance], asked: Asked, worker: Worker = ALONE
) -> AsyncIterator[list[str]]:
    """Serve SFTP while the block runs; gives the addresses.  At the end it drains, unless there is hurry."""
    sftp = house.settings.sftp
    # What is made so far lives as long as the process: no collection of garbage need look at it again.
    gc.collect()
    gc.freeze()
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
    door = SftpDoor(parts, load_host_keys(sftp.host_keys), entrances, offer, worker)
    try:
        yield [f"{host}:{port}" for host, port in await door.start()]
    finally:
        await _drained(door, asked)


async def _drained(door: SftpDoor, asked: Asked) -> None:
    hurry = asyncio.create_task(asked.wait_again())
    drain = asyncio.create_task(door.drain(DRAIN))
    await asyncio.wait({hurry, drain}, return_when=asyncio.FIRST_COMPLETED)
    hurry.cancel()
    drain.cancel()
    await asyncio.gather(hurry, drain, return_exceptions=True)
    await door.close()


@asynccontextmanager
async def monitor_door(house: House) -> AsyncIterator[str | None]:
    """Answer the monitor while the block runs; gives its address, or None when it is off."""
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


async def measure_lag() -> None:
    """Note how late the loop wakes, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + 1.0
        await asyncio.sleep(1.0)
        LOOP_LAG.observe(max(0.0, loop.time() - due))

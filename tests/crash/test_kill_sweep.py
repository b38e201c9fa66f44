"""`kill -9` in the middle of sweeps: whatever was reached stays true, and the next sweep goes on there."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import func, select

from mft.app.build import House, open_house
from mft.audit.verify import verify_store
from mft.clock import SystemClock
from mft.store import releases
from mft.store.engine import Store, open_store
from mft.store.tables import tombstone, version
from tests.support.installed import OPERATOR, Installed, furnish, installed
from tests.support.victims import add_files, destroyed, keys_left, standing, tells

MFT = Path(sys.executable).parent / "mft"
HOME = "/Distribution/northwind"
STAY = 20

Reached = Callable[[Store], int]


def buried(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(tombstone)).scalar_one()


def keyless(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count(tombstone.c.key_destroyed_at))).scalar_one()


STAGES: dict[str, Reached] = {"expiring": buried, "forgetting keys": keyless, "certifying": destroyed}


def start(server: Installed, plan: str) -> subprocess.Popen[bytes]:
    command = [MFT, "retention", "run", "--confirm", plan, "--config", server.folder / "mft.toml", "--as", "tester"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_when(process: subprocess.Popen[bytes], store: Store, reached: Reached, count: int) -> bool:
    """Kill the sweep once *reached* says *count*; return whether it was still running."""
    with closing(store):
        while process.poll() is None and reached(store) < count:
            Event().wait(0.002)  # Another process has to come that far.
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    return alive


def consistent(house: House) -> None:
    """What holds at every moment, however the last sweep ended."""
    with house.store.read() as connection:
        graves = select(func.count()).select_from(tombstone)
        lying = graves.join_from(tombstone, version, version.c.id == tombstone.c.version)
        still_there = connection.execute(lying.where(version.c.entry.is_not(None))).scalar_one()
        key_after_all = connection.execute(
            lying.where(tombstone.c.destroyed_at.is_not(None), version.c.wrapped_key.is_not(None))
        ).scalar_one()
    assert (still_there, key_after_all) == (0, 0)
    assert Counter(tells(house.store, "file.expired")).most_common(1)[0][1] == 1
    assert len(tells(house.store, "file.destroyed")) == destroyed(house.store)
    assert verify_store(house.store, house.signer.public_bytes).sound


def check_kills(folder: Path, victims: int, kills: int) -> None:
    server = installed(folder)
    settings = server.loaded().settings
    long_ago = SystemClock().now() - timedelta(days=100)
    with open_house(settings) as house:
        furnish(house)
        add_files(house.store, house.blobs, HOME, victims, long_ago)
        add_files(house.store, house.blobs, HOME, STAY, long_ago, lasts=1000, prefix="stays")
        assert house.sweep.run().halted
        plan = house.retention.plan().id
        house.retention.release(OPERATOR, plan)
    killed = 0
    for number in range(kills):
        stage = list(STAGES.values())[number % len(STAGES)]
        goal = (number + 1) * victims // (kills + 1)
        killed += kill_when(start(server, plan), open_store(settings.store_url), stage, goal)
        with open_house(settings) as house:
            consistent(house)
    assert killed > kills // 2
    assert start(server, plan).wait(120) == 0
    with open_house(settings) as house:
        consistent(house)
        every = {f"{HOME}/f{number:05}" for number in range(victims)}
        assert Counter(tells(house.store, "file.destroyed")) == Counter(every)
        assert (standing(house.store), keys_left(house.store)) == (STAY, STAY)
        assert len(list(house.blobs.published())) == STAY
        with house.store.read() as connection:
            assert releases.open_victims(connection, "file", 1) == []
            assert releases.unfinished(connection) == []


@pytest.mark.timeout(300)
def test_six_kills_amid_a_release_leave_it_consistent_and_it_is_gone_on_with(tmp_path: Path):
    check_kills(tmp_path / "house", victims=1500, kills=6)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_sixty_kills_amid_a_release_leave_it_consistent_and_it_is_gone_on_with(tmp_path: Path):
    check_kills(tmp_path / "house", victims=20_000, kills=60)

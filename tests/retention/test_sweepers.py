"""Eight sweepers at once, each with connections of its own: every victim of a released plan goes exactly once.

The ordinary run takes 2 rounds of 300 victims on SQLite and 1 of 150 on PostgreSQL; ``-m soak`` all 20 of 1,000.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mft.audit.trail import Trail
from mft.audit.verify import verify_store
from mft.policy.breaker import BreakerRules
from mft.policy.signon import Terms
from mft.retention.breaker import Breaker
from mft.retention.plan import Retention
from mft.retention.sweep import Sweep, Swept
from mft.store import releases
from mft.store.engine import Store, open_store
from mft.vfs.parts import Rules
from mft.vfs.workspace import Files
from tests.support.victims import add_files, destroyed, keys_left, standing, tells
from tests.support.world import OPERATOR, World, furnished

HOME = "/Distribution/northwind"
SWEEPERS = 8
FEW = BreakerRules(files=20)
STAY = 25


def sweep_beside_others(world: World) -> Swept:
    """Sweep as a process of its own does: its own connections, its own breaker."""
    url = world.store.engine.url.render_as_string(hide_password=False)
    with closing(open_store(url)) as store:
        files = Files(store, world.blobs, world.master, Trail("n1"), world.clock, Rules(), "n1")
        breaker = Breaker(store, Trail("n1"), world.clock, FEW, "n1")
        return Sweep(files.parts, breaker, lambda _: None).run()


def one_round(world: World, number: int, victims: int) -> None:
    prefix = f"round{number:02}-"
    numbers = add_files(world.store, world.blobs, HOME, victims, world.clock.now(), prefix=prefix)
    world.clock.advance(days=90)
    before = destroyed(world.store)
    assert sweep_beside_others(world).halted
    room = Retention(world.files.parts, Terms(), FEW)
    drawn = room.plan()
    assert set(drawn.files) == set(numbers)
    room.release(OPERATOR, drawn.id)
    with ThreadPoolExecutor(SWEEPERS) as pool:
        swept = list(pool.map(lambda _: sweep_beside_others(world), range(SWEEPERS)))
    assert sum(one.expired for one in swept) == victims
    assert sum(one.destroyed for one in swept) == victims
    assert destroyed(world.store) - before == victims
    with world.store.read() as connection:
        assert releases.open_victims(connection, "file", 1) == []


def check_rounds(store: Store, folder: Path, rounds: int, victims: int) -> None:
    world = furnished(store, folder)
    add_files(world.store, world.blobs, HOME, STAY, world.clock.now(), lasts=10_000, prefix="stays")
    for number in range(rounds):
        one_round(world, number, victims)
    every = Counter(f"{HOME}/round{round_:02}-{number:05}" for round_ in range(rounds) for number in range(victims))
    for action in ("file.expired", "file.destroyed"):
        assert Counter(tells(store, action)) == every
    assert (standing(store), keys_left(store), len(list(world.blobs.published()))) == (STAY, STAY, STAY)
    assert verify_store(store, None).sound


def test_eight_sweepers_remove_every_released_victim_exactly_once(store: Store, tmp_path: Path):
    check_rounds(store, tmp_path, rounds=2, victims=300)


def test_eight_sweepers_remove_every_released_victim_exactly_once_on_postgresql(postgres_store: Store, tmp_path: Path):
    check_rounds(postgres_store, tmp_path, rounds=1, victims=150)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_eight_sweepers_on_a_thousand_victims_twenty_times(any_store: Store, tmp_path: Path):
    check_rounds(any_store, tmp_path, rounds=20, victims=1000)

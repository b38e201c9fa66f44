"""Five hundred days of a small house, lived by the product and by an oracle that knows only the documents."""

import gc
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mft.settings.model import Retention, Terms
from mft.store import engine
from tests.lifecycle.conftest import OpenServer
from tests.lifecycle.scenario.documents import Halting
from tests.lifecycle.scenario.endings import check_endings
from tests.lifecycle.scenario.foretelling import check_foretelling
from tests.lifecycle.scenario.life import Life
from tests.lifecycle.scenario.oracle import Oracle
from tests.lifecycle.scenario.script import Plan
from tests.lifecycle.scenario.server import Server

BEGINS = datetime(2027, 6, 15, 1, 0, tzinfo=UTC)
"""Of the year before a leap year; the days reach past its last of February."""
HALTING = Halting(files=250, percent=5, accounts=6)
SETTINGS: dict[str, Any] = {
    "terms": Terms(dormancy_unattended=timedelta(days=60)),
    "retention": Retention(
        own={"remits": timedelta(days=30)}, halt_files=HALTING.files, halt_accounts=HALTING.accounts
    ),
}
LOOKED_AHEAD = (50, 200, 350)
"""The days on which it is asked what will happen if nobody does anything."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let nothing wait for the disk, since no power is cut here, and let Python look for garbage less often."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    hasty = tuple(each.replace("synchronous=FULL", "synchronous=OFF") for each in engine._PRAGMAS)  # noqa: SLF001
    monkeypatch.setattr(engine, "_PRAGMAS", hasty)
    gc.collect()
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 1000)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def copied(life: Life, open_server: OpenServer, folder: Path) -> Server:
    """Return a server on a copy of the database, at the same moment, known by the same labels."""
    house = life.server.house
    house.store.scrub()
    shutil.copytree(house.settings.data.parent, folder, ignore=shutil.ignore_patterns("blobs"))
    copy = open_server(house.clock.now(), folder, **SETTINGS)
    copy.secrets, copy.requests = life.server.secrets, life.server.requests
    return copy


def live(open_server: OpenServer, folder: Path, seed: int) -> Life:
    life = Life(seed, open_server(BEGINS, **SETTINGS), Oracle(HALTING), Plan(), BEGINS)
    while life.day < life.plan.days:
        life.live()
        if life.day in LOOKED_AHEAD:
            happened = check_foretelling(life, copied(life, open_server, folder / f"copy{life.day}"))
            assert happened > AHEAD_AT_LEAST
    check_endings(life)
    return life


AHEAD_AT_LEAST = 50
"""What happens in forty days at the very least: else there was nothing to foretell."""
AT_LEAST = {
    "put": 5000,
    "approve": 60,
    "deny": 3,
    "withdraw": 1,
    "sign_on": 500,
    "replace": 40,
    "reset": 10,
    "give_key": 3,
    "take": 300,
    "remove": 200,
    "undelete": 20,
    "rename": 20,
    "hold": 20,
    "lift": 5,
    "keep": 100,
    "let_go": 1,
    "set_kind": 2,
}
"""How often each act was done: a life in which nothing happened would prove nothing."""


@pytest.mark.fact("0.15")
@pytest.mark.fact("0.3")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1])
def test_five_hundred_days_go_as_the_documents_say_and_as_was_foretold(
    open_server: OpenServer, tmp_path: Path, seed: int
):
    print(f"seed {seed}")  # noqa: T201  (a failure is repeated with it)
    life = live(open_server, tmp_path, seed)
    assert len(life.oracle.people) >= life.plan.accounts
    assert [accounts > HALTING.accounts or files > HALTING.files for files, accounts in life.releases] == [True, True]
    assert {verb: life.done.get(verb, 0) for verb in AT_LEAST if life.done.get(verb, 0) < AT_LEAST[verb]} == {}


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2, 8))
def test_other_lives_go_so_too(open_server: OpenServer, tmp_path: Path, seed: int):
    print(f"seed {seed}")  # noqa: T201  (a failure is repeated with it)
    live(open_server, tmp_path, seed)

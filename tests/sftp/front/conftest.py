"""Doors for one test each."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from mft.store.engine import Store
from tests.support.gate import Gate, build_gate
from tests.support.hall import Hall, OpenHall
from tests.support.hall import open_hall as open_door


@pytest.fixture
async def open_hall(store: Store) -> AsyncIterator[OpenHall]:
    """Open doors with limits of the test's own; they are closed afterwards, and nothing unforeseen was logged."""
    halls: list[Hall] = []

    async def open_one(gate: Gate | None = None, **changes: Any) -> Hall:
        halls.append(await open_door(gate or build_gate(store), **changes))
        return halls[-1]

    yield open_one
    for hall in halls:
        await hall.door.close()
        hall.gate.offload.close()
        assert hall.log.failures == []


@pytest.fixture
async def hall(open_hall: OpenHall) -> Hall:
    """A door with the usual limits and one account, alice, who signs on from 127.0.0.1."""
    made = await open_hall()
    made.gate.account("alice", allow="127.0.0.1")
    return made

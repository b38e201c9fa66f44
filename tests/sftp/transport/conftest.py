"""What the tests of the transport share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mft.sftp.transport.connection import Connection
from mft.store.engine import Store
from tests.support.gate import build_gate
from tests.support.hall import Hall, open_hall


@asynccontextmanager
async def opened_hall(store: Store, **changes: Any) -> AsyncIterator[Hall]:
    """A door that alice may come in by; nothing unforeseen was logged when it is left."""
    made = await open_hall(build_gate(store), **changes)
    made.gate.account("alice", allow="127.0.0.1")
    yield made
    await made.door.close()
    made.gate.offload.close()
    assert made.log.failures == []


@pytest.fixture
async def hall(store: Store) -> AsyncIterator[Hall]:
    """A door with nothing special about it."""
    async with opened_hall(store) as made:
        yield made


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """The connections that the server made."""
    made: list[Connection] = []
    adopt = Connection.adopt.__func__  # type: ignore[attr-defined]

    def noted(cls: type[Connection], *given: Any) -> Connection:
        made.append(adopt(cls, *given))
        return made[-1]

    monkeypatch.setattr(Connection, "adopt", classmethod(noted))
    return made

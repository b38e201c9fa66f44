"""What the tests of the transport share."""

from collections.abc import Iterator
from typing import Any

import pytest

from mft.offload import Offload
from mft.sftp.transport.connection import Connection


@pytest.fixture
def offload() -> Iterator[Offload]:
    lanes = Offload(inline_reads=True, writers=1, hashers=1)
    yield lanes
    lanes.close()


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

"""What the tests of the transport share."""

from typing import Any

import pytest

from mft.sftp.transport.connection import Connection


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

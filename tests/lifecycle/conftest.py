"""A whole server in a folder of its own, as ``mft init`` makes it, with a clock that tests move."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mft.app.build import open_house
from mft.app.install import Wanted, install
from mft.settings.load import load
from mft.settings.model import Passwords, Retention
from tests.lifecycle.scenario.server import OPERATOR, Server
from tests.support.clock import MovingClock

OpenServer = Callable[..., Server]
EARLY = datetime(2020, 1, 1, tzinfo=UTC)
"""When every server was made: before the first moment of any test."""


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's folder; copied for each test."""
    folder = tmp_path_factory.mktemp("installation") / "mft"
    install(Wanted(folder, trial=False), OPERATOR, MovingClock(EARLY))
    return folder


@pytest.fixture
def open_server(installation: Path, tmp_path: Path) -> Iterator[OpenServer]:
    """Return what opens a server whose clock stands at a moment, with some settings of its own."""
    with ExitStack() as opened:
        runner = opened.enter_context(asyncio.Runner())

        def opens(at: datetime, folder: Path = tmp_path / "mft", **changes: Any) -> Server:
            if not folder.exists():
                shutil.copytree(installation, folder)
            cheap = {
                "passwords": Passwords(memory=8 << 10, passes=1),
                "retention": Retention(own={"remits": timedelta(days=30)}),
            }
            settings = load(folder / "mft.toml", {}).settings.model_copy(update=cheap | changes)
            clock = MovingClock(at)
            return Server(opened.enter_context(open_house(settings, clock)), clock, runner)

        yield opens

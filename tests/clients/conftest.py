"""A served house for each worker, with accounts that may do what the clients try."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import CLIENTS, Client, Paramiko
from tests.support.server import Server, running

PASSWORD = "violet-anchor-92-Teapot-lagoon"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # Debian 12's curl is linked against a libssh2 that knows neither GCM nor encrypt-then-MAC.
    settings = {"MFT_SFTP__ENCRYPT_AND_MAC": "true"}
    with running(tmp_path_factory.mktemp("served") / "house", **settings) as server:
        server.add_account("alice", password=PASSWORD)
        server.add_account("batch", "clearing", password=PASSWORD)
        yield server


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, server: Server) -> Client:
    return CLIENTS[request.param](server, "alice")


@pytest.fixture
def place(server: Server, tmp_path: Path) -> str:
    """A folder of the test's own in the tree, as alice sees it."""
    folder = f"/Distribution/northwind/{tmp_path.name}"
    with Paramiko(server, "alice").open() as sftp:
        sftp.mkdir(folder)
    return folder

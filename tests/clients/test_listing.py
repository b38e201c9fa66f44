"""A folder of ten thousand names is listed whole by every client."""

import pytest

from tests.support.clients import Client, Paramiko
from tests.support.server import Server

COUNT = 10_000


@pytest.fixture(scope="session")
def crowded(server: Server) -> str:
    folder = "/Distribution/northwind/crowded"
    server.mft("folder", "create", folder)
    with Paramiko(server, "alice").open() as sftp:
        for number in range(COUNT):
            sftp.mkdir(f"{folder}/week-{number:05}")
    return folder


@pytest.mark.xdist_group("crowded")
@pytest.mark.timeout(300)
def test_ten_thousand_names_are_listed(client: Client, crowded: str):
    assert client.names(crowded) == {f"week-{number:05}" for number in range(COUNT)}

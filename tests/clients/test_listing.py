"""A folder of ten thousand files is listed whole by every client."""

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
            sftp.open(f"{folder}/report-{number:05}.txt", "w").close()
    return folder


def test_ten_thousand_files_are_listed(client: Client, crowded: str):
    assert client.names(crowded) == {f"report-{number:05}.txt" for number in range(COUNT)}

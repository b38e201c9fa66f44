"""What clients show of a folder: every name, and until when each file is kept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.clients import Client, OpenSsh, Paramiko
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


@pytest.mark.fact("0.3")
def test_openssh_shows_until_when_a_file_is_kept_and_that_one_is_on_hold(server: Server, place: str, tmp_path: Path):
    report = tmp_path / "report.csv"
    report.write_bytes(b"x" * 9523)
    client = OpenSsh(server, "alice")
    before = datetime.now(UTC)
    for name in ("kept.csv", "held.csv", "held-until.csv"):
        client.put(report, f"{place}/{name}")
    after = datetime.now(UTC)
    server.mft("retention", "hold", "add", f"{place}/held.csv", "--reason", "a lawsuit")
    server.mft("retention", "hold", "add", f"{place}/held-until.csv", "--reason", "audit", "--until", "2199-05-31")
    lines = (line.split() for line in client.batch(f'ls -l "{place}"').splitlines() if "csv" in line)
    shown = {columns[8].rpartition("/")[2]: (columns[2], columns[3], columns[4]) for columns in lines}
    ends = {f"until-{moment + timedelta(days=90):%Y-%m-%d}" for moment in (before, after)}
    assert shown.keys() == {"kept.csv", "held.csv", "held-until.csv"}
    assert shown["kept.csv"][1] in ends
    assert shown["held.csv"] == ("alice", "on-hold", "9523")
    assert shown["held-until.csv"][1] == "until-2199-05-31"

"""People who may only bring files, and what they try with names: over a real server, with paramiko."""

from collections.abc import Iterator
from contextlib import ExitStack

import paramiko
import pytest

from tests.support.clients import Paramiko
from tests.support.server import Server, running

HOME = "/Distribution/northwind"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("names") / "server") as house:
        house.add_account("alice")
        house.add_account("carrier", rights="create")
        yield house


@pytest.fixture
def people(server: Server) -> Iterator[tuple[paramiko.SFTPClient, paramiko.SFTPClient]]:
    with ExitStack() as opened:
        yield (
            opened.enter_context(Paramiko(server, "alice").open()),
            opened.enter_context(Paramiko(server, "carrier").open()),
        )


def put(sftp: paramiko.SFTPClient, path: str, content: bytes) -> None:
    with sftp.open(path, "wb") as file:
        file.write(content)


def content_of(sftp: paramiko.SFTPClient, path: str) -> bytes:
    with sftp.open(path, "rb") as file:
        return bytes(file.read())


def test_who_may_only_create_neither_replaces_cuts_removes_nor_renames_a_file(
    people: tuple[paramiko.SFTPClient, paramiko.SFTPClient],
) -> None:
    alice, carrier = people
    put(alice, f"{HOME}/report.csv", b"the report")
    put(carrier, f"{HOME}/other.part", b"not the report")
    tries = (
        lambda: put(carrier, f"{HOME}/report.csv", b"mine now"),
        lambda: carrier.truncate(f"{HOME}/report.csv", 0),
        lambda: carrier.remove(f"{HOME}/report.csv"),
        lambda: carrier.rename(f"{HOME}/report.csv", f"{HOME}/taken.csv"),
        lambda: carrier.rename(f"{HOME}/other.part", f"{HOME}/report.csv"),
        lambda: carrier.posix_rename(f"{HOME}/other.part", f"{HOME}/report.csv"),
    )
    for attempt in tries:
        with pytest.raises(OSError, match=r"."):
            attempt()
    assert content_of(alice, f"{HOME}/report.csv") == b"the report"


def test_a_work_name_is_its_owners_alone_until_its_last_renaming(
    people: tuple[paramiko.SFTPClient, paramiko.SFTPClient],
) -> None:
    alice, carrier = people
    put(carrier, f"{HOME}/batch.x12.part", b"ISA*")
    assert "batch.x12.part" not in alice.listdir(HOME)
    tries = (
        lambda: alice.stat(f"{HOME}/batch.x12.part"),
        lambda: content_of(alice, f"{HOME}/batch.x12.part"),
        lambda: put(alice, f"{HOME}/batch.x12.part", b"forged"),
        lambda: alice.remove(f"{HOME}/batch.x12.part"),
        lambda: alice.rename(f"{HOME}/batch.x12.part", f"{HOME}/stolen.x12"),
    )
    for attempt in tries:
        with pytest.raises(OSError, match=r"."):
            attempt()
    carrier.rename(f"{HOME}/batch.x12.part", f"{HOME}/batch.x12")
    assert content_of(alice, f"{HOME}/batch.x12") == b"ISA*"


def test_a_folder_never_goes_into_itself(people: tuple[paramiko.SFTPClient, paramiko.SFTPClient]) -> None:
    alice, _ = people
    alice.mkdir(f"{HOME}/outer")
    alice.mkdir(f"{HOME}/outer/inner")
    for target in ("outer/inner/deeper", "outer/inner/../self"):
        with pytest.raises(OSError, match=r"."):
            alice.rename(f"{HOME}/outer", f"{HOME}/{target}")
    assert alice.listdir(f"{HOME}/outer") == ["inner"]

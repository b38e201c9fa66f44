"""`kill -9` in the middle of uploads: nothing acknowledged is lost, nothing partial is shown."""

import hashlib
import random
import signal
import threading
from pathlib import Path

import paramiko
import pytest

from tests.support.clients import Paramiko
from tests.support.server import Server

UPLOADERS = 4


def content(name: str) -> bytes:
    """Return what belongs under *name*: the same for everybody who asks."""
    noise = random.Random(name)
    return noise.randbytes(noise.choice([0, 1, 900, 65_535, 65_536, 200_000, 400_000]))


def upload_until_cut(server: Server, account: str, folder: str, acknowledged: set[str], first: threading.Event) -> None:
    """Put file after file until the line goes dead; note each that the server said it has."""
    try:
        with Paramiko(server, account).open() as sftp:
            for number in range(10_000):
                name = f"{account}-{number}.bin"
                with sftp.open(f"{folder}/{name}", "wb") as file:
                    file.set_pipelined()
                    file.write(content(name))
                acknowledged.add(name)
                first.set()
    except (OSError, EOFError, paramiko.SSHException):
        return


def one_round(server: Server, number: int, pause: float) -> tuple[set[str], dict[str, str]]:
    """Upload, kill, start again; return what was acknowledged and what a bystander finds."""
    folder = f"/Distribution/northwind/round-{number}"
    server.mft("folder", "create", folder)
    acknowledged: set[str] = set()
    first = threading.Event()
    names = [f"writer{index}" for index in range(UPLOADERS)]
    threads = [
        threading.Thread(target=upload_until_cut, args=(server, name, folder, acknowledged, first)) for name in names
    ]
    for thread in threads:
        thread.start()
    assert first.wait(30)
    threading.Event().wait(pause)
    server.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    server.start()
    with Paramiko(server, "reader").open() as sftp:
        found = {
            name: hashlib.sha256(sftp.open(f"{folder}/{name}").read()).hexdigest() for name in sftp.listdir(folder)
        }
    return acknowledged, found


def check_rounds(folder: Path, rounds: int) -> None:
    server = Server(folder)
    server.set_up()
    for index in range(UPLOADERS):
        server.add_account(f"writer{index}", rights="list,create,replace")
    server.add_account("reader", rights="list,read")
    server.start()
    noise = random.Random(rounds)
    try:
        for number in range(rounds):
            acknowledged, found = one_round(server, number, noise.uniform(0, 0.4))
            assert acknowledged <= found.keys()
            assert found == {name: hashlib.sha256(content(name)).hexdigest() for name in found}
        assert "intact" in server.mft("audit", "verify")
    finally:
        server.stop()


@pytest.mark.timeout(600)
def test_fifty_kills_lose_nothing_acknowledged_and_show_nothing_partial(tmp_path: Path):
    check_rounds(tmp_path / "house", 50)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_kills_lose_nothing_acknowledged_and_show_nothing_partial(tmp_path: Path):
    check_rounds(tmp_path / "house", 1000)

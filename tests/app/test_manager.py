"""Talking to systemd, with a socket in its place."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mft.app.manager import Manager


@pytest.fixture
def ear(tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


def test_without_a_manager_nothing_is_said_and_nothing_is_passed():
    manager = Manager({})
    manager.say("READY=1")
    assert manager.sockets("sftp") == []


def test_what_is_said_arrives(ear: socket.socket):
    Manager({"NOTIFY_SOCKET": ear.getsockname()}).say("READY=1")
    assert ear.recv(100) == b"READY=1"


def test_an_abstract_address_is_understood():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0mft-test-{os.getpid()}")
        listening.settimeout(10)
        Manager({"NOTIFY_SOCKET": f"@mft-test-{os.getpid()}"}).say("STOPPING=1")
        assert listening.recv(100) == b"STOPPING=1"


async def test_the_watchdog_is_petted_twice_in_each_interval(ear: socket.socket):
    manager = Manager({"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "40000"})
    petting = asyncio.create_task(manager.stay_alive())
    try:
        heard = [await asyncio.to_thread(ear.recv, 100) for _ in range(3)]
    finally:
        petting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await petting
    assert heard == [b"WATCHDOG=1"] * 3


def test_sockets_meant_for_another_process_are_left_alone():
    assert Manager({"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "sftp"}).sockets("sftp") == []


def test_passed_sockets_are_found_by_name():
    program = (
        "import os, sys\n"
        "os.dup2(int(sys.argv[1]), 3)\n"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='sftp')\n"
        "from mft.app.manager import Manager\n"
        "manager = Manager()\n"
        "assert manager.sockets('web') == []\n"
        "(found,) = manager.sockets('sftp')\n"
        "print(found.getsockname()[1])\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        done = subprocess.run(
            [sys.executable, "-c", program, str(listening.fileno())],
            pass_fds=[listening.fileno()],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.stdout.strip() == str(listening.getsockname()[1]), done.stderr

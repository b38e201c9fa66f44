"""Several processes at one port: they serve at once, share every cap, and one that dies takes nothing with it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep

import paramiko
import pytest

from mft.app.alone import running as told
from tests.support.clients import Paramiko
from tests.support.installed import QUICK, installed
from tests.support.server import MFT, Server, running

HOME = "/Distribution/northwind"
SETTINGS = {**QUICK, "MFT_WORKERS": "2"}
CAPS = {"MFT_SFTP__MAX_CONNECTIONS_PER_ACCOUNT": "3", "MFT_SFTP__MAX_UNAUTHENTICATED_PER_SOURCE": "4"}
ALWAYS_DUE = {"MFT_AUDIT__CHECKPOINT_EVERY": "1 s"}
pytestmark = pytest.mark.timeout(300)  # Many processes are started, each a program of its own.
CUT = (OSError, EOFError, paramiko.SSHException)


def pids(server: Server) -> list[int]:
    """Return the workers that serve, by number."""
    return list((told(server.folder / "data") or {}).get("workers", ()))


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def until(true: Callable[[], object]) -> None:
    """Wait for another process."""
    deadline = monotonic() + 90
    while not true():
        assert monotonic() < deadline
        sleep(0.05)


def greeted(server: Server) -> bool:
    """Return whether another caller from here is let speak."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as call:
        return call.recv(4) == b"SSH-"


def nodes(server: Server, account: str) -> list[str]:
    """Return which workers hold the account's sessions, the oldest first."""
    return [one["node"] for one in server.json("account", "sessions", account)]


def whys(server: Server, account: str) -> list[str]:
    """Return why the server ended sessions of the account."""
    return [line["detail"]["why"] for line in server.events("session.ended") if line["actor"]["name"] == account]


def stay(callers: "Callers", account: str) -> None:
    """Be in for longer than anybody is who is too many."""
    one = callers.one(account)
    for _ in range(500):
        one.listdir("/")


class Callers:
    """Sessions of accounts, by the worker that holds each."""

    def __init__(self, server: Server, opened: ExitStack) -> None:
        self.server = server
        self.opened = opened

    def one(self, account: str) -> paramiko.SFTPClient:
        return self.opened.enter_context(Paramiko(self.server, account).open())

    def at_each(self, account: str, other: str) -> tuple[paramiko.SFTPClient, paramiko.SFTPClient, str]:
        """Return a session of *account*, one of *other* at the other worker, and the first one's worker."""
        first = self.one(account)
        (held,) = nodes(self.server, account)
        for _ in range(20):
            second = self.one(other)
            if nodes(self.server, other)[-1] != held:
                return first, second, held
            second.get_channel().get_transport().close()
            until(lambda: not nodes(self.server, other))
        raise AssertionError("every caller came to the same worker")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("workers") / "house", **SETTINGS, **CAPS, **ALWAYS_DUE) as made:
        for name in ("alice", "anna", "bert", "carl", "dora"):
            made.add_account(name)
        yield made


@pytest.fixture
def callers(server: Server) -> Iterator[Callers]:
    with ExitStack() as opened:
        yield Callers(server, opened)


def test_two_workers_serve_at_once_and_the_list_of_sessions_tells_which(server: Server, callers: Callers):
    one, other, _ = callers.at_each("alice", "anna")
    assert sorted(nodes(server, "alice") + nodes(server, "anna")) == ["main/1", "main/2"]
    with one.open(f"{HOME}/together", "wb") as file:
        file.write(b"x" * 100_000)
    assert other.stat(f"{HOME}/together").st_size == 100_000
    assert len(set(pids(server))) == 2
    assert all(lives(process) for process in pids(server))


def test_an_account_has_as_many_sessions_at_all_workers_as_it_would_have_at_one(server: Server, callers: Callers):
    kept = [callers.one("bert") for _ in range(3)]
    assert set(nodes(server, "bert")) == {"main/1", "main/2"}
    with pytest.raises(CUT):
        stay(callers, "bert")
    assert [bool(one.listdir("/")) for one in kept] == [True] * 3
    until(lambda: whys(server, "bert"))  # Ends are written down a moment later, several at once.
    assert whys(server, "bert") == ["too_many"]


def test_a_source_has_as_many_places_at_all_workers_as_it_would_have_at_one(server: Server):
    with ExitStack() as opened:
        calls = [opened.enter_context(socket.create_connection(("127.0.0.1", server.port), 10)) for _ in range(5)]
        assert [call.recv(4) for call in calls[:4]] == [b"SSH-"] * 4
        assert calls[4].recv(4) == b""
    until(lambda: greeted(server))  # They are given back once the workers see that the callers left.


def test_what_one_worker_writes_is_refused_at_the_other_while_it_is_written(callers: Callers):
    one, other, _ = callers.at_each("carl", "carl")
    with one.open(f"{HOME}/busy", "wb") as file:
        file.write(b"x")
        with pytest.raises(OSError, match="another upload to it is under way"):
            other.open(f"{HOME}/busy", "wb")


def test_jobs_are_run_by_the_first_worker_once(server: Server):
    # One that is always due: at each look of either worker somebody would run it.
    until(lambda: len(server.json("jobs", "history", "checkpoint")) >= 6)
    for job in ("sweep", "checkpoint", "mail"):
        assert {run["runner"] for run in server.json("jobs", "history", job)} == {f"main:jobs:{pids(server)[0]}"}
    assert "jobs.left" not in server.log.read_text()


def test_a_disabled_account_is_out_of_every_worker(server: Server, callers: Callers):
    transports = [one.get_channel().get_transport() for one in callers.at_each("dora", "dora")[:2]]
    server.mft("account", "disable", "dora")
    until(lambda: not any(transport.is_active() for transport in transports))


def test_the_doctor_counts_them_and_the_monitor_adds_up(server: Server, callers: Callers):
    callers.at_each("alice", "anna")
    assert [one["said"] for one in server.json("doctor") if one["check"] == "workers"][-1] == "2 of 2 serve"
    monitor = str((told(server.folder / "data") or {})["monitor"])
    host, _, port = monitor.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as asked:
        asked.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        lines = b"".join(iter(lambda: asked.recv(65_536), b"")).decode().splitlines()
    assert 'mft_sessions{door="sftp"} 2.0' in lines


@pytest.mark.parametrize("number", [1, 2], ids=["the first", "another"])
def test_a_killed_worker_loses_nothing_committed_and_another_takes_its_place(tmp_path: Path, number: int):
    with running(tmp_path / "house", **SETTINGS) as server, ExitStack() as opened:
        callers = Callers(server, opened)
        server.add_account("alice")
        server.add_account("anna")
        one, other, held = callers.at_each("alice", "anna")
        if held != f"main/{number}":
            one, other, (who, bystander) = other, one, ("anna", "alice")
        else:
            who, bystander = "alice", "anna"
        with one.open(f"{HOME}/kept", "wb") as file:
            file.write(b"k" * 100_000)
        broken = one.open(f"{HOME}/broken", "wb")
        broken.write(b"b" * 200_000)
        whole = other.open(f"{HOME}/whole", "wb")
        whole.write(b"w" * 100_000)
        before = pids(server)
        os.kill(before[number - 1], signal.SIGKILL)
        until(lambda: server.events("worker.replaced"))
        (line,) = server.events("worker.replaced")
        assert line["subject"] == f"main/{number}"
        assert line["detail"] == {"after": "killed by SIGKILL", "interrupted": 1, "dropped": 0, "sessions": 1}
        until(lambda: len(pids(server)) == 2)
        assert pids(server)[2 - number] == before[2 - number]
        # Who was at the other worker noticed nothing, least of all in the middle of an upload.
        whole.write(b"w" * 100_000)
        whole.close()
        assert other.stat(f"{HOME}/whole").st_size == 200_000
        assert other.stat(f"{HOME}/kept").st_size == 100_000
        assert nodes(server, bystander) == [f"main/{3 - number}"]
        assert nodes(server, who) == []
        with pytest.raises(CUT):
            one.listdir("/")
        assert [one["subject"] for one in server.events("upload.interrupted")] == [f"{HOME}/broken"]
        again = callers.one(who)
        assert again.stat(f"{HOME}/broken").st_size > 0
        assert "intact" in server.mft("audit", "verify")
        assert server.stop() == 0


@pytest.mark.parametrize("everybody", [False, True], ids=["the parent", "everybody, as a service manager does"])
def test_a_signal_ends_all_of_them_and_leaves_no_process(tmp_path: Path, *, everybody: bool):
    with running(tmp_path / "house", **SETTINGS) as server:
        workers = pids(server)
        if everybody:
            for process in workers:
                os.kill(process, signal.SIGTERM)
        assert server.stop() == 0
        assert not any(lives(process) for process in workers)
        said = [json.loads(line)["event"] for line in server.log.read_text().splitlines()]
        assert said[-2:] == ["stopping", "stopped"]
        assert "worker.died" not in said
        assert [len(server.events(f"server.{what}")) for what in ("started", "stopped")] == [1, 1]


def test_without_their_parent_they_leave_and_nobody_else_serves_meanwhile(tmp_path: Path):
    with running(tmp_path / "house", **SETTINGS) as server, ExitStack() as opened:
        server.add_account("alice")
        Callers(server, opened).one("alice")
        workers = pids(server)
        server.stop(signal.SIGKILL)
        # Somebody is in, so that they drain; the folder is theirs until they are gone.
        assert "another mft serve works on" in server.mft("serve", fails=True)
        until(lambda: not any(lives(process) for process in workers))
        server.start()


def test_a_worker_that_hangs_is_replaced_where_a_service_manager_wants_signs_of_life(tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "ear"))
        with running(tmp_path / "house", **SETTINGS, NOTIFY_SOCKET=str(tmp_path / "ear"), WATCHDOG_USEC="3000000") as s:
            os.kill(pids(s)[1], signal.SIGSTOP)
            until(lambda: s.events("worker.replaced"))
            assert '"worker.hung"' in s.log.read_text()


def test_a_port_that_another_program_has_is_told_by_the_parent_as_by_a_single_process(tmp_path: Path):
    server = Server(tmp_path / "house", settings=dict(SETTINGS))
    server.set_up()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for door in ("MFT_MONITOR__PORT", "MFT_SFTP__LISTENERS"):
            value = json.dumps([{"address": "127.0.0.1", "port": port}]) if door.endswith("LISTENERS") else str(port)
            environ = {**server.environment, door: value}
            done = subprocess.run([MFT, "serve"], env=environ, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 6
            assert f"error: cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr


INHERITED = """
import os, sys
from pathlib import Path
from mft.app.start import start
from mft.settings.load import load
os.dup2(int(sys.argv[2]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="sftp")
start(load(Path(sys.argv[1])).settings)
"""


def test_all_accept_from_the_socket_that_the_service_manager_opened(tmp_path: Path):
    made = installed(tmp_path / "house")
    with socket.create_server(("127.0.0.1", 0)) as passed:
        command = [sys.executable, "-c", INHERITED, made.folder / "mft.toml", str(passed.fileno())]
        environ = {**os.environ, **SETTINGS}
        with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, pass_fds=[passed.fileno()]) as process:
            assert process.stderr is not None
            ready = next(line for line in map(json.loads, process.stderr) if line["event"] == "ready")
            assert ready["sftp"] == [f"127.0.0.1:{passed.getsockname()[1]}"]
            with ExitStack() as opened:
                for _ in range(4):
                    call = opened.enter_context(socket.create_connection(passed.getsockname(), 10))
                    assert call.recv(4) == b"SSH-"
            process.terminate()
            assert process.stderr.read()
        assert process.returncode == 0


def test_the_parent_holds_no_house(tmp_path: Path):
    """A parent with everything loaded would take as much memory as a worker."""
    code = "import sys, mft.app.workers; print({'asyncssh', 'sqlalchemy', 'starlette'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "set()"

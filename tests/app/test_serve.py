"""Serving, in a process of its own: it says when it is ready, it stops when told to, it tells the truth meanwhile."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from mft.app.build import open_house
from mft.app.doctor import Standing, examine
from mft.app.portal_facts import portal_url
from mft.app.signon_probe import refuses_a_stranger
from mft.audit.search import tail
from mft.clock import SystemClock
from mft.crypto.hostkeys import list_host_keys
from mft.crypto.tls import trial_certificate
from mft.model.event import Action
from tests.support.installed import QUICK, Installed, installed

PROGRAM = """
import sys
from pathlib import Path
from mft.app.serve import run
from mft.model.errors import MftError
from mft.settings.load import load
try:
    run(load(Path(sys.argv[1])).settings)
except MftError as error:
    sys.exit(str(error))
"""


@dataclass
class Serving:
    """A server that said it was ready."""

    process: subprocess.Popen[str]
    ready: dict
    lines: list[dict]

    @property
    def address(self) -> str:
        return self.ready["sftp"][0]

    def stop(self, *signals: int) -> int:
        """Send *signals* and return the exit status; what it said last is in ``lines``."""
        for number in signals or (signal.SIGTERM,):
            self.process.send_signal(number)
        assert self.process.stderr is not None
        self.lines += [json.loads(line) for line in self.process.stderr]
        return self.process.wait(30)


INHERITED = """
import os
os.dup2(int(sys.argv[2]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="sftp")
"""
"""What the service manager does between the fork and the program."""


@contextmanager
def serving(server: Installed, passed: socket.socket | None = None, **environ: str) -> Iterator[Serving]:
    program = PROGRAM if passed is None else f"import sys{INHERITED}{PROGRAM}"
    descriptors = [] if passed is None else [passed.fileno()]
    command = [sys.executable, "-c", program, str(server.folder / "mft.toml"), *map(str, descriptors)]
    variables = {**os.environ, **QUICK, **environ}
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True, pass_fds=descriptors) as process:
        assert process.stderr is not None
        lines: list[dict] = []
        for line in process.stderr:
            assert line.startswith("{"), line + process.stderr.read()
            lines.append(json.loads(line))
            if lines[-1]["event"] == "ready":
                break
        try:
            yield Serving(process, lines[-1], lines)
        finally:
            process.kill()
            process.stderr.read()


@pytest.fixture
def server(tmp_path: Path) -> Installed:
    return installed(tmp_path / "d")


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (our own http URL)
        return answer.read().decode()


def test_it_says_ready_with_addresses_that_answer_and_stops_cleanly(server: Installed):
    with serving(server) as running:
        host, port = running.address.split(":")
        with socket.create_connection((host, int(port)), 10) as connection:
            assert connection.recv(100).startswith(b"SSH-2.0-MFT")
        assert json.loads(fetch(running.ready["monitor"] + "/healthz")) == {"status": "ok", "failed": []}
        assert "mft_connections_total" in fetch(running.ready["monitor"] + "/metrics")
        assert running.stop() == 0
        # A job that was under way may say what it did in between.
        said = [line["event"] for line in running.lines if line["event"] != "job.done"]
        assert said[-2:] == ["stopping", "stopped"]
        assert {line["level"] for line in running.lines} == {"info"}
    with open_house(server.loaded().settings) as house:
        actions = [event.event.action for event in tail(house.store, 10)]
    assert actions[-1] is Action.SERVER_STOPPED
    assert Action.SERVER_STARTED in actions


def test_the_portal_of_a_trial_answers_with_a_certificate_of_its_own_and_the_doctor_sees_it(server: Installed):
    with serving(server) as running:
        url = running.ready["portal"]
        settings = server.loaded().settings
        assert portal_url(settings) == url
        trusting = ssl.create_default_context(cafile=str(server.folder / "keys/portal.crt"))
        with urllib.request.urlopen(f"{url}/about", context=trusting, timeout=10) as answer:  # noqa: S310  (our own)
            assert "<h1>About</h1>" in answer.read().decode()
        assert json.loads(fetch(running.ready["monitor"] + "/healthz")) == {"status": "ok", "failed": []}
        assert doctor(server)[-1] == (Standing.GOOD, f"it answers at {url}")
        # A certificate that was renewed is shown only after a new start.
        (server.folder / "keys/portal.crt").unlink()
        trial_certificate(server.folder / "keys", IPv4Address("127.0.0.1"), SystemClock().now())
        assert doctor(server)[-1][0] is Standing.BAD
    assert portal_url(settings) == ""


def doctor(server: Installed) -> list[tuple[Standing, str]]:
    """Return what the doctor says of the portal."""
    return [(one.standing, one.said) for one in examine(server.loaded()) if one.check == "portal"]


def test_a_portal_that_is_off_answers_nobody_and_the_server_runs(server: Installed):
    with serving(server, MFT_PORTAL__ENABLED="false") as running:
        assert running.ready["portal"] is None
        assert not (server.folder / "keys/portal.crt").exists()


def test_a_stranger_is_refused_as_the_doctor_expects_by_our_host_key(server: Installed):
    with serving(server) as running:
        known = {key.fingerprint for key in list_host_keys(server.loaded().settings.sftp.host_keys)}
        assert refuses_a_stranger(running.address, known) is None
        assert "host key" in (refuses_a_stranger(running.address, {"SHA256:another"}) or "")
        findings = examine(server.loaded())
        # Nobody is on the roll yet.
        assert {finding.check for finding in findings if finding.standing is not Standing.GOOD} == {"staff"}


def test_a_second_server_on_the_same_folder_is_refused_and_says_why(server: Installed):
    with serving(server) as running:
        command = [sys.executable, "-c", PROGRAM, str(server.folder / "mft.toml")]
        second = subprocess.run(
            command, env={**os.environ, **QUICK}, capture_output=True, text=True, timeout=30, check=False
        )
        assert second.returncode == 1
        assert "another mft serve works on" in second.stderr
        assert running.process.poll() is None


def test_an_address_that_is_taken_stops_the_start(server: Installed):
    with socket.create_server(("127.0.0.1", 0)) as other:
        listeners = json.dumps([{"address": "127.0.0.1", "port": other.getsockname()[1]}])
        command = [sys.executable, "-c", PROGRAM, str(server.folder / "mft.toml")]
        variables = {**os.environ, **QUICK, "MFT_SFTP__LISTENERS": listeners}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "cannot listen on" in done.stderr


def test_the_service_manager_hears_ready_the_watchdog_and_stopping(server: Installed, tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(20)
        with serving(server, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="100000") as running:
            heard = [ear.recv(100) for _ in range(4)]
            assert running.stop(signal.SIGINT) == 0
            while heard[-1] != b"STOPPING=1":
                heard.append(ear.recv(100))
    assert b"READY=1" in heard
    assert heard.count(b"WATCHDOG=1") >= 2


def test_a_socket_the_service_manager_opened_is_served(server: Installed):
    with socket.create_server(("127.0.0.1", 0)) as passed, serving(server, passed) as running:
        assert running.ready["sftp"] == [f"127.0.0.1:{passed.getsockname()[1]}"]
        with socket.create_connection(passed.getsockname(), 10) as connection:
            assert connection.recv(100).startswith(b"SSH-2.0-MFT")
        assert running.stop() == 0


def test_health_names_the_key_that_can_no_longer_be_read(server: Installed):
    with serving(server) as running:
        server.loaded().settings.master_key.rename(server.folder / "moved.key")
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetch(running.ready["monitor"] + "/healthz")
        with caught.value as answer:
            assert (answer.code, json.loads(answer.read())["failed"]) == (503, ["master_key"])


@pytest.mark.parametrize("door", ["MFT_SFTP__LISTENERS", "MFT_PORTAL__PORT", "MFT_MONITOR__PORT"])
def test_a_port_that_another_program_has_is_told_in_one_line(tmp_path: Path, door: str):
    server = installed(tmp_path / "d")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        value = json.dumps([{"address": "127.0.0.1", "port": port}]) if door.endswith("LISTENERS") else str(port)
        command = [sys.executable, "-c", PROGRAM, server.folder / "mft.toml"]
        variables = {**os.environ, **QUICK, door: value}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
    told = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert (done.returncode, told) == (1, [f"cannot listen on 127.0.0.1:{port}: Address already in use"])

"""A real server in a process of its own, set up with the commands that people's scripts use."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

MFT = Path(sys.executable).parent / "mft"
SENTENCE = "Invalid username/password or not allowed to sign on from this location"


@dataclass
class Server:
    """One `mft init --trial` directory and, once started, its server."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    passwords: dict[str, str] = field(default_factory=dict)
    keys: dict[str, Path] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    """Settings of this server, as the environment spells them."""
    _fingerprint: str = ""

    @property
    def environment(self) -> dict[str, str]:
        config = str(self.folder / "mft.toml")
        return {**os.environ, "MFT_CONFIG": config, "USER": "tester", "SUDO_USER": "", **self.settings}

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def mft(self, *arguments: str, typed: str = "", fails: bool = False) -> str:
        """Run one operator command and return what it printed."""
        done = subprocess.run(
            [MFT, *arguments],
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode != 0) is fails, f"mft {' '.join(arguments)}: {done.returncode}\n{done.stderr}"
        return done.stderr if fails else done.stdout

    def json(self, *arguments: str):
        """Run one operator command with --json and return what it said."""
        return json.loads(self.mft(*arguments, "--json"))

    def events(self, action: str) -> list[dict]:
        """Return the trail's events of one action, oldest first."""
        lines = (json.loads(line) for line in self.mft("audit", "export", "--format", "jsonl").splitlines())
        return [line for line in lines if line.get("action") == action]

    def set_up(self) -> None:
        """Make the directory and the example organizations that most tests use."""
        subprocess.run([MFT, "init", "--dir", self.folder, "--trial", "--sftp-port", "0"], check=True, timeout=60)
        self.mft("org", "add", "northwind", "--name", "Northwind Clinic", "--kind", "delegate")
        self.mft("org", "add", "clearing", "--name", "Clearing House", "--kind", "partner")

    def add_account(
        self, name: str, org: str = "northwind", *, password: str = "", folder: str = "", rights: str = "all"
    ) -> None:
        """Add an account with a key of its own, on request a password, and rights on its folder."""
        key = self.folder / f"{name}.key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key], check=True)
        self.keys[name] = key
        self.mft(
            *("account", "add", name, "--org", org, "--email", f"{name}@example.org"),
            *("--allow", "127.0.0.1", "--key", f"{key}.pub"),
        )
        if password:
            self.mft("account", "set-password", name, "--stdin", typed=f"{password}\n")
            self.passwords[name] = password
        for place in [folder] if folder else self.homes(org):
            self.mft("folder", "grant", place, "--account", name, "--rights", rights)

    @staticmethod
    def homes(org: str) -> list[str]:
        return (
            ["/Partners/clearing/Inbound", "/Partners/clearing/Outbound"]
            if org == "clearing"
            else [f"/Distribution/{org}"]
        )

    def start(self) -> None:
        """Start serving and wait for the line that says so."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([MFT, "serve"], env=self.environment, stderr=log, stdout=log)
        self.port = int(self._ready().rpartition(":")[2])

    def _ready(self) -> str:
        process = self.process
        assert process is not None
        offset = max(0, self.log.stat().st_size - 1) if self.port else 0
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert process.poll() is None, self.log.read_text()
            with self.log.open() as log:
                log.seek(offset)
                found = [line for line in log if '"ready"' in line]
            if found:
                return str(json.loads(found[-1][found[-1].index("{") :])["sftp"][0])
            time.sleep(0.05)  # The one place that waits: for another process to say that it is ready.
        raise AssertionError(self.log.read_text())

    def stop(self, how: int = signal.SIGTERM) -> int:
        """End the server and return its exit status."""
        assert self.process is not None
        self.process.send_signal(how)
        status = self.process.wait(60)
        self.process = None
        return status

    def fingerprint(self) -> str:
        """Return the host key's SHA256 fingerprint, as clients pin it."""
        if not self._fingerprint:
            found = re.search(r"SHA256:[A-Za-z0-9+/]+", self.mft("keys", "hostkey", "fingerprint"))
            assert found is not None
            self._fingerprint = found[0]
        return self._fingerprint


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Server]:
    """Give a server that is set up and serving, and end it afterwards."""
    server = Server(folder, settings=settings)
    server.set_up()
    server.start()
    try:
        yield server
    finally:
        if server.process is not None:
            server.stop()

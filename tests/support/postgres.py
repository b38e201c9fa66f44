"""A throw-away PostgreSQL: started for one test run, durable for nobody, stopped at the end."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), default=None)


@dataclass(frozen=True)
class Cluster:
    """A running server, reached through the socket in *folder*."""

    folder: Path

    def create(self, name: str | None = None, template: str = "template0") -> str:
        """Make a database and return its URL for the store.  Undropped, it goes when the cluster does."""
        name = name or f"mft_{secrets.token_hex(6)}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Drop the database at *url*.  Slow, since the server writes everything it holds in memory first."""
        name = url.partition("@/")[2].partition("?")[0]
        self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _do(self, statement: str) -> None:
        with psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a server, and stop it by its pid."""
    if PROGRAMS is None:
        raise RuntimeError("PostgreSQL is not installed; run make peers")
    # Not below pytest's folder: that one is closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="mft-pg-"))
    become = _unprivileged(folder)
    data = folder / "data"
    try:
        _run([*become, str(PROGRAMS / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"])
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=100"
        command = [*become, str(PROGRAMS / "postgres"), "-D", str(data), *options.split()]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
            try:
                _wait_until_ready(folder, server)
                yield Cluster(folder)
            finally:
                server.send_signal(signal.SIGINT)  # "Fast" shutdown: sessions are ended, not waited for.
                server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> list[str]:
    """Return what to put before a command: the server refuses to run as root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres", "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr}")


def _wait_until_ready(folder: Path, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"host={folder} user=postgres dbname=postgres").close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError((folder / "log").read_text()) from None
            time.sleep(0.05)

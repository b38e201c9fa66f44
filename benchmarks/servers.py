"""Servers while they are measured: started side by side, ended by their process, never by their name."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.grounds import HOST, Grounds, answers, free_port
from benchmarks.peers.launch import Launch, Peer, Site
from benchmarks.processes import PROC, Tree

_STARTS_WITHIN: Final = 30.0
_ENDS_WITHIN: Final = 40.0
_LOOKED: Final = 0.3
"""Seconds after which the process that answered a first look is gone."""
_BEGUN: Final = 19
"""Which field of /proc/PID/stat, counted from behind the command's name, is the start time."""


@dataclass
class Server:
    """One that runs."""

    peer: Peer
    site: Site
    launch: Launch
    process: subprocess.Popen[bytes]
    alone: int = 1
    """How many processes it has while nobody is connected."""

    @property
    def name(self) -> str:
        """What results call it."""
        return self.peer.name

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.site.port

    @property
    def tree(self) -> Tree:
        """Its processes."""
        return Tree(self.process.pid)

    def path(self, name: str) -> str:
        """Return how clients call *name* in its home."""
        return f"{self.launch.home.rstrip('/')}/{name}"

    def kept(self, name: str) -> Path | None:
        """Return where *name* of the home lies as it was sent; None with those who keep files otherwise."""
        return self.site.files / name if self.site.files.is_dir() else None

    def fill(self, folder: str, count: int) -> None:
        """Put *count* files into a new *folder*."""
        self.launch.fill(self.site, folder, count)

    def cpu(self) -> float:
        """Return the CPU seconds it spent, once the processes of former connections are gone."""
        self.tree.rest(self.alone)
        return self.tree.cpu()

    def said(self) -> str:
        """Return the end of its log."""
        return _log(self.site).read_text(errors="replace")[-2_000:]


def _log(site: Site) -> Path:
    return site.folder / "server.out"


@contextmanager
def all_serving(
    peers: Sequence[Peer], grounds: Grounds, more: Mapping[str, Mapping[str, str]] | None = None
) -> Iterator[list[Server]]:
    """Give all *peers* at the same time; *more* names what single ones get besides."""
    told = more or {}
    with ExitStack() as opened:

        def start(peer: Peer) -> Server:
            return opened.enter_context(_started(peer, grounds, told.get(peer.name, {})))

        yield [_greeted(server, start) for server in [start(peer) for peer in peers]]


@contextmanager
def _started(peer: Peer, grounds: Grounds, more: Mapping[str, str]) -> Iterator[Server]:
    port = free_port()
    folder = grounds.folder / f"{peer.name}-{port}"
    folder.mkdir()
    site = Site(folder, port, grounds)
    launch = peer.prepare(site)
    if answers(port):
        raise SystemExit(f"somebody listens on port {port} already, where {peer.name} is to start")
    told = {**os.environ, **launch.environment, **more}
    with _log(site).open("wb") as log:
        process = subprocess.Popen(launch.command, env=told, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603
    server = Server(peer, site, launch, process)
    try:
        yield server
    finally:
        _end(server)
        shutil.rmtree(folder, ignore_errors=True)


def _greeted(server: Server, start: Callable[[Peer], Server]) -> Server:
    """Return *server* once it greets, or else another like it: somebody may have taken its port before it could."""
    try:
        _await_banner(server)
    except SystemExit:
        server = start(server.peer)
        _await_banner(server)
    return server


def _await_banner(server: Server) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while not _greets(server.port):
        if server.process.poll() is not None:
            raise SystemExit(f"{server.name} ended at once: {server.said()}")
        if time.monotonic() > until:
            raise SystemExit(f"{server.name} did not start: {server.said()}")
        time.sleep(0.05)
    time.sleep(_LOOKED)
    server.alone = len(server.tree.pids())


def _greets(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), 2) as line:
            return line.recv(4) == b"SSH-"
    except OSError:
        return False


def _end(server: Server) -> None:
    """End it and, since sshd leaves the connections it serves alone, whoever of its family is left."""
    family = {pid: _begun(pid) for pid in server.tree.pids()}
    server.process.terminate()
    try:
        server.process.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
    for pid, begun in family.items():
        if begun and _begun(pid) == begun:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def _begun(pid: int) -> str:
    """Return when process *pid* began, which tells it from a later one of the same number; empty if it is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[_BEGUN]
    except OSError:
        return ""

"""Several streams at a time, each a client of its own; our server also with two workers once it has them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from benchmarks.clients.openssh import Sftp, finish
from benchmarks.grounds import digest
from benchmarks.measures.field import TROUBLE, Field
from benchmarks.measures.transfers import fetched, per_byte
from benchmarks.peers.launch import Peer
from benchmarks.peers.table import OURS
from benchmarks.plan import CIPHERS, FIRST
from benchmarks.results import Run
from benchmarks.servers import Server
from mft.settings.model import Settings

_SEED: Final = "seed"
_TWO: Final = "2 workers"
_WORKERS: Final = MappingProxyType({"MFT_WORKERS": "2"})


@dataclass(frozen=True)
class Way:
    """How many streams, and which way."""

    name: str
    streams: int
    up: bool

    def line(self, server: Server, source: Path, stream: int) -> str:
        """Return what one client is told to do."""
        if self.up:
            return f'put "{source}" "{server.path(self.target(stream))}"'
        return f'get "{server.path(_SEED)}" /dev/null'

    def target(self, stream: int) -> str:
        """Return the name that *stream* writes to."""
        return f"up-{stream}"


WAYS: Final = (
    Way("parallel4_down", 4, up=False),
    Way("parallel4_up", 4, up=True),
    Way("parallel16_down", 16, up=False),
)


def measure(field: Field) -> None:
    """Run each way with every server, and with two workers where there are some."""
    _with(field, field.peers, FIRST, {})
    ours = field.named(*OURS)
    two = f"{FIRST}, {_TWO}"
    if "workers" in Settings.model_fields:
        _with(field, ours, two, {peer.name: _WORKERS for peer in ours})
        return
    for way in _asked(field):
        for peer in ours:
            field.book.skip(way.name, two, peer.name, "it has no workers yet")


def _asked(field: Field) -> list[Way]:
    return [way for way in WAYS if way.name in field.wanted]


def _with(field: Field, peers: Sequence[Peer], variant: str, more: Mapping[str, Mapping[str, str]]) -> None:
    with field.serving(peers, more) as servers:
        for way in _asked(field):
            could = [server for server in servers if way.up or not server.peer.durable]
            ready = [server for server in could if _seeded(field, way, server, variant)]
            field.interleave(ready, (way.name, variant), partial(_run, field, way, variant))


def _seeded(field: Field, way: Way, server: Server, variant: str) -> bool:
    source = field.grounds.noise(field.sizes.parallel // way.streams)
    try:
        Sftp(server, CIPHERS[FIRST]).put(source, server.path(_SEED))
    except TROUBLE as trouble:
        field.skip(server, (way.name, variant), trouble)
        return False
    return True


def _run(field: Field, way: Way, variant: str, server: Server, number: int) -> Run:
    source = field.grounds.noise(field.sizes.parallel // way.streams)
    sftp = Sftp(server, CIPHERS[FIRST])
    before = server.cpu()
    began = time.perf_counter()
    clients = [sftp.start(way.line(server, source, stream)) for stream in range(way.streams)]
    for client in clients:
        finish(client)
    wall = time.perf_counter() - began
    spent = server.cpu() - before
    figures = per_byte(way.streams * (field.sizes.parallel // way.streams), spent, wall)
    return Run(way.name, variant, server.name, number, figures, digest(source), _moved(field, way, sftp))


def _moved(field: Field, way: Way, sftp: Sftp) -> str:
    """Return the SHA-256 of all that was moved; where they differ, all of them."""
    names = [way.target(stream) for stream in range(way.streams)] if way.up else [_SEED]
    paths = [sftp.server.path(name) for name in names]
    found = " ".join(sorted({fetched(field, sftp, path) for path in paths}))
    if way.up:
        sftp.run(*(f'rm "{path}"' for path in paths))
    return found

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
from benchmarks.measures.transfers import arrived, clients_cpu, fetched, per_byte
from benchmarks.peers.launch import Peer
from benchmarks.peers.mft import SHIPPED
from benchmarks.plan import CIPHERS, FIRST
from benchmarks.results import Run
from benchmarks.servers import Server
from mft.settings.model import Settings

_SEED: Final = "seed"
_TWO: Final = "2 workers"
WORKERS: Final = "workers"
_TWO_WORKERS: Final = MappingProxyType({f"MFT_{WORKERS.upper()}": "2"})


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
    """Run each way with every server, and with two workers of ours as shipped once there is such a setting.

    What replaces the segment cipher of the plain store reaches one process only.
    """
    _with(field, field.peers, FIRST, {})
    if WORKERS in Settings.model_fields:
        _with(field, field.named(SHIPPED.name), f"{FIRST}, {_TWO}", {SHIPPED.name: _TWO_WORKERS})


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
    before, theirs = server.cpu(), clients_cpu()
    began = time.perf_counter()
    clients = [sftp.start(way.line(server, source, stream)) for stream in range(way.streams)]
    for client in clients:
        finish(client)
    wall = time.perf_counter() - began
    spent, theirs = server.cpu() - before, clients_cpu() - theirs
    figures = per_byte(way.streams * (field.sizes.parallel // way.streams), spent, wall) | {"client_cpu_s": theirs}
    return Run(way.name, variant, server.name, number, figures, digest(source), _moved(field, way, sftp))


def _moved(field: Field, way: Way, sftp: Sftp) -> str:
    """Return the SHA-256 of all that was moved; where they differ, all of them."""
    if not way.up:
        return fetched(field, sftp, sftp.server.path(_SEED))
    names = [way.target(stream) for stream in range(way.streams)]
    found = " ".join(sorted({arrived(field, sftp, name) for name in names}))
    sftp.run(*(f'rm "{sftp.server.path(name)}"' for name in names))
    return found

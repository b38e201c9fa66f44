"""One stream of one large file, down and up, cipher by cipher; what was moved is compared byte for byte."""

import os
import resource
import time
from typing import Final

from benchmarks.clients.openssh import Sftp
from benchmarks.grounds import digest, fresh_digest
from benchmarks.measures.field import TROUBLE, Field
from benchmarks.plan import CIPHERS, GIB
from benchmarks.results import Run
from benchmarks.servers import Server

_NOWHERE: Final = "/dev/null"
_SEED: Final = "seed"
DOWN: Final = "download"
UP: Final = "upload"


def measure(field: Field) -> None:
    """Move it both ways with every cipher."""
    for cipher in field.ciphers:
        _with(field, cipher)


def _with(field: Field, cipher: str) -> None:
    with field.serving() as servers:
        ready = [server for server in servers if _seeded(field, server, cipher)]
        usual = [server for server in ready if not server.peer.durable]
        if DOWN in field.wanted:
            field.interleave(usual, (DOWN, cipher), lambda server, number: _down(field, server, cipher, number))
        if UP in field.wanted:
            field.interleave(ready, (UP, cipher), lambda server, number: _up(field, server, cipher, number))


def _seeded(field: Field, server: Server, cipher: str) -> bool:
    """Put there what is fetched later; this is also everybody's first, unmeasured transfer."""
    try:
        Sftp(server, CIPHERS[cipher]).put(field.grounds.noise(field.sizes.transfer), server.path(_SEED))
    except TROUBLE as trouble:
        for name in {DOWN, UP} & field.wanted:
            if not (server.peer.durable and name == DOWN):
                field.skip(server, (name, cipher), trouble)
        return False
    return True


def _down(field: Field, server: Server, cipher: str, number: int) -> Run:
    sftp = Sftp(server, CIPHERS[cipher])
    before, theirs = server.cpu(), clients_cpu()
    wall = sftp.run(f'get "{server.path(_SEED)}" {_NOWHERE}')
    spent, theirs = server.cpu() - before, clients_cpu() - theirs
    source = field.grounds.noise(field.sizes.transfer)
    figures = per_byte(field.sizes.transfer, spent, wall) | {"client_cpu_s": theirs}
    return Run(DOWN, cipher, server.name, number, figures, digest(source), fetched(field, sftp, server.path(_SEED)))


def _up(field: Field, server: Server, cipher: str, number: int) -> Run:
    sftp = Sftp(server, CIPHERS[cipher])
    source, name = field.grounds.noise(field.sizes.transfer), f"up-{number}"
    before, theirs = server.cpu(), clients_cpu()
    wall = sftp.put(source, server.path(name))
    spent, theirs = server.cpu() - before, clients_cpu() - theirs
    moved = arrived(field, sftp, name)
    sftp.run(f'rm "{server.path(name)}"')
    figures = per_byte(field.sizes.transfer, spent, wall) | {"client_cpu_s": theirs}
    return Run(UP, cipher, server.name, number, figures, digest(source), moved)


def per_byte(size: int, cpu: float, wall: float) -> dict[str, float]:
    """Return the figures of *size* bytes moved."""
    return {"cpu_s_per_gib": cpu * GIB / size, "mb_per_s": size / 1e6 / wall, "wall_s": wall, "cpu_s": cpu}


def clients_cpu() -> float:
    """Return the CPU seconds of all clients that have ended: of the two processes of each, sftp and its ssh."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def arrived(field: Field, sftp: Sftp, name: str) -> str:
    """Return the SHA-256 of an upload: where it lies as it was sent from there, else fetched back."""
    kept = sftp.server.kept(name)
    return fresh_digest(kept) if kept else fetched(field, sftp, sftp.server.path(name))


def fetched(field: Field, sftp: Sftp, remote: str) -> str:
    """Fetch *remote* once more, outside of what is measured, and return its SHA-256."""
    local = field.grounds.desk / f"got-{os.getpid()}-{time.monotonic_ns()}"
    try:
        sftp.get(remote, local)
        return fresh_digest(local)
    finally:
        local.unlink(missing_ok=True)

"""One folder of very many files, listed from its first name to its last."""

import hashlib
import time
from collections.abc import Iterable
from typing import Final

from benchmarks.clients.lean import visiting
from benchmarks.measures.field import Field
from benchmarks.peers.launch import name_of
from benchmarks.plan import FIRST
from benchmarks.results import Run
from benchmarks.servers import Server

NAME: Final = "list"
_FOLDER: Final = "many"


def measure(field: Field) -> None:
    """Fill the folders and list them."""
    with field.serving(field.usual()) as servers:
        for server in servers:
            server.fill(_FOLDER, field.sizes.listed)
        field.interleave(servers, (NAME, FIRST), lambda server, number: _run(field, server, number))


def _run(field: Field, server: Server, number: int) -> Run:
    with visiting(server) as files:
        before = server.tree.cpu()
        began = time.perf_counter()
        names = files.names(server.path(_FOLDER))
        wall = time.perf_counter() - began
        spent = server.tree.cpu() - before
    figures = {"wall_s": wall, "cpu_s": spent, "ops_per_s": len(names) / wall}
    wanted = _digest(name_of(one) for one in range(field.sizes.listed))
    return Run(NAME, FIRST, server.name, number, figures, wanted, _digest(sorted(names)))


def _digest(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()

"""Memory of a session that is open and silent."""

import time
from typing import Any, Final

from benchmarks.clients.lean import Line
from benchmarks.measures.field import TROUBLE, Field
from benchmarks.plan import FIRST
from benchmarks.results import Run
from benchmarks.servers import Server

NAME: Final = "idle"
_SETTLES: Final = 1.0


def measure(field: Field) -> None:
    """Open them, one server after the other: memory does not drift as time does."""
    for peer in field.usual():
        with field.serving([peer]) as (server,):
            try:
                field.book.add(_run(field, server))
            except TROUBLE as trouble:
                field.skip(server, (NAME, FIRST), trouble)


def _run(field: Field, server: Server) -> Run:
    held: list[tuple[Line, Any]] = []
    try:
        _open(server, held)
        time.sleep(_SETTLES)
        first = server.tree.memory()
        for _ in range(field.sizes.idle):
            _open(server, held)
        time.sleep(_SETTLES)
        more = server.tree.memory() - first
        figures = {
            "kib_per_session": more / field.sizes.idle / 1024,
            "base_mib": first / (1 << 20),
            "sessions": field.sizes.idle,
            "processes": len(server.tree.pids()),
        }
        return Run(NAME, FIRST, server.name, 0, figures)
    finally:
        while held:
            line, files = held.pop()
            del files
            line.close()


def _open(server: Server, held: list[tuple[Line, Any]]) -> None:
    line = Line(server)
    held.append((line, None))
    line.by_key()
    held[-1] = (line, line.sftp())

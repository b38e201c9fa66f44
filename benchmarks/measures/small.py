"""Many small files in one session, one request in flight: up, down, stat, rename."""

import hashlib
import os
import time
from collections.abc import Callable
from typing import Final

from benchmarks.clients.lean import Files, visiting
from benchmarks.measures.field import TROUBLE, Field
from benchmarks.plan import FIRST
from benchmarks.results import Run
from benchmarks.servers import Server

SIZE: Final = 1_024
UP, DOWN, STAT, RENAME = NAMES = ("small_upload", "small_download", "small_stat", "small_rename")


def measure(field: Field) -> None:
    """Do the four with each server in turn."""
    with field.serving() as servers:
        lost: set[str] = set()
        for server, number in field.turns(servers):
            if server.name not in lost:
                try:
                    _visit(field, server, number)
                except TROUBLE as trouble:
                    field.skip(server, (UP, FIRST), trouble)
                    lost.add(server.name)


def _visit(field: Field, server: Server, number: int) -> None:
    contents = [os.urandom(SIZE) for _ in range(field.sizes.small)]
    folder = server.path(f"small-{number}")
    paths = [f"{folder}/file-{one}" for one in range(len(contents))]
    got: list[bytes] = []
    with visiting(server) as files:
        files.mkdir(folder)
        for measure_name, each in _acts(files, server, paths, contents, got):
            figures = _timed(server, each, len(paths))
            wanted, moved = (_digest(contents), _digest(got)) if measure_name == DOWN else ("", "")
            if measure_name in field.wanted:
                field.book.add(Run(measure_name, FIRST, server.name, number, figures, wanted, moved))


def _acts(
    files: Files, server: Server, paths: list[str], contents: list[bytes], got: list[bytes]
) -> list[tuple[str, Callable[[int], None]]]:
    """Return what is done with the file of each number; where only durable uploads count, only those."""
    durable = server.peer.durable
    acts: list[tuple[str, Callable[[int], None]]] = [
        (UP, lambda one: files.put(paths[one], contents[one], durable=durable)),
        (DOWN, lambda one: got.append(files.get(paths[one], 4 * SIZE))),
        (STAT, lambda one: files.stat(paths[one])),
        (RENAME, lambda one: files.rename(paths[one], f"{paths[one]}-renamed")),
    ]
    return acts[:2] if durable else acts


def _timed(server: Server, each: Callable[[int], None], count: int) -> dict[str, float]:
    # Its processes stay: the session is open.
    before = server.tree.cpu()
    began = time.perf_counter()
    for one in range(count):
        each(one)
    wall = time.perf_counter() - began
    spent = server.tree.cpu() - before
    return {"ops_per_s": count / wall, "cpu_us": spent / count * 1e6, "wall_s": wall}


def _digest(contents: list[bytes]) -> str:
    return hashlib.sha256(b"".join(contents)).hexdigest()

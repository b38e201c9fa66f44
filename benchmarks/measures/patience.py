"""How long a stat takes while the server is busy: beside a large transfer, and beside a sweep."""

import asyncio
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import sweep
from benchmarks.clients.lean import Files, visiting
from benchmarks.clients.openssh import Sftp, finish
from benchmarks.measures.field import TROUBLE, Field
from benchmarks.peers.mft import SHIPPED
from benchmarks.plan import CIPHERS, FIRST
from benchmarks.results import Run
from benchmarks.servers import Server

TRANSFER: Final = "stat_p99_transfer"
SWEEP: Final = "stat_p99_sweep"
_SEED: Final = "seed"
_SWEEPS: Final = 2
"""Of each kind; each takes its own files to destroy, which have to be made first."""
_BETWEEN: Final = 0.001
"""Seconds between two requests: somebody who browses, not a flood."""


def beside_transfer(field: Field) -> None:
    """Stat one file while another client fetches a large one."""
    source = field.grounds.noise(field.sizes.transfer)
    with field.serving(field.usual()) as servers:
        ready = []
        for server in servers:
            try:
                Sftp(server, CIPHERS[FIRST]).put(source, server.path(_SEED))
                ready.append(server)
            except TROUBLE as trouble:
                field.skip(server, (TRANSFER, FIRST), trouble)
        field.interleave(ready, (TRANSFER, FIRST), lambda server, number: _transfer(field, server, number))


def _transfer(field: Field, server: Server, number: int) -> Run:
    path = server.path(_SEED)
    with visiting(server) as files:
        _ask(files, path, lambda count: count >= field.sizes.stats // 4)
        idle = _ask(files, path, lambda count: count >= field.sizes.stats)
        client = Sftp(server, CIPHERS[FIRST]).start(f'get "{path}" {os.devnull}')
        busy = _ask(files, path, lambda _: client.poll() is not None)
        finish(client)
    return Run(TRANSFER, FIRST, server.name, number, compared(idle, busy))


def _ask(files: Files, path: str, until: Callable[[int], bool]) -> list[float]:
    """Return the milliseconds that each stat took, until *until*, given how many, says enough."""
    took: list[float] = []
    while not until(len(took)):
        began = time.perf_counter()
        files.stat(path)
        took.append((time.perf_counter() - began) * 1e3)
        time.sleep(_BETWEEN)
    return took


def compared(idle: list[float], busy: list[float]) -> dict[str, float]:
    """Return the figures of stats that took so many milliseconds while nothing, and while much, went on."""
    return {
        "idle_median_ms": statistics.median(idle),
        "idle_p99_ms": _p99(idle),
        "median_ms": statistics.median(busy),
        "p99_ms": _p99(busy),
        "requests": len(busy),
    }


def _p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100, method="inclusive")[98]


def beside_sweep(field: Field) -> None:
    """Stat files that stay while others are destroyed, by the server's own job and by a command beside it."""
    if not field.named(SHIPPED.name):
        return
    sizes = field.sizes
    with TemporaryDirectory(dir=field.grounds.folder) as folder:
        bench = sweep.Bench(
            Path(folder) / "house", sizes.catalog, sizes.due, min(field.rounds, _SWEEPS), asked=sizes.stats
        )
        bench.set_up()
        sweep.fill(bench)
        bench.start()
        try:
            runs = asyncio.run(sweep.measure(bench))
        finally:
            bench.stop()
    for at, run in enumerate(runs):
        before, during = run["before"], run["during"]
        figures = {
            "idle_median_ms": before["median"],
            "idle_p99_ms": before["p99"],
            "median_ms": during["median"],
            "p99_ms": during["p99"],
            "requests": during["requests"],
            "wall_s": run["seconds"],
        }
        field.book.add(Run(SWEEP, run["way"], SHIPPED.name, at // len(sweep.WAYS), figures))

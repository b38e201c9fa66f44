"""Signing on: one after the other for the latency, then several at a time for how many a second."""

import secrets
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from benchmarks.clients.lean import Line
from benchmarks.measures.field import Field
from benchmarks.peers.mft import SHIPPED, USER, Operator
from benchmarks.results import Run
from benchmarks.servers import Server

NAME: Final = "signon"
_KEY: Final = "key"
_PASSWORD: Final = "password"  # noqa: S105  (a word)
_WARM: Final = 3


def measure(field: Field) -> None:
    """Sign on with an ed25519 key everywhere, and with a password to our server, where Argon2 is what it costs."""
    many = field.sizes.signons
    with field.serving(field.usual()) as servers:
        field.interleave(servers, (NAME, _KEY), lambda one, number: _run(field, one, number, (_KEY, Line.by_key, many)))
    with field.serving(field.named(SHIPPED.name)) as servers:
        for server in servers:
            _by_password(field, server)


def _by_password(field: Field, server: Server) -> None:
    password = secrets.token_urlsafe(24)
    Operator(server.site.folder).mft("account", "set-password", USER, "--stdin", typed=f"{password}\n")

    def sign_on(line: Line) -> None:
        line.by_password(USER, password)

    told = (_PASSWORD, sign_on, field.sizes.password_signons)
    field.interleave([server], (NAME, _PASSWORD), lambda one, number: _run(field, one, number, told))


def _run(field: Field, server: Server, number: int, told: tuple[str, Callable[[Line], None], int]) -> Run:
    variant, sign_on, count = told
    for _ in range(_WARM):
        _once(server, sign_on)
    before = server.cpu()
    took = [_once(server, sign_on) for _ in range(count)]
    with ThreadPoolExecutor(field.sizes.signons_at_once) as threads:
        began = time.perf_counter()
        list(threads.map(lambda _: _once(server, sign_on), range(count)))
        wall = time.perf_counter() - began
    spent = server.cpu() - before
    figures = {
        "ops_per_s": count / wall,
        "cpu_ms": spent / (2 * count) * 1e3,
        "latency_ms": statistics.median(took) * 1e3,
        "wall_s": wall,
    }
    return Run(NAME, variant, server.name, number, figures)


def _once(server: Server, sign_on: Callable[[Line], None]) -> float:
    """Connect, sign on and leave; return the seconds from the TCP connection to the sign-on."""
    began = time.perf_counter()
    line = Line(server)
    try:
        sign_on(line)
        return time.perf_counter() - began
    finally:
        line.close()

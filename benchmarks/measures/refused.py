"""Seven ways to be refused, which must take the same time: what a caller could tell them apart by.

Every try comes from a loopback address of its own, so that no pair of name and address is slowed
down for what it tried before; that slowing down is part of the product and not of this question.
"""

import secrets
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import update
from ssh2.exceptions import AuthenticationError

from benchmarks import catalog
from benchmarks.clients.lean import Line
from benchmarks.measures.field import Field
from benchmarks.peers.mft import SHIPPED, Operator
from benchmarks.results import Run
from benchmarks.servers import Server
from mft.store.tables import account, credential

NAME: Final = "refused"
_SOURCES: Final = "127.1.0.0/24"
_ELSEWHERE: Final = "127.2.0.1"
_FREE_OF_PENALTIES: Final = {"MFT_SFTP__PENALTY_EXEMPT": '["127.0.0.0/8"]'}
_MOST: Final = 250
CLASSES: Final = ("unknown", "wrong", "stale", "unlisted", "locked", "disabled", "purged")
"""No such account; wrong password; temporary password past its 48 hours; address not listed; and three states."""


@dataclass(frozen=True)
class Caller:
    """Who is refused, and what they type."""

    kind: str
    password: str

    def refused(self, server: Server, source: str) -> float:
        """Return the milliseconds until the refusal of a password attempt."""
        line = Line(server, source)
        try:
            began = time.perf_counter()
            try:
                line.by_password(f"caller-{self.kind}", self.password)
            except AuthenticationError:
                return (time.perf_counter() - began) * 1e3
            raise SystemExit(f"{self.kind} was let in")
        finally:
            line.close()


def measure(field: Field) -> None:
    """Let each be refused in turn."""
    peers = field.named(SHIPPED.name)
    with field.serving(peers, {SHIPPED.name: _FREE_OF_PENALTIES}) as servers:
        for server in servers:
            callers = _made(server)
            took: dict[str, list[float]] = {caller.kind: [] for caller in callers}
            for turn in range(min(field.sizes.refusals, _MOST)):
                for caller in callers:
                    took[caller.kind].append(caller.refused(server, f"127.1.0.{turn + 1}"))
            for kind, times in took.items():
                field.book.add(Run(NAME, kind, server.name, 0, _figures(times)))


def _figures(times: list[float]) -> dict[str, float]:
    return {"latency_ms": statistics.median(times), "fastest_ms": min(times), "slowest_ms": max(times)}


def _made(server: Server) -> list[Caller]:
    operator = Operator(server.site.folder)
    known = [Caller(kind, _add(operator, kind)) for kind in CLASSES[1:]]
    operator.mft("account", "disable", "caller-disabled")
    operator.mft("account", "purge", "caller-purged", "--reason", "measured", "--yes")
    with catalog.opened(server.site.folder) as store, store.write() as connection:
        late = datetime.now(UTC) - timedelta(hours=1)
        connection.execute(update(account).where(account.c.name == "caller-locked").values(failures=100))
        connection.execute(update(credential).where(credential.c.kind == "temporary").values(expires_at=late))
    secret = secrets.token_urlsafe(24)
    changed = {"wrong": secret}
    return [Caller("unknown", secret), *(Caller(one.kind, changed.get(one.kind, one.password)) for one in known)]


def _add(operator: Operator, kind: str) -> str:
    """Add the account of that class and return its right password."""
    name = f"caller-{kind}"
    listed = _ELSEWHERE if kind == "unlisted" else _SOURCES
    said = operator.mft(
        *("account", "add", name, "--org", "bench", "--email", f"{name}@example.org", "--allow", listed, "--json")
    )
    if kind == "stale":
        return _temporary(operator, name, said)
    password = secrets.token_urlsafe(24)
    operator.mft("account", "set-password", name, "--stdin", typed=f"{password}\n")
    return password


def _temporary(operator: Operator, name: str, said: str) -> str:
    del said
    return operator.mft("account", "temp-password", name).strip()

"""Decisions per second: the dossier's one query and the verdict upon it, among very many accounts."""

import random
import time
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import catalog
from benchmarks.grounds import free_port
from benchmarks.measures.field import Field
from benchmarks.peers.mft import SHIPPED, Operator
from benchmarks.results import Run
from mft.model.ids import CredentialId
from mft.model.session import Door
from mft.policy.signon import Admit, Refuse, Terms, decide
from mft.store import accounts
from mft.store.engine import Store

NAME: Final = "decide"
_LISTED: Final = IPv4Address("198.51.7.9")
_ELSEWHERE: Final = IPv4Address("192.0.2.1")
_TERMS: Final = Terms()


def measure(field: Field) -> None:
    """Make the accounts and decide, in this process: no door is in the way."""
    if not field.named(SHIPPED.name):
        return
    with TemporaryDirectory(dir=field.grounds.folder) as place:
        folder = Path(place) / "house"
        Operator(folder).set_up(free_port(), field.grounds.key.with_suffix(".pub"))  # Never started.
        with catalog.opened(folder) as store:
            catalog.fill_accounts(store, field.sizes.accounts)
            for number in range(field.rounds):
                field.book.add(_run(field, store, number))


def _run(field: Field, store: Store, number: int) -> Run:
    noise = random.Random(number)  # noqa: S311  (which account knocks is no secret)
    chosen = [noise.randrange(field.sizes.accounts) for _ in range(field.sizes.decisions)]
    began, spent = time.perf_counter(), time.process_time()
    for turn, who in enumerate(chosen):
        _decide(store, who, listed=turn % 2 == 0)
    wall, spent = time.perf_counter() - began, time.process_time() - spent
    figures = {"ops_per_s": len(chosen) / wall, "cpu_us": spent / len(chosen) * 1e6, "wall_s": wall}
    return Run(NAME, f"{field.sizes.accounts} accounts", SHIPPED.name, number, figures)


def _decide(store: Store, who: int, *, listed: bool) -> None:
    """Let one knock from an address that is listed, or from one that is not, and demand the right verdict."""
    proven = {CredentialId(f"cre-bench-{who}")}
    with store.read() as connection:
        dossier = accounts.dossier(connection, catalog.account_name(who), _TERMS)
    verdict = decide(dossier, proven, _LISTED if listed else _ELSEWHERE, datetime.now(UTC), Door.SFTP)
    if not isinstance(verdict, Admit if listed else Refuse):
        raise SystemExit(f"{catalog.account_name(who)} got {verdict}")

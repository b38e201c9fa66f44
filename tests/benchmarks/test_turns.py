"""Who takes how many rounds, and that nobody works meanwhile."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.clients.openssh import Failed
from benchmarks.grounds import Grounds
from benchmarks.measures import field as fields
from benchmarks.measures.field import Field
from benchmarks.measures.parallel import WORKERS
from benchmarks.peers.table import PEERS
from benchmarks.plan import SHORT
from benchmarks.processes import TICKS, Trees
from benchmarks.results import Book, Run
from benchmarks.targets import load_targets
from mft.settings.model import Settings
from tests.benchmarks.test_processes import listed, stat


@dataclass
class Standing:
    """Stands in for a server that runs: nothing here asks more of one."""

    peer: Any

    @property
    def name(self) -> str:
        return self.peer.name

    @property
    def process(self) -> Any:
        return type("Process", (), {"pid": 0})


@pytest.fixture
def field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Field:
    monkeypatch.setattr(fields.os, "sync", lambda: None)
    monkeypatch.setattr(fields.Trees, "settle", lambda _: True)
    return Field(Grounds(tmp_path, tmp_path), list(PEERS.values()), ("aes128-gcm",), SHORT, 3, Book(), frozenset())


def run(server: Any, number: int) -> Run:
    return Run("download", "aes128-gcm", server.name, number, {"mb_per_s": 1.0})


def test_servers_that_a_target_names_take_every_round_and_the_others_the_first(field: Field):
    field.interleave([Standing(peer) for peer in PEERS.values()], ("download", "aes128-gcm"), run)
    rounds = {name: [one.number for one in field.book.runs if one.server == name] for name in PEERS}
    named = {name for target in load_targets() for name in (target.server, target.over) if name}
    assert {name for name, numbers in rounds.items() if numbers == [0, 1, 2]} == named
    assert all(rounds[name] == [0] for name in set(PEERS) - named)


def test_servers_take_turns(field: Field):
    field.interleave([Standing(PEERS[name]) for name in ("mft", "openssh")], ("download", "aes128-gcm"), run)
    assert [one.server for one in field.book.runs] == ["mft", "openssh"] * 3


def test_a_server_that_fails_is_left_out_from_then_on_and_the_reason_is_kept(field: Field):
    def fails_once(server: Any, number: int) -> Run:
        if server.name == "go" and number == 1:
            raise Failed("no more")
        return run(server, number)

    field.interleave([Standing(PEERS[name]) for name in ("mft", "go")], ("download", "aes128-gcm"), fails_once)
    assert [one.server for one in field.book.runs] == ["mft", "go", "mft", "mft"]
    assert [(one["server"], one["why"]) for one in field.book.skipped] == [("go", "Failed: no more")]


def test_a_measure_waits_until_no_server_works(tmp_path: Path):
    proc = listed(tmp_path, stat(2, "one", 1, 0, 0, 0, 0), stat(3, "two", 1, 0, 0, 0, 0))
    spent = iter([40, 80, 80])
    looks: list[float] = []

    def work(pause: float) -> None:
        looks.append(pause)
        (proc / "3" / "stat").write_text(stat(3, "two", 1, next(spent), 0, 0, 0))

    assert Trees([2, 3], proc).settle(pause=work)
    assert len(looks) == 3


def test_a_server_that_never_rests_is_not_waited_for_for_ever(tmp_path: Path):
    proc = listed(tmp_path, stat(2, "one", 1, 0, 0, 0, 0))
    ticks = iter(range(TICKS, 100 * TICKS, TICKS))
    work = lambda _: (proc / "2" / "stat").write_text(stat(2, "one", 1, next(ticks), 0, 0, 0))  # noqa: E731
    assert not Trees([2], proc).settle(seconds=0.0, pause=work)


def test_two_workers_are_asked_for_by_a_setting_that_is_there_or_not_at_all():
    """If the setting comes under another name, this says so: the benchmark would leave it out without a word."""
    names = set(Settings.model_fields) | {f"{a}.{b}" for a, f in Settings.model_fields.items() for b in _inner(f)}
    assert {name for name in names if "worker" in name} <= {WORKERS}


def _inner(field: Any) -> set[str]:
    return set(getattr(field.annotation, "model_fields", {}))

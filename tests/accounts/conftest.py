"""The gate, over one database or over each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mft.directory import trial
from mft.directory.trial import TrialDirectory
from mft.store.engine import Store
from tests.support.gate import Gate, build_gate
from tests.support.lobby import Lobby, build_lobby
from tests.support.registry import NCID, QUICK, SYNCED, Registry, build_registry


@pytest.fixture
def gate(store: Store) -> Iterator[Gate]:
    """The gate over a SQLite file."""
    made = build_gate(store)
    yield made
    made.offload.close()


@pytest.fixture
def any_gate(any_store: Store) -> Iterator[Gate]:
    """The gate over each of the two databases."""
    made = build_gate(any_store)
    yield made
    made.offload.close()


@pytest.fixture
def lobby(gate: Gate, tmp_path: Path) -> Lobby:
    """The portal's sign-in over a SQLite file."""
    return build_lobby(gate, tmp_path)


@pytest.fixture
def any_lobby(any_gate: Gate, tmp_path: Path) -> Lobby:
    """The portal's sign-in over each of the two databases."""
    return build_lobby(any_gate, tmp_path)


def with_people(gate: Gate, folder: Path) -> Registry:
    people = folder / "people.json"
    for user, password in ((NCID, SYNCED), ("bob-ncid", "another of bob")):
        trial.add(people, QUICK, user, password)
    return build_registry(gate, folder, TrialDirectory(people, QUICK))


@pytest.fixture
def registry(gate: Gate, tmp_path: Path) -> Registry:
    """The setup over a SQLite file, and a trial directory in which alice and bob are."""
    return with_people(gate, tmp_path)


@pytest.fixture
def any_registry(any_gate: Gate, tmp_path: Path) -> Registry:
    """The setup over each of the two databases."""
    return with_people(any_gate, tmp_path)

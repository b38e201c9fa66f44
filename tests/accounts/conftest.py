"""The gate, over one database or over each."""

from collections.abc import Iterator

import pytest

from mft.store.engine import Store
from tests.support.gate import Gate, build_gate


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

"""A blob, and a disk that fails when told to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.disk import BadDisk, Blob


@pytest.fixture
def blob(tmp_path: Path) -> Iterator[Blob]:
    made = Blob(tmp_path / "blob")
    yield made
    made.close()


@pytest.fixture
def bad_disk(monkeypatch: pytest.MonkeyPatch) -> BadDisk:
    return BadDisk(monkeypatch)

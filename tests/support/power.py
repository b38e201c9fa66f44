"""A power cut, at its worst: of SQLite's files only what a commit waited for the disk with is left."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from mft.store.engine import Store, open_store

_FULL = 2


def on_durable_commit(monkeypatch: pytest.MonkeyPatch, then: Callable[[Store], None]) -> None:
    """Call *then* whenever a commit on SQLite has waited for the disk."""
    real = Store._commit  # noqa: SLF001  (there is no other place between the commit and the answers)

    def commit(store: Store, connection: Connection) -> None:
        real(store, connection)
        waited = connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == _FULL
        connection.rollback()
        if waited:
            then(store)

    monkeypatch.setattr(Store, "_commit", commit)


class Power:
    """Keeps a copy of the database as of its last commit that waited for the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Store, database: Path) -> None:
        self._database = database
        self._kept = database.parent / "after the power cut"
        self._opened: list[Store] = []
        on_durable_commit(monkeypatch, lambda one: self._keep() if one is store else None)
        with store.write():
            pass

    def cut(self) -> Store:
        """Return the store that is found when the power is back."""
        store = open_store(f"sqlite:///{self._kept / self._database.name}")
        self._opened.append(store)
        return store

    def close(self) -> None:
        for store in self._opened:
            store.close()

    def _keep(self) -> None:
        shutil.rmtree(self._kept, ignore_errors=True)
        self._kept.mkdir()
        for end in ("", "-wal"):
            shutil.copyfile(f"{self._database}{end}", f"{self._kept / self._database.name}{end}")

"""What many tests stand on: a store, and a database server of their own where one is needed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mft.store import schema
from mft.store.engine import Store, open_store
from tests.support.postgres import Cluster, running_cluster


@pytest.fixture(scope="session")
def store_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded, closed SQLite file; copying it costs less than the steps do."""
    path = tmp_path_factory.mktemp("template") / "mft.db"
    store = open_store(f"sqlite:///{path}")
    schema.upgrade(store)
    store.close()
    return path


@pytest.fixture
def store(store_template: Path, tmp_path: Path) -> Iterator[Store]:
    """A fresh, upgraded SQLite store at tmp_path / "mft.db"."""
    path = tmp_path / "mft.db"
    shutil.copyfile(store_template, path)
    opened = open_store(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL of this test run's own, on a socket in a temporary folder."""
    with running_cluster() as cluster:
        store = open_store(cluster.create("template_mft"))
        schema.upgrade(store)
        store.close()
        yield cluster


@pytest.fixture
def postgres_store(postgres: Cluster) -> Iterator[Store]:
    """A fresh, upgraded PostgreSQL store."""
    url = postgres.create(template="template_mft")
    opened = open_store(url)
    yield opened
    opened.close()
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest) -> Store:
    """The store's contract holds on both databases."""
    opened: Store = request.getfixturevalue("store" if request.param == "sqlite" else "postgres_store")
    return opened

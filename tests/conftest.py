"""What many tests stand on: a store, and a database server of their own where one is needed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mft.store import schema
from mft.store.engine import Store, open_store
from mft.store.tables import metadata
from tests.support.postgres import Cluster, running_cluster


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fact", action="append", default=[], help="only tests that prove this fact, such as 0.12")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(config.getoption("--fact"))
    if wanted:
        items[:] = [item for item in items if wanted & {mark.args[0] for mark in item.iter_markers("fact")}]


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
    """A PostgreSQL of this test run's own, on a socket; it holds an upgraded database called template_mft."""
    with running_cluster() as cluster:
        template = open_store(cluster.create("template_mft"))
        schema.upgrade(template)
        template.close()
        yield cluster


@pytest.fixture(scope="session")
def _postgres_kept(postgres: Cluster) -> Iterator[Store]:
    opened = open_store(postgres.create(template="template_mft"))
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(_postgres_kept: Store) -> Store:
    """An upgraded PostgreSQL store without a row; making a database for each test would take ten times as long."""
    with _postgres_kept.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return _postgres_kept


@pytest.fixture(params=["sqlite", "postgresql"])
def any_store(request: pytest.FixtureRequest) -> Store:
    """The store's contract holds on both databases."""
    opened: Store = request.getfixturevalue("store" if request.param == "sqlite" else "postgres_store")
    return opened

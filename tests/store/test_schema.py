"""The steps make the tables, exactly."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from mft.model.errors import Unavailable
from mft.store import schema
from mft.store.engine import Store, open_store
from mft.store.tables import metadata
from tests.support.postgres import Cluster

BETWEEN_CLAUSES = re.compile(r",(?![^(]*\))")


def partial_indexes(store: Store) -> dict[str, str]:
    """The unique indexes that hold for some rows only, as the database keeps them."""
    catalog = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
        if store.is_sqlite
        else "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '% WHERE %'"
    )
    with store.read() as connection:
        return {name: " ".join(definition.split()) for name, definition in connection.execute(text(catalog))}


def made_directly(store: Store) -> dict[str, str]:
    with store.alter() as connection:
        metadata.create_all(connection)
    return partial_indexes(store)


def test_the_steps_make_exactly_the_tables_that_the_program_knows(any_store: Store) -> None:
    with any_store.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        )
        assert compare_metadata(context, metadata) == []


def test_the_steps_make_the_partial_indexes_of_the_tables_on_sqlite(store: Store, tmp_path: Path) -> None:
    direct = open_store(f"sqlite:///{tmp_path / 'direct.db'}")
    assert partial_indexes(store) == made_directly(direct) != {}
    direct.close()


def test_the_steps_make_the_partial_indexes_of_the_tables_on_postgresql(
    postgres_store: Store, postgres: Cluster
) -> None:
    direct = open_store(postgres.create())
    assert partial_indexes(postgres_store) == made_directly(direct) != {}
    direct.close()


def test_the_steps_make_the_same_sqlite_tables_to_the_letter(store: Store, tmp_path: Path) -> None:
    # compare_metadata does not see CHECK clauses or AUTOINCREMENT.
    direct = open_store(f"sqlite:///{tmp_path / 'direct.db'}")
    made_directly(direct)
    assert clauses(store) == clauses(direct)
    direct.close()


def clauses(store: Store) -> dict[str, list[str]]:
    """The columns and constraints of each CREATE TABLE, in no order: a later step adds columns at the end."""
    with store.read() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        return {
            name: sorted(
                " ".join(clause.split()) for clause in BETWEEN_CLAUSES.split(sql[sql.index("(") + 1 : sql.rindex(")")])
            )
            for name, sql in rows
            if name not in {"alembic_version", "sqlite_sequence"}
        }


def test_upgrading_twice_changes_nothing(any_store: Store) -> None:
    schema.upgrade(any_store)
    assert schema.current(any_store) == schema.HEAD
    schema.require_current(any_store)


UPGRADE = (
    "import sys; from mft.store import schema; from mft.store.engine import open_store;"
    "store = open_store(sys.argv[1]); schema.upgrade(store); store.close()"
)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processes_may_upgrade_at_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres").create()
    processes = [subprocess.Popen([sys.executable, "-c", UPGRADE, url], stderr=subprocess.PIPE) for _ in range(3)]
    said = [process.communicate(timeout=100)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    upgraded = open_store(url)
    schema.require_current(upgraded)
    upgraded.close()


def test_an_empty_database_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    empty = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    assert schema.current(empty) is None
    with pytest.raises(Unavailable, match="run mft db upgrade"):
        schema.require_current(empty)
    empty.close()


def test_a_database_from_a_newer_program_is_refused(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="newer than this program"):
        schema.require_current(store)


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = tmp_path / "steps"
    shutil.copytree(Path(schema.__file__).parent / "migrations", steps)
    (steps / "versions" / "9999_breaks.py").write_text(
        f"revision, down_revision, branch_labels, depends_on = '9999', '{schema.HEAD}', None, None\n"
        "def upgrade():\n    raise RuntimeError('pulled the plug')\n"
    )
    monkeypatch.setattr(schema, "_STEPS", str(steps))
    empty = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(RuntimeError, match="pulled the plug"):
        schema.upgrade(empty)
    assert schema.current(empty) is None
    with empty.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one() == 0
    empty.close()


def test_an_upgrade_that_would_orphan_rows_is_not_kept(store: Store) -> None:
    with pytest.raises(Unavailable, match="point nowhere"), store.alter() as connection:
        connection.execute(
            text(
                "INSERT INTO download (version, account_name, started_at, ended_at, bytes, whole) "
                "VALUES (404, 'a', 0, 0, 0, 0)"
            )
        )
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM download")).scalar_one() == 0

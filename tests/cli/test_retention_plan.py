"""``mft retention plan`` and ``run``, ``mft backup list`` and ``forget``, on a real directory."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from mft.model.path import VirtualPath
from mft.store import catalog, versions
from mft.store.engine import open_store
from tests.cli.conftest import Desk

HOME = "/Distribution/northwind"


@pytest.fixture
def desk(desk: Desk, tmp_path) -> Desk:
    """A server that stops at more than three files, with five of them."""
    config = desk.folder / "mft.toml"
    config.write_text(config.read_text().replace("# halt_files = 500", "halt_files = 3"))
    (tmp_path / "report.csv").write_text("x" * 100)
    for number in range(5):
        desk.said("file", "put", tmp_path / "report.csv", f"{HOME}/report-{number}.csv")
    return desk


def let_be_over(desk: Desk, *names: str) -> None:
    """Let files have been over since yesterday."""
    with closing(open_store(f"sqlite:///{desk.folder / 'data' / 'mft.db'}")) as store, store.write() as connection:
        for name in names:
            entry = catalog.resolve(connection, VirtualPath.parse(f"{HOME}/{name}")).entry
            assert entry is not None
            assert entry.file is not None
            versions.set_expiry(connection, entry.file.id, datetime.now(UTC) - timedelta(days=1))


def dump(desk: Desk) -> list[str]:
    with closing(sqlite3.connect(desk.folder / "data" / "mft.db")) as database:
        return list(database.iterdump())


def all_over(desk: Desk) -> None:
    let_be_over(desk, *(f"report-{number}.csv" for number in range(5)))


def test_a_plan_of_a_day_to_come_says_what_would_go_and_touches_nothing(desk: Desk):
    before = dump(desk)
    coming = (datetime.now(UTC) + timedelta(days=91)).strftime("%Y-%m-%d")
    found = desk.json("retention", "plan", "--on", coming)
    assert (found["files"], found["bytes"], found["accounts"]) == (5, 500, 0)
    assert found["halts"] == {"files": "5 of 5 files are due at once, more than 3 and more than 5 %"}
    (row,) = found["rows"]
    assert (row["path"], row["class"], row["count"], row["bytes"]) == (HOME, "standard", 5, 500)
    each = desk.json("retention", "plan", "--on", coming, "--files")
    assert each["plan"] == found["plan"]
    assert [one["path"] for one in each["rows"]] == [f"{HOME}/report-{number}.csv" for number in range(5)]
    shown = desk.said("retention", "plan", "--on", coming)
    assert f"mft retention run --confirm {found['plan']}" in shown
    assert "the breaker would stop it: 5 of 5 files" in shown
    assert dump(desk) == before


def test_a_plan_of_nothing_says_so(desk: Desk):
    assert "Nothing would be removed." in desk.said("retention", "plan")
    assert "0 files expired" in desk.said("retention", "run")


def test_a_halted_run_says_what_to_do_and_the_confirmed_plan_removes_what_it_showed(desk: Desk):
    all_over(desk)
    said = desk.fails(1, "retention", "run")
    assert "removing stands still: 5 of 5 files are due at once" in said
    assert "mft retention run --confirm PLAN_ID" in said
    assert desk.events("file.expired") == []
    doctor = {row["check"]: row for row in desk.json("doctor")}
    assert doctor["retention"]["standing"] == "doubtful"
    plan = desk.json("retention", "plan")["plan"]
    done = desk.json("retention", "run", "--confirm", plan)
    assert done == {"plan": plan, "released": True, "expired": 5, "destroyed": 5, "purged": 0}
    assert len(desk.events("file.destroyed")) == 5
    (released,) = desk.events("retention.released")
    assert (released["subject"], released["detail"]["files"], released["detail"]["halts"]) == (plan, 5, "files")
    assert desk.json("retention", "run", "--confirm", plan)["released"] is False
    assert "0 files expired" in desk.said("retention", "run")


def test_a_plan_that_changed_or_lies_ahead_or_is_none_is_not_run(desk: Desk):
    all_over(desk)
    plan = desk.json("retention", "plan")["plan"]
    desk.said("retention", "plan", "--on", "2000-01-01")
    moment = plan.partition("-")[0]
    desk.fails(5, "retention", "run", "--confirm", f"{moment}-0123456789abcdef")
    coming = desk.json("retention", "plan", "--on", "2099-01-01")["plan"]
    assert "to come" in desk.fails(2, "retention", "run", "--confirm", coming)
    assert "mft retention plan" in desk.fails(2, "retention", "run", "--confirm", "yes")
    assert desk.events("file.expired") == []


def test_certificates_name_the_backups_that_are_not_forgotten(desk: Desk, tmp_path):
    made = [desk.json("backup", "make", tmp_path / f"{number}.tar")["backup"] for number in range(2)]
    listed = desk.json("backup", "list")
    assert [one["id"] for one in listed] == made[::-1]
    assert all(one["copied_at"] and one["place"].endswith(".tar") for one in listed)
    desk.said("backup", "forget", made[0])
    assert "mft backup list" in desk.fails(4, "backup", "forget", made[0])
    assert [one["subject"] for one in desk.events("backup.forgotten")] == [made[0]]
    let_be_over(desk, "report-0.csv")
    desk.said("retention", "run")
    (certificate,) = desk.events("file.destroyed")
    assert certificate["detail"]["backups"] == made[1]


def test_a_backup_that_cannot_be_written_leaves_no_line(desk: Desk, tmp_path):
    (tmp_path / "file").write_text("x")
    desk.fails(6, "backup", "make", tmp_path / "file" / "x.tar")
    desk.fails(5, "backup", "make", tmp_path / "file")
    assert desk.json("backup", "list") == []

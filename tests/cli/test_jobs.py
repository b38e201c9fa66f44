"""``mft jobs`` and ``mft file verify`` on a real server's directory."""

import re
from pathlib import Path

import pytest

from mft.app.build import open_house
from mft.app.chores import chores
from mft.settings.load import load
from tests.cli.conftest import Desk

HOME = "/Distribution/northwind"


def test_every_job_with_one_runner_is_listed_before_it_ever_ran(desk: Desk):
    rows = desk.json("jobs", "list")
    with open_house(load(desk.folder / "mft.toml").settings) as house:
        assert [row["name"] for row in rows] == [job.name for job in chores(house) if job.alone]
    assert {"sweep", "checkpoint", "scrub", "orphans"} <= {row["name"] for row in rows}
    assert {(row["last_run"], row["running"]) for row in rows} == {(None, None)}
    assert next(row["every"] for row in rows if row["name"] == "sweep") == "5 min"


def test_a_run_by_hand_says_what_it_did_and_is_kept(desk: Desk, tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(b"content")
    desk.said("file", "put", tmp_path / "a.csv", HOME)
    ran = desk.json("jobs", "run", "scrub")
    assert (ran["name"], ran["outcome"], ran["did"]) == ("scrub", "done", {"files": 1, "bytes": 7})
    [row] = desk.json("jobs", "history", "scrub")
    assert (row["outcome"], row["did"], row["runner"].split(":")[:2]) == ("done", ran["did"], ["main", "cli"])
    listed = next(row for row in desk.json("jobs", "list") if row["name"] == "scrub")
    assert (listed["outcome"], listed["did"]) == ("done", ran["did"])
    assert re.search(r"done +\d+\.\d\d s +files 1, bytes 7", desk.said("jobs", "list"))
    [event] = desk.events("job.run")
    assert (event["subject"], event["actor"]) == ("scrub", desk.acting)


def test_while_another_runs_it_one_is_told_who_and_since_when(desk: Desk):
    with open_house(load(desk.folder / "mft.toml").settings) as house:
        sweep = next(job for job in chores(house) if job.name == "sweep")
        said: list[str] = []

        def work() -> None:
            said.append(desk.fails(5, "jobs", "run", "sweep"))
            said.append(desk.said("jobs", "list"))

        ran = house.runs.run_due("sweep", sweep.every, work)
        assert ran is not None
        ran.demand()
    assert "sweep is being run by main:jobs:" in said[0]
    assert "main:jobs:" in said[1]
    assert desk.events("job.run") == []


def test_a_job_that_fails_ends_with_the_code_of_its_failure_and_is_kept_without_its_words(desk: Desk):
    audit = desk.folder / "data" / "audit"
    if audit.exists():
        audit.rename(audit.with_name("moved"))
    audit.write_bytes(b"in the way")
    desk.fails(6, "jobs", "run", "checkpoint")
    [row] = desk.json("jobs", "history", "checkpoint")
    assert row["outcome"] == "failed"
    assert set(row["did"]) == {"error", "reference"}
    assert "audit" not in str(row["did"])


@pytest.mark.parametrize("words", [("run",), ("history",)])
@pytest.mark.parametrize("name", ["nonsuch", "space"])
def test_what_is_no_job_of_one_runner_is_not_found(desk: Desk, words: tuple[str, ...], name: str):
    assert "see mft jobs list" in desk.fails(4, "jobs", *words, name)


def test_history_shows_as_many_runs_as_asked_for_the_youngest_first(desk: Desk):
    for _ in range(3):
        desk.said("jobs", "run", "runs")
    rows = desk.json("jobs", "history", "runs", "--limit", "2")
    assert len(rows) == 2
    assert rows[0]["started_at"] > rows[1]["started_at"]
    assert desk.said("jobs", "history", "orphans") == "orphans was never run.\n"


def test_a_file_is_verified_at_once_and_damage_is_an_exit_code_and_a_line(desk: Desk, tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(b"content" * 20_000)
    desk.said("file", "put", tmp_path / "a.csv", HOME)
    assert desk.json("file", "verify", f"{HOME}/a.csv")["condition"] == "whole"
    [blob] = [path for path in (desk.folder / "data" / "blobs").rglob("*") if path.is_file()]
    changed = bytearray(blob.read_bytes())
    changed[70_000] ^= 1
    blob.write_bytes(changed)
    done = desk.run("file", "verify", f"{HOME}/a.csv", "--json")
    assert done.exit_code == 8
    assert '"condition": "damaged"' in done.stdout
    assert "content" not in done.stdout
    [event] = desk.events("file.damaged")
    assert event["subject"] == f"{HOME}/a.csv"
    desk.fails(4, "file", "verify", f"{HOME}/none.csv")

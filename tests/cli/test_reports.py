"""The reports at the command line, on a real server: table, CSV and JSON."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Desk

REPORTS = ("access-review", "dormant", "expiring", "requests", "transfers", "unfetched")
HOME = "/Distribution/northwind"


@pytest.fixture
def report(desk: Desk, tmp_path: Path) -> str:
    local = tmp_path / "report.csv"
    local.write_text("a,b\n")
    desk.said("file", "put", local, f"{HOME}/=1+1.csv", "--as", "=cmd")
    return f"{HOME}/=1+1.csv"


def sheet(desk: Desk, *words: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(desk.said("report", *words, "--format", "csv")), strict=True))


@pytest.mark.usefixtures("report")
@pytest.mark.parametrize("name", REPORTS)
def test_each_report_is_a_table_a_sheet_or_json(desk, name):
    desk.said("report", name)
    found: list[dict[str, Any]] = desk.json("report", name)
    rows = sheet(desk, name)
    assert len(rows) == len(found)
    assert all(set(row) == set(one) for row, one in zip(rows, found, strict=True))
    assert desk.said("report", name, "--org", "clearing") != ""
    desk.fails(4, "report", name, "--org", "westwind")
    desk.fails(2, "report", name, "--format", "csv", "--json")


SHEETS = (
    *([name] for name in REPORTS),
    ["expiring", "--files"],
    *(["transfers", "--by", by] for by in ("folder", "organization")),
)


@pytest.mark.parametrize("words", SHEETS, ids=" ".join)
def test_a_sheet_without_rows_has_the_heading_of_one_with_rows(desk, request, words):
    within = ["--within", "120"] if words[0] in {"dormant", "expiring"} else []
    bare = desk.said("report", *words, "--format", "csv", "--org", "clearing")
    request.getfixturevalue("report")
    desk.said("request", "submit", "--kind", "remove", "--name", "bob", "--reason", "left")
    heading, first = desk.said("report", *words, *within, "--format", "csv").splitlines()[:2]
    assert (bare.splitlines()[0], first != "") == (heading, True)


@pytest.mark.usefixtures("report")
def test_what_strangers_named_is_no_formula_in_any_sheet(desk):
    everything = [
        sheet(desk, "unfetched"),
        sheet(desk, "transfers"),
        sheet(desk, "expiring", "--within", "90", "--files"),
        sheet(desk, "transfers", "--by", "folder"),
    ]
    cells = [cell for rows in everything for row in rows for cell in row.values()]
    assert "'=cmd" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_the_access_review_tells_addresses_rights_and_sign_ons(desk):
    desk.said("folder", "grant", HOME, "--account", "bob", "--rights", "list,read")
    desk.said("allow", "add", "bob", "8.8.8.8", "--until", "2999-12-31")
    (row,) = sheet(desk, "access-review")
    assert (row["account"], row["organization"], row["last_signon_at"]) == ("bob", "northwind", "")
    assert row["addresses"] == "127.0.0.1, last seen never; 8.8.8.8 until 2999-12-31, last seen never"
    assert row["grants"] == f"{HOME}: list,read"
    (one,) = desk.json("report", "access-review")
    assert [entry["addresses"] for entry in one["addresses"]] == ["127.0.0.1", "8.8.8.8"]
    assert one["grants"] == [{"folder": HOME, "rights": "list,read", "everyone": False}]


def test_disuse_is_told_as_many_days_ahead_as_asked(desk):
    assert desk.json("report", "dormant") == []
    (row,) = desk.json("report", "dormant", "--within", "120")
    assert (row["account"], row["days_left"], row["past"]) == ("bob", 120, False)


def test_expiring_files_are_summed_or_listed(desk, report):
    (summed,) = desk.json("report", "expiring", "--within", "90")
    assert (summed["folder"], summed["files"], summed["bytes"]) == (HOME, 1, 4)
    (listed,) = desk.json("report", "expiring", "--within", "90", "--files")
    assert (listed["path"], listed["days_left"]) == (report, 90)


def test_transfers_are_told_by_account_folder_and_organization(desk, report):
    desk.said("file", "get", report, "-")
    rows = {row["account"]: row for row in desk.json("report", "transfers")}
    assert (rows["=cmd"]["uploads"], rows["=cmd"]["uploaded_bytes"]) == (1, 4)
    assert (rows["maria"]["whole"], rows["maria"]["whole_bytes"]) == (1, 4)
    (folder,) = desk.json("report", "transfers", "--by", "folder")
    assert (folder["folder"], folder["uploads"], folder["whole"]) == (HOME, 1, 1)
    exposed = {row["organization"]: row for row in desk.json("report", "transfers", "--by", "organization")}
    assert (exposed["northwind"]["unfetched_files"], exposed["northwind"]["unfetched_bytes"]) == (1, 4)
    assert desk.json("report", "transfers", "--until", "2020-01-01") == []
    assert "--since" in desk.fails(2, "report", "transfers", "--since", "2999-01-01")


def test_what_nobody_came_for_is_told_from_the_age_asked_for(desk, report):
    assert [row["path"] for row in desk.json("report", "unfetched")] == [report]
    assert desk.json("report", "unfetched", "--older-than", "1") == []

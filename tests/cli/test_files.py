"""Files and folders from the command line."""

import hashlib
import stat
from datetime import datetime, timedelta

import pytest

from mft.cli.files import BLOCK

HOME = "/Distribution/northwind"


def put(desk, tmp_path, content: bytes, path: str = f"{HOME}/report.csv"):
    local = tmp_path / "local.bin"
    local.write_bytes(content)
    return desk.json("file", "put", local, path)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_what_is_put_is_what_is_got(desk, tmp_path, size):
    content = bytes(number % 251 for number in range(size))
    there = put(desk, tmp_path, content)
    assert there["sha256"] == hashlib.sha256(content).hexdigest()
    desk.said("file", "get", f"{HOME}/report.csv", tmp_path / "got.csv")
    assert (tmp_path / "got.csv").read_bytes() == content
    assert stat.S_IMODE((tmp_path / "got.csv").stat().st_mode) == 0o600
    assert desk.run("file", "get", f"{HOME}/report.csv", "-").stdout_bytes == content


def test_everything_known_of_a_file_is_shown(desk, tmp_path):
    put(desk, tmp_path, b"one")
    desk.said("file", "get", f"{HOME}/report.csv", tmp_path / "got.csv")
    shown = desk.json("file", "stat", f"{HOME}/report.csv")
    assert (shown["size"], shown["creator"], shown["received_from"], shown["downloads"]) == (3, "maria", "cli", 1)
    assert shown["sha256"] == hashlib.sha256(b"one").hexdigest()
    taken = desk.json("file", "history", f"{HOME}/report.csv")
    assert [(one["account"], one["bytes"], one["whole"]) for one in taken] == [("maria", 3, True)]
    assert desk.json("file", "ls", HOME)[0]["name"] == "report.csv"
    assert desk.json("file", "ls", f"{HOME}/report.csv")[0]["size"] == 3


@pytest.mark.fact("0.3")
def test_a_file_expires_ninety_days_after_its_receipt(desk, tmp_path):
    shown = put(desk, tmp_path, b"one")
    lapse = datetime.fromisoformat(shown["expires_at"]) - datetime.fromisoformat(shown["created_at"])
    assert lapse == timedelta(days=90)


@pytest.mark.fact("0.24")
def test_an_empty_folder_says_so_and_its_history_says_why(desk, tmp_path):
    assert desk.said("file", "ls", HOME) == "There are no files or folders in this folder.\n"
    put(desk, tmp_path, b"one")
    desk.said("file", "rm", f"{HOME}/report.csv")
    assert desk.json("file", "ls", HOME) == []
    said = desk.said("file", "ls", HOME).splitlines()
    assert said[0] == "There are no files or folders in this folder."
    assert said[1].startswith("1 deleted by maria, the last at ")
    assert f"No file has gone from {HOME}/none itself" in desk.said("folder", "history", f"{HOME}/none")
    gone = desk.json("folder", "history", HOME)
    assert [(one["name"], one["ending"], one["ended_by"]) for one in gone] == [("report.csv", "deleted", "maria")]
    assert "deleted by maria" in desk.said("folder", "history", HOME)


def test_a_removed_file_is_brought_back(desk, tmp_path):
    put(desk, tmp_path, b"one")
    desk.said("file", "rm", f"{HOME}/report.csv")
    desk.said("file", "undelete", f"{HOME}/report.csv")
    assert desk.run("file", "get", f"{HOME}/report.csv", "-").stdout_bytes == b"one"
    desk.fails(4, "file", "undelete", f"{HOME}/other.csv")


def test_a_second_put_is_a_new_version(desk, tmp_path):
    put(desk, tmp_path, b"one")
    put(desk, tmp_path, b"two!")
    assert desk.run("file", "get", f"{HOME}/report.csv", "-").stdout_bytes == b"two!"
    assert desk.json("folder", "history", HOME)[0]["ending"] == "replaced"


def test_a_file_goes_into_a_folder_under_its_own_name(desk, tmp_path):
    for place in (HOME, f"{HOME}/"):
        assert put(desk, tmp_path, b"x", place)["path"] == f"{HOME}/local.bin"


def test_a_local_file_is_not_written_over_unless_told(desk, tmp_path):
    put(desk, tmp_path, b"one")
    kept = tmp_path / "kept.csv"
    kept.write_text("mine")
    assert "--force" in desk.fails(5, "file", "get", f"{HOME}/report.csv", kept)
    assert kept.read_text() == "mine"
    desk.said("file", "get", f"{HOME}/report.csv", kept, "--force")
    assert kept.read_bytes() == b"one"
    desk.said("file", "get", f"{HOME}/report.csv", tmp_path)
    assert (tmp_path / "report.csv").read_bytes() == b"one"


def test_a_held_file_is_neither_removed_nor_replaced_until_released(desk, tmp_path):
    put(desk, tmp_path, b"one")
    desk.said("retention", "hold", "add", f"{HOME}/report.csv", "--reason", "audit 12")
    refused = desk.fails(1, "file", "rm", f"{HOME}/report.csv")
    assert f"(audit 12) and must stay\n  do: see mft retention hold list {HOME}/report.csv" in refused
    shown = desk.json("file", "stat", f"{HOME}/report.csv")
    assert (shown["hold"], shown["held_by"], shown["held_until"], shown["expires_at"]) == (
        "audit 12",
        "maria",
        None,
        None,
    )
    assert desk.json("file", "ls", HOME)[0]["hold"] == "audit 12"
    lifted = desk.said("retention", "hold", "remove", f"{HOME}/report.csv")
    assert lifted == f"{HOME}/report.csv is on hold no more\n"
    desk.said("file", "rm", f"{HOME}/report.csv")


def test_a_hold_on_a_folder_says_how_many_files_it_is_on_and_that_later_ones_are_not(desk, tmp_path):
    put(desk, tmp_path, b"one")
    said = desk.said("retention", "hold", "add", HOME, "--reason", "audit 12", "--until", "2999-01-31")
    assert "1 files" in said
    assert "until 2999-01-31 00:00:00 UTC" in said
    assert "later is not held" in said
    put(desk, tmp_path, b"two", f"{HOME}/later.csv")
    (held,) = desk.json("retention", "hold", "list", HOME)
    assert (held["path"], held["reason"], held["held_by"]) == (f"{HOME}/report.csv", "audit 12", "maria")
    assert held["until"] == "2999-01-31T00:00:00Z"
    assert desk.json("retention", "hold", "list", f"{HOME}/later.csv") == []
    desk.fails(5, "retention", "hold", "remove", HOME, "--reason", "another")
    assert desk.json("retention", "hold", "remove", HOME)["files"] == 1
    assert desk.said("retention", "hold", "list") == "Nothing is on hold.\n"
    over = desk.fails(2, "retention", "hold", "add", HOME, "--reason", "x", "--until", "2001-01-01")
    assert "2001-01-01 00:00 UTC is over already" in over
    assert "mft retention hold list" in desk.fails(5, "retention", "hold", "remove", HOME)
    desk.fails(4, "retention", "hold", "add", f"{HOME}/none", "--reason", "x")


def test_a_directory_is_put_with_all_that_is_in_it_and_what_fails_is_listed(desk, tmp_path):
    source = tmp_path / "source"
    (source / "2026").mkdir(parents=True)
    (source / "a.csv").write_text("a")
    (source / "2026" / "b.csv").write_text("b")
    assert "-r" in desk.fails(2, "file", "put", source, HOME)
    desk.said("file", "put", "-r", source, HOME)
    assert {row["folder"]: row["files"] for row in desk.json("folder", "tree", HOME)} == {HOME: 1, f"{HOME}/2026": 1}
    (source / "link").symlink_to("/etc/passwd")
    done = desk.run("file", "put", "-r", source, HOME)
    assert done.exit_code == 7
    assert "neither a file nor a directory" in done.stdout
    assert [one["name"] for one in desk.json("file", "ls", HOME)] == ["2026", "a.csv"]


def test_a_quota_is_refused_and_named(desk, tmp_path):
    desk.said("org", "quota", "northwind", "--bytes", "10")
    local = tmp_path / "large"
    local.write_bytes(bytes(11))
    assert "quota" in desk.fails(1, "file", "put", local, f"{HOME}/large")
    assert desk.json("file", "stat", f"{HOME}/large")["uploading"] is True
    desk.fails(4, "file", "get", f"{HOME}/large", tmp_path / "got")


def test_what_is_not_there_is_told_apart_from_what_cannot_be(desk, tmp_path):
    desk.fails(4, "file", "stat", f"{HOME}/none")
    desk.fails(4, "file", "get", f"{HOME}/none", tmp_path / "x")
    desk.fails(4, "file", "ls", "/Distribution/nobody")
    desk.fails(2, "file", "put", tmp_path / "none", HOME)
    assert not (tmp_path / "x").exists()


def test_folders_are_made_granted_revoked_and_removed(desk):
    desk.said("folder", "create", f"{HOME}/Rosters")
    desk.fails(5, "folder", "create", f"{HOME}/Rosters")
    granted = desk.json("folder", "grant", f"{HOME}/Rosters", "--account", "bob", "--rights", "list,read")
    assert (granted["rights"], granted["name"]) == ("list,read", "bob")
    desk.said("folder", "grant", HOME, "--org", "northwind", "--rights", "list")
    tree = {row["folder"]: row["grants"] for row in desk.json("folder", "tree", HOME)}
    assert tree == {HOME: ["northwind: list"], f"{HOME}/Rosters": ["bob: list,read"]}
    assert sorted(one["folder"] for one in desk.json("account", "show", "bob")["grants"]) == [HOME, f"{HOME}/Rosters"]
    desk.said("folder", "revoke", f"{HOME}/Rosters", "--account", "bob")
    desk.fails(4, "folder", "revoke", f"{HOME}/Rosters", "--account", "bob")
    desk.said("file", "rm", f"{HOME}/Rosters")
    desk.fails(4, "file", "stat", f"{HOME}/Rosters")


def test_rights_are_somebodys_and_some(desk):
    desk.fails(2, "folder", "grant", HOME, "--rights", "all")
    desk.fails(2, "folder", "grant", HOME, "--account", "bob", "--org", "northwind", "--rights", "all")
    assert "list,read,create,replace,delete" in desk.fails(
        2, "folder", "grant", HOME, "--account", "bob", "--rights", "w"
    )
    desk.fails(2, "folder", "grant", "/Partners/clearing", "--account", "bob", "--rights", "all")


def test_a_folder_says_how_long_files_stay_and_when_they_are_shown(desk, tmp_path):
    desk.said("folder", "retention", HOME, "financial", "--yes")
    shown = put(desk, tmp_path, b"one")
    received, ends = (datetime.fromisoformat(shown[name]) for name in ("created_at", "expires_at"))
    assert (ends.year * 12 + ends.month) - (received.year * 12 + received.month) == 18
    assert 546 <= (ends - received).days <= 549
    desk.said("folder", "retention", HOME, "inherit", "--yes")
    desk.said("folder", "quiet", HOME, "30 s")
    desk.said("folder", "quiet", HOME, "inherit")
    desk.fails(2, "folder", "quiet", HOME, "soon")
    desk.fails(2, "folder", "retention", HOME, "forever")


@pytest.mark.fact("3.11")
def test_a_change_of_class_is_only_shown_until_yes_is_said(desk, tmp_path):
    before = put(desk, tmp_path, b"one")["expires_at"]
    shown = desk.json("folder", "retention", HOME, "financial")
    assert (shown["files"], shown["gone_at_once"], shown["was"], shown["done"]) == (1, 0, "standard", False)
    assert desk.json("file", "stat", f"{HOME}/report.csv")["expires_at"] == before
    said = desk.said("folder", "retention", HOME, "financial")
    assert "standard becomes financial; 1 files change their end" in said
    assert f"nothing was changed; to do it: mft folder retention {HOME} financial --yes" in said
    done = desk.json("folder", "retention", HOME, "financial", "--yes")
    assert done["done"] is True
    assert desk.json("file", "stat", f"{HOME}/report.csv")["expires_at"] == done["earliest_end"] > before
    (event,) = desk.events("folder.changed")
    assert (event["detail"]["files"], event["detail"]["gone"]) == (1, 0)
    desk.fails(4, "folder", "retention", f"{HOME}/none", "financial")

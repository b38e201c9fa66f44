"""``mft simulate``: the future, in rows that say why."""

from datetime import UTC, datetime, timedelta

HOME = "/Distribution/northwind"


def day(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"


def test_files_and_accounts_are_foretold_with_their_rules_and_nothing_changes(desk, tmp_path):
    local = tmp_path / "report.csv"
    local.write_bytes(b"one")
    desk.said("file", "put", local, HOME)
    ends = desk.json("file", "stat", f"{HOME}/report.csv")["expires_at"]
    found = desk.json("simulate", "--until", day(130))
    expiring = [one for one in found if one["what"].startswith("expires")]
    assert [(one["day"], one["at"], one["subject"], one["count"], one["bytes"]) for one in expiring] == [
        (ends[:10], ends, HOME, 1, 3)
    ]
    assert expiring[0]["rule"] == "fact 0.3: retention.standard = 90 days from receipt"
    assert [one["what"] for one in found if one["subject"] == "bob"] == [
        *(f"warning of the purge ({days} days before)" for days in (30, 14, 7, 1)),
        "purged",
    ]
    assert desk.json("file", "stat", f"{HOME}/report.csv")["expires_at"] == ends


def test_one_account_or_one_folder_is_foretold(desk, tmp_path):
    local = tmp_path / "report.csv"
    local.write_bytes(b"one")
    desk.said("file", "put", local, HOME)
    assert {one["subject"] for one in desk.json("simulate", "--until", day(130), "--account", "bob")} == {"bob"}
    files = desk.json("simulate", "--until", day(130), "--folder", HOME)
    assert {one["subject"] for one in files} == {f"{HOME}/report.csv"}
    assert desk.said("simulate", "--until", day(10), "--folder", HOME) == "Nothing will happen by itself until then.\n"


def test_a_future_that_cannot_be_told_is_refused(desk):
    desk.fails(2, "simulate", "--until", "2001-01-01")
    desk.fails(2, "simulate", "--until", day(4000))
    desk.fails(2, "simulate", "--until", day(10), "--account", "bob", "--folder", HOME)
    desk.fails(4, "simulate", "--until", day(10), "--account", "nobody")
    desk.fails(4, "simulate", "--until", day(10), "--folder", f"{HOME}/none")
    assert "'soon' is no date; write 2026-11-22" in desk.fails(2, "simulate", "--until", "soon")

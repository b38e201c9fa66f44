"""Making a server, looking after its keys and database, backing it up, and its trail."""

import json
import os
import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest

from tests.support.server import running


def test_init_never_writes_over_a_server(desk):
    before = (desk.folder / "mft.toml").read_bytes()
    assert "--config" in desk.fails(5, "init", "--dir", desk.folder, "--trial")
    assert (desk.folder / "mft.toml").read_bytes() == before


def test_a_trial_is_on_loopback_only_on_the_port_that_was_named(desk, tmp_path):
    made = desk.json("init", "--dir", tmp_path / "new", "--trial", "--sftp-port", "2299")
    shown = desk.json("config", "show", "--config", made["config"])
    assert [(one["address"], one["port"]) for one in shown["sftp"]["listeners"]] == [("127.0.0.1", 2299)]
    assert made["host_key"].startswith("SHA256:")
    other = desk.json("init", "--dir", tmp_path / "other")
    assert desk.json("config", "show", "--config", other["config"])["trial_networks"] == []


def test_the_portal_of_a_trial_is_on_the_port_that_was_named_and_the_configuration_tells_its_address(desk, tmp_path):
    made = desk.json("init", "--dir", tmp_path / "new", "--trial", "--portal-port", "8444")
    shown = desk.json("config", "show", "--config", made["config"])["portal"]
    assert (shown["enabled"], shown["url"]) == (True, "https://127.0.0.1:8444")
    free = desk.json("init", "--dir", tmp_path / "free", "--trial")
    assert desk.json("config", "show", "--config", free["config"])["portal"]["url"] == ""
    other = desk.json("init", "--dir", tmp_path / "other")
    shown = desk.json("config", "show", "--config", other["config"])["portal"]
    assert (shown["enabled"], shown["url"]) == (False, "")


def test_init_says_where_the_portal_and_the_people_of_a_trial_are_and_nothing_of_the_kind_otherwise(desk, tmp_path):
    said = desk.said("init", "--dir", tmp_path / "new", "--trial", "--portal-port", "8444")
    assert "https://127.0.0.1:8444" in said
    assert str(tmp_path / "new" / "trial-people.json") in said
    assert "mft config show" in desk.said("init", "--dir", tmp_path / "free", "--trial")
    assert "portal" not in desk.said("init", "--dir", tmp_path / "other")


def test_only_the_owner_reads_what_init_made(desk, tmp_path):
    desk.said("init", "--dir", tmp_path / "new", "--trial")
    kept = [path for path in (tmp_path / "new").rglob("*") if "keys" in path.parts or path.name == "mft.toml"]
    assert kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


def test_the_database_says_where_it_stands(desk):
    assert desk.json("db", "current")["up_to_date"] is True
    (desk.folder / "data" / "mft.db").unlink()
    assert desk.run("db", "current").exit_code == 8
    assert desk.json("db", "upgrade")["before"] is None
    assert desk.json("db", "upgrade")["before"] is not None
    assert desk.json("db", "current")["up_to_date"] is True


def test_doctor_finds_nothing_bad_and_then_what_is_bad(desk):
    assert {row["standing"] for row in desk.json("doctor")} <= {"good", "doubtful"}
    (desk.folder / "keys" / "master.key").chmod(0o644)
    done = desk.run("doctor", "--json")
    assert done.exit_code == 8
    assert any("chmod" in row["mend"] for row in json.loads(done.stdout))


def test_host_keys_are_made_listed_and_imported(desk, tmp_path):
    desk.fails(5, "keys", "hostkey", "new")
    ecdsa = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    ecdsa.write_private_key(str(tmp_path / "old_key"), passphrase="rosebud")
    (tmp_path / "old_key").chmod(0o600)
    desk.fails(2, "keys", "hostkey", "import", tmp_path / "old_key")
    added = desk.json("keys", "hostkey", "import", tmp_path / "old_key", "--stdin", typed="rosebud\n")
    assert added["fingerprint"] == ecdsa.get_fingerprint()
    assert [one["algorithm"] for one in desk.json("keys", "hostkey", "list")] == ["ssh-ed25519", "ecdsa-sha2-nistp256"]
    assert ecdsa.get_fingerprint() in desk.said("keys", "hostkey", "fingerprint")
    assert desk.events("hostkey.added")[-1]["subject"] == ecdsa.get_fingerprint()


def test_files_are_readable_after_rotating_and_rewrapping_the_master_key(desk, tmp_path):
    (tmp_path / "a.csv").write_text("a")
    desk.said("file", "put", tmp_path / "a.csv", "/Distribution/northwind/a.csv")
    rotated = desk.json("keys", "rotate")
    assert rotated["generations"][-1] == rotated["current"]
    assert desk.json("keys", "rewrap") == {"keys": 1, "current": rotated["current"]}
    assert desk.run("file", "get", "/Distribution/northwind/a.csv", "-").stdout == "a"


def test_a_backup_is_restored_and_what_was_deleted_since_stays_deleted(desk, tmp_path):
    for name in ("kept", "deleted"):
        (tmp_path / name).write_text(name)
        desk.said("file", "put", tmp_path / name, f"/Distribution/northwind/{name}")
    made = desk.json("backup", "make", tmp_path / "house.tar")
    assert (made["files"], made["missing"]) == (2, [])
    assert str(desk.folder / "keys" / "master.key") in made["kept_apart"]
    desk.fails(5, "backup", "make", tmp_path / "house.tar")
    desk.said("file", "rm", "/Distribution/northwind/deleted")
    restored = desk.json("restore", tmp_path / "house.tar", "--dir", tmp_path / "again")
    assert restored["buried"] == 1
    for key in ("master.key", "audit.key"):
        (tmp_path / "again" / "keys" / key).write_bytes((desk.folder / "keys" / key).read_bytes())
        (tmp_path / "again" / "keys" / key).chmod(0o600)
    listed = desk.json("file", "ls", "/Distribution/northwind", "--config", tmp_path / "again" / "mft.toml")
    assert [one["name"] for one in listed] == ["kept"]
    desk.fails(5, "restore", tmp_path / "house.tar", "--dir", tmp_path / "again")
    (desk.folder / "data").rename(tmp_path / "lost")
    alone = desk.run("restore", tmp_path / "house.tar", "--dir", tmp_path / "alone")
    assert (alone.exit_code, "passwords that were changed" in alone.stdout) == (7, True)
    (tmp_path / "torn.tar").write_bytes((tmp_path / "house.tar").read_bytes()[:20_000])
    desk.fails(2, "restore", tmp_path / "torn.tar", "--dir", tmp_path / "torn")


def test_the_trail_is_searched_and_a_misspelt_event_is_not_an_answer(desk):
    assert [one["subject"] for one in desk.json("audit", "search", "--action", "organization.added")] == [
        "clearing",
        "northwind",
    ]
    assert len(desk.json("audit", "search", "--action", "organization.")) == 2
    assert desk.json("audit", "search", "--actor", "maria", "--subject", "bob", "--limit", "1")
    assert desk.json("audit", "search", "--until", "2020-01-01") == []
    assert "No event was found." in desk.said("audit", "search", "--text", "nowhere to be found")
    desk.fails(2, "audit", "search", "--action", "organisation.added")
    assert desk.json("audit", "tail", "-n", "1")[0]["action"] == "address.added"


def test_an_export_proves_itself_without_a_server(desk, tmp_path):
    key = desk.json("audit", "key")["public_key"]
    trail = tmp_path / "trail.jsonl"
    trail.write_text(desk.said("audit", "export"))
    words = [sys.executable, "-m", "mft", "audit", "verify", str(trail), "--key", key]
    alone = {**os.environ, "MFT_CONFIG": str(tmp_path / "none.toml")}
    assert "intact" in subprocess.run(words, env=alone, capture_output=True, text=True, check=True, timeout=60).stdout
    trail.write_text(trail.read_text().replace("bob", "rob"))
    done = subprocess.run([*words, "--json"], env=alone, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 8
    assert json.loads(done.stdout)["breaks"][0]["fault"] == "altered"
    desk.fails(2, "audit", "verify", trail, "--key", "no key")


def test_csv_is_for_reading(desk):
    assert desk.said("audit", "export", "--format", "csv").splitlines()[0].startswith("node,number,at,action")


def test_penalties_are_listed_and_only_what_is_owed_is_lifted(desk):
    assert desk.json("penalty", "list") == []
    assert "mft penalty list" in desk.fails(4, "penalty", "lift", "8.8.8.8")
    desk.fails(2, "penalty", "lift", "somewhere")


def test_a_code_that_nobody_was_shown_is_not_explained(desk):
    desk.fails(4, "signon", "explain", "7K3M-9QZ2")
    desk.fails(2, "signon", "explain", "what")


@pytest.mark.xdist_group("served")
def test_a_running_server_is_found_and_a_second_one_is_refused(tmp_path: Path):
    with running(tmp_path / "house") as server:
        found = server.json("doctor")
        assert f"the server runs on 127.0.0.1:{server.port}" in {row["said"] for row in found}
        # Nobody is on the roll yet.
        assert {row["check"] for row in found if row["standing"] != "good"} == {"staff"}
        assert "stop it first" in server.mft("serve", fails=True)
        assert server.stop() == 0
    assert [one["action"] for one in server.json("audit", "search", "--action", "server.")][:2] == [
        "server.stopped",
        "server.started",
    ]


def test_following_the_trail_shows_what_happens_next_and_ends_with_ctrl_c(desk):
    environment = {**os.environ, "MFT_CONFIG": str(desk.folder / "mft.toml"), "USER": "maria"}
    words = [sys.executable, "-m", "mft", "audit", "tail", "-n", "1", "-f", "--json"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["action"] == "address.added"
        desk.said("account", "disable", "bob")
        assert json.loads(following.stdout.readline())["action"] == "account.disabled"
        following.send_signal(2)
        assert following.wait(60) == 130

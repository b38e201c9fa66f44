"""Organizations, accounts and their credentials from the command line."""

import json
import re
import shutil
from datetime import datetime, timedelta

import pytest

from mft.app.build import open_house
from mft.model.session import Actor, Door
from mft.settings.load import load

TEMPORARY = re.compile(r"[0-9a-z]{5}(-[0-9a-z]{5}){3}\n")
PASSWORD = "correct horse battery staple 9"


def test_the_forms_that_scripts_rely_on(desk, make_key, tmp_path):
    desk.said("org", "add", "southwind", "--name", "Southwind Clinic", "--kind", "delegate")
    key = make_key("id_ed25519")
    desk.said(
        *("account", "add", "alice", "--org", "southwind", "--email", "alice@example.org"),
        *("--allow", "127.0.0.1", "--key", key),
    )
    desk.said("account", "add", "carl", "--org", "southwind", "--email", "carl@example.org", "--allow", "127.0.0.1")
    assert TEMPORARY.fullmatch(desk.said("account", "temp-password", "carl"))
    desk.said("folder", "grant", "/Distribution/southwind", "--account", "alice", "--rights", "all")
    report = tmp_path / "report.csv"
    report.write_text("a,b\n")
    desk.said("file", "put", report, "/Distribution/southwind/report.csv")
    shown = desk.json("account", "show", "alice")
    assert shown["name"] == "alice"
    assert [one["rights"] for one in shown["grants"]] == ["all"]
    assert desk.json("config", "show")["trial_networks"] == ["127.0.0.0/8"]
    exported = [json.loads(line) for line in desk.said("audit", "export", "--format", "jsonl").splitlines()]
    assert exported[-1]["action"] == "upload.committed"
    assert "intact" in desk.said("audit", "verify")


@pytest.mark.parametrize("kind", ["delegate", "partner", "provider", "payer"])
def test_an_organization_of_each_kind_gets_its_folders(desk, kind):
    added = desk.json("org", "add", "acme", "--name", "Acme", "--kind", kind)
    home = "/Partners/acme" if kind == "partner" else "/Distribution/acme"
    assert added["folder"] == home
    folders = [row["folder"] for row in desk.json("folder", "tree", home)]
    assert folders == ([home, f"{home}/Inbound", f"{home}/Outbound"] if kind == "partner" else [home])
    assert desk.json("org", "show", "acme")["title"] == "Acme"
    assert [one["name"] for one in desk.json("org", "list")] == ["acme", "clearing", "northwind"]


def test_an_organization_is_disabled_enabled_and_limited(desk):
    desk.said("org", "disable", "northwind")
    assert desk.json("account", "show", "bob")["organization_enabled"] is False
    assert "disabled already" in desk.fails(5, "org", "disable", "northwind")
    desk.said("org", "enable", "northwind")
    assert desk.json("org", "quota", "northwind", "--bytes", "2 GiB", "--files", "7")["quota_bytes"] == 2 << 30
    assert desk.json("org", "quota", "northwind", "--bytes", "none")["quota_files"] == 7
    assert "--bytes" in desk.fails(2, "org", "quota", "northwind")
    desk.fails(2, "org", "quota", "northwind", "--bytes", "2 gigs")


def test_what_is_not_there_what_is_there_already_and_what_cannot_be(desk):
    assert "mft org list" in desk.fails(4, "org", "show", "nobody")
    assert "mft account list" in desk.fails(4, "account", "show", "nobody")
    desk.fails(5, "org", "add", "northwind", "--name", "Again", "--kind", "delegate")
    again = ("--org", "northwind", "--email", "other@example.org")
    desk.fails(5, "account", "add", "bob", *again)
    desk.fails(2, "account", "add", "Bob!", *again)
    desk.fails(2, "account", "add", "carl", "--org", "northwind", "--email", "no-address")
    desk.fails(2, "account", "add", "carl")
    desk.fails(2, "org", "add", "acme", "--name", "Acme", "--kind", "friend")


@pytest.mark.fact("0.8")
def test_a_private_address_adds_no_account_at_all(desk):
    words = ("account", "add", "carl", "--org", "northwind", "--email", "carl@example.org")
    assert "private use" in desk.fails(2, *words, "--allow", "8.8.8.8", "--allow", "10.0.0.1")
    desk.fails(4, "account", "show", "carl")


def test_accounts_are_listed_disabled_and_enabled(desk):
    assert [one["name"] for one in desk.json("account", "list", "--org", "northwind")] == ["bob"]
    assert [one["organization"] for one in desk.json("account", "list")] == ["northwind"]
    assert desk.json("account", "list", "--org", "clearing") == []
    desk.said("account", "disable", "bob")
    assert desk.json("account", "show", "bob")["state"] == "disabled"
    desk.fails(5, "account", "disable", "bob")
    desk.said("account", "enable", "bob")
    assert desk.json("account", "show", "bob")["state"] == "active"
    desk.said("account", "unlock", "bob")


def test_required_methods_are_kept_and_named(desk, make_key):
    words = ("--org", "northwind", "--email", "carl@example.org", "--key", make_key("k"), "--require", "key,password")
    assert desk.json("account", "add", "carl", *words, "--purpose", "unattended")["purpose"] == "unattended"
    assert desk.json("account", "show", "carl")["required"] == ["password", "publickey"]
    desk.said("account", "require", "carl", "any")
    assert desk.json("account", "show", "carl")["required"] == []
    assert "no method" in desk.fails(2, "account", "require", "carl", "fingerprint")


@pytest.mark.fact("0.12")
def test_a_temporary_password_stands_alone_on_standard_output_and_its_end_is_shown(desk):
    done = desk.run("account", "temp-password", "bob")
    assert TEMPORARY.fullmatch(done.stdout)
    assert "bob" in done.stderr
    shown = desk.json("account", "show", "bob")
    made = datetime.fromisoformat(desk.events("password.issued")[-1]["at"])
    assert datetime.fromisoformat(shown["temporary_password_expires_at"]) == made + timedelta(hours=48)
    assert TEMPORARY.fullmatch(desk.json("account", "temp-password", "bob")["secret"] + "\n")


@pytest.mark.fact("0.15")
def test_show_says_from_when_disuse_closes_the_account(desk):
    shown = desk.json("account", "show", "bob")
    lapse = datetime.fromisoformat(shown["dormant_from"]) - datetime.fromisoformat(shown["created_at"])
    assert (lapse, shown["dormant"]) == (timedelta(days=120), False)


def test_a_password_is_typed_twice_or_read_from_standard_input(desk):
    typed = desk.run("account", "set-password", "bob", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert typed.exit_code == 0
    assert PASSWORD not in typed.output
    desk.said("account", "set-password", "bob", "--stdin", typed=f"{PASSWORD} again\n")
    assert desk.json("account", "show", "bob")["password"] is True
    desk.fails(2, "account", "set-password", "bob", "--stdin", typed="\n")
    assert "15" in desk.fails(2, "account", "set-password", "bob", "--stdin", typed="short\n")
    desk.fails(4, "account", "set-password", "nobody", "--stdin", typed=f"{PASSWORD}\n")


def test_no_command_takes_a_secret_as_an_argument(desk):
    desk.fails(2, "account", "set-password", "bob", PASSWORD)
    desk.fails(2, "init", "--dir", "x", "--db", "postgresql+psycopg://mft:hunter2@db/mft")


def test_no_secret_reaches_the_trail_or_a_listing(desk):
    temporary = desk.said("account", "temp-password", "bob").strip()
    desk.said("account", "set-password", "bob", "--stdin", typed=f"{PASSWORD}\n")
    trail = desk.said("audit", "export") + desk.said("audit", "export", "--format", "csv")
    everything = trail + desk.said("account", "show", "bob", "--json") + desk.said("audit", "tail", "-n", "100")
    assert temporary not in everything
    assert PASSWORD not in everything
    assert "$argon2" not in everything


def test_keys_are_added_listed_and_removed(desk, make_key, tmp_path):
    key = make_key("laptop")
    added = desk.json("account", "keys", "add", "bob", key, "--label", "laptop")
    assert added["fingerprint"].startswith("SHA256:")
    assert [one["label"] for one in desk.json("account", "keys", "list", "bob")] == ["laptop"]
    desk.fails(5, "account", "keys", "add", "bob", key)
    assert "private" in desk.fails(2, "account", "keys", "add", "bob", tmp_path / "laptop").lower()
    desk.said("account", "keys", "remove", "bob", added["fingerprint"])
    desk.fails(4, "account", "keys", "remove", "bob", added["fingerprint"])
    assert desk.json("account", "keys", "list", "bob") == []


def test_a_key_that_its_owner_added_is_listed_as_waiting_and_approved_by_another(desk, make_key):
    key = make_key("laptop")
    with open_house(load(desk.folder / "mft.toml", {"MFT_PORTAL__KEYS_WAIT": "true"}).settings) as house:
        added = house.own_keys.add(Actor(Door.PORTAL, "bob"), "bob", key.read_text())
    [waiting] = desk.json("account", "keys", "list", "--waiting")
    assert (waiting["account"], waiting["fingerprint"], waiting["waiting"]) == ("bob", added.fingerprint, True)
    assert "waits for approval" in desk.said("account", "show", "bob")
    assert "waits for approval" in desk.said("report", "access-review", "--format", "csv")
    assert [one["what"] for one in desk.json("account", "explain", "bob")["bars"]][-1] == "key waits for approval"
    assert "another person" in desk.fails(1, "account", "keys", "approve", "bob", added.fingerprint, "--as", "bob")
    assert not desk.json("account", "keys", "approve", "bob", added.fingerprint)["waiting"]
    assert desk.json("account", "keys", "list", "--waiting", "bob") == []
    desk.fails(5, "account", "keys", "approve", "bob", added.fingerprint)
    assert [one["actor"] for one in desk.events("key.approved")] == ["maria"]


def test_sessions_are_listed_and_ended_by_name_only(desk):
    assert desk.json("account", "sessions") == []
    assert desk.json("account", "sessions", "bob") == []
    assert desk.json("account", "sessions", "bob", "--kill")["ending"] == 0
    desk.fails(2, "account", "sessions", "--kill")
    desk.fails(4, "account", "sessions", "nobody")


def test_the_acting_person_is_recorded(desk):
    desk.said("account", "disable", "bob", "--as", "otto")
    desk.said("--as", "anna", "account", "enable", "bob")
    desk.said("account", "unlock", "bob")
    acted = [desk.events(action)[-1]["actor"] for action in ("account.disabled", "account.enabled", "account.unlocked")]
    assert acted == ["otto", "anna", "maria"]


def test_a_server_that_is_not_whole_is_told_apart(desk):
    shutil.move(desk.folder / "keys" / "master.key", desk.folder / "kept")
    desk.fails(6, "account", "list")
    shutil.move(desk.folder / "kept", desk.folder / "keys" / "master.key")
    (desk.folder / "data" / "mft.db").rename(desk.folder / "kept")
    assert "mft db upgrade" in desk.fails(6, "account", "list")

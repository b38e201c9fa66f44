"""Access requests at the command line, on a real server's directory."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Desk

TEMPORARY = re.compile(r"[0-9a-z]{5}(-[0-9a-z]{5}){3}\n")
AGREEMENT = "confidentiality-2026-01"
JANE = {
    "--name": "jdoe",
    "--org": "northwind",
    "--person": "Jane Doe",
    "--email": "jane@northwind.example",
    "--phone": "+1 555 010 4477",
    "--reason": "care coordination",
    "--address": "8.8.8.8",
    "--agree": AGREEMENT,
}


def words(**changes: str) -> list[str]:
    options = JANE | {f"--{name}": value for name, value in changes.items()}
    return ["request", "submit", *(part for option in options.items() for part in option)]


def form(**changes: object) -> dict[str, object]:
    fields = {
        "kind": "add",
        "name": "jdoe",
        "organization": "northwind",
        "person": "Jane Doe",
        "email": "jane@northwind.example",
        "phone": "+1 555 010 4477",
        "reason": "care coordination",
        "addresses": ["8.8.8.8", {"address": "9.9.0.0/16", "reason": "office", "until": "2099-01-31"}],
        "agreement": AGREEMENT,
    }
    return fields | changes


@pytest.mark.fact("0.6")
@pytest.mark.fact("0.12")
def test_a_request_is_submitted_shown_approved_and_its_password_stands_alone(desk: Desk):
    made = desk.json(*words())
    assert (made["state"], made["days_left"], made["overdue"]) == ("submitted", 14, False)
    assert (made["agreement"], made["agreed_by"], made["agreed_from"]) == (AGREEMENT, "Jane Doe", "cli")
    done = desk.run("request", "approve", made["id"])
    assert TEMPORARY.fullmatch(done.stdout)
    assert "list,read,delete on /Distribution/northwind" in done.stderr
    assert "temporary password of jdoe, good until" in done.stderr
    account = desk.json("account", "show", "jdoe")
    assert [one["folder"] for one in account["grants"]] == ["/Distribution/northwind"]
    assert [one["addresses"] for one in account["allow"]] == ["8.8.8.8"]
    shown = desk.json("request", "show", made["id"])
    assert (shown["state"], shown["decided_by"], shown["days_left"]) == ("approved", "maria", None)
    everything = desk.said("audit", "export") + desk.said("request", "show", made["id"])
    assert done.stdout.strip() not in everything
    assert f"{made['id']} was approved by maria already" in desk.fails(5, "request", "approve", made["id"])


def test_submitting_says_what_was_understood_and_who_does_what_next(desk: Desk):
    said = desk.said(*words(address="8.8.0.0/16"), "--address", "9.9.9.1-9.9.9.9", "--until", "2099-01-31")
    number = said.split()[0]
    assert "8.8.0.0/16 (65,536 addresses) until 2099-01-31 00:00 UTC: 8.8.0.0/16 holds" in said
    assert "wait for another person's approval" in said
    assert "9.9.9.1-9.9.9.9 (9 addresses) until 2099-01-31" in said
    assert f"mft request approve {number}, or mft request deny {number} --reason" in said
    done = desk.run("request", "approve", number)
    waiting = desk.json("allow", "list", "--waiting")
    assert f"waiting for another person: mft allow approve {waiting[0]['id']}" in done.stderr


@pytest.mark.fact("0.9")
def test_vpn_users_are_told_when_to_identify_their_address(desk: Desk):
    hint = "Connected to a VPN? Identify the address while connected"
    said = desk.said(*words()).splitlines()
    assert (" asks to add jdoe of northwind" in said[0], hint in said[-1][: len(hint)]) == (True, True)
    assert hint in " ".join(desk.said("request", "submit", "--help").split())


def test_every_fault_has_a_line_and_nothing_is_kept(desk: Desk):
    told = desk.fails(2, *words(org="nowhere", phone="x", address="10.0.0.1", agree="other"))
    assert [line.split(": ")[1] for line in told.splitlines()[:-1]] == [
        "organization",
        "phone",
        "addresses",
        "agreement",
    ]
    assert "10.0.0.1 overlaps 10.0.0.0/8 (private use)" in told
    assert desk.json("request", "list") == []


@pytest.mark.parametrize("how", ["toml", "json", "stdin"])
def test_a_form_comes_from_a_file_or_standard_input(desk: Desk, tmp_path: Path, how: str):
    file, typed = tmp_path / f"form.{how}", ""
    text = json.dumps(form())
    if how == "toml":
        text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in form(addresses=["8.8.8.8"]).items())
    if how == "stdin":
        file, typed = Path("-"), text
    else:
        file.write_text(text)
    made = desk.json("request", "submit", "--file", file, typed=typed)
    assert made["addresses"][0]["address"] == "8.8.8.8"
    assert made["person"] == "Jane Doe"


def test_a_file_that_is_no_form_is_refused(desk: Desk, tmp_path: Path):
    file = tmp_path / "form"
    file.write_text(json.dumps(form(shoe_size=43)))
    assert "shoe_size: there is no such field" in desk.fails(2, "request", "submit", "--file", file)
    file.write_text(json.dumps(form(adresses=["8.8.8.8"])))
    assert "there is no such field\n  do: write addresses" in desk.fails(2, "request", "submit", "--file", file)
    assert "leave the other options out" in desk.fails(2, "request", "submit", "--file", file, "--name", "jdoe")
    file.write_bytes(b"\xff\xfe")
    assert "UTF-8" in desk.fails(2, "request", "submit", "--file", file)
    file.write_bytes(b"#" * ((1 << 20) + 1))
    assert "longer than a form" in desk.fails(2, "request", "submit", "--file", file)
    desk.fails(6, "request", "submit", "--file", tmp_path / "missing")


@pytest.mark.fact("0.11")
def test_the_list_shows_when_each_is_due_and_how_it_stands(desk: Desk):
    first = desk.json(*words())["id"]
    second = desk.json(*words(name="rroe", email="rroe@northwind.example"))["id"]
    desk.said("request", "deny", first, "--reason", "no contract")
    lines = desk.said("request", "list").splitlines()
    assert lines[0].split()[:2] == ["id", "kind"]
    assert "due at" in lines[0]
    assert "days left" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == [second, first]
    assert [one["id"] for one in desk.json("request", "list", "--state", "denied", "--org", "northwind")] == [first]
    assert desk.said("request", "list", "--org", "clearing") == "There is no such request; see mft request submit.\n"
    assert desk.json("request", "show", first)["decision"] == "no contract"


def test_deciding_needs_a_reason_or_a_request_that_is_there(desk: Desk):
    number = desk.json(*words())["id"]
    desk.fails(2, "request", "deny", number)
    desk.fails(2, "request", "deny", number, "--reason", " ")
    desk.fails(4, "request", "approve", "req_nothing")
    assert desk.said("request", "withdraw", number, "--reason", "typed twice") == f"withdrew {number}\n"
    desk.fails(5, "request", "deny", number, "--reason", "no")


@pytest.mark.fact("0.17")
def test_more_addresses_join_the_list_of_an_account(desk: Desk):
    made = desk.json(
        *("request", "submit", "--kind", "addresses", "--name", "bob", "--reason", "moved", "--address", "9.9.9.9"),
        *("--until", "2099-01-31"),
    )
    said = desk.said("request", "approve", made["id"])
    assert said == "added to the addresses of bob\n"
    listed = {one["addresses"]: one["until"] for one in desk.json("allow", "list", "bob")}
    assert listed == {"127.0.0.1": None, "9.9.9.9": "2099-01-31T00:00:00Z"}


@pytest.mark.fact("0.6")
def test_access_is_removed_and_its_request_kept(desk: Desk):
    made = desk.json("request", "submit", "--kind", "remove", "--name", "bob", "--reason", "left the clinic")
    assert desk.said("request", "approve", made["id"]) == "removed bob; its sessions end within a minute\n"
    assert desk.json("account", "show", "bob")["state"] == "purged"
    kept = desk.json("request", "show", made["id"])
    assert (kept["state"], kept["reason"], kept["email"]) == ("approved", "left the clinic", "")


@pytest.mark.fact("0.5")
def test_seats_are_set_shown_and_enforced(desk: Desk):
    shown = desk.json("org", "seats", "northwind", "1")
    assert (shown["seats"], shown["people"]) == (1, 1)
    assert "1 of 1 seats" in desk.fails(1, *words())
    add = ("account", "add", "carl", "--org", "northwind", "--email", "carl@example.org")
    assert "1 of 1 seats" in desk.fails(1, *add)
    assert desk.json("account", "list")[0]["name"] == "bob"
    (row,) = [one for one in desk.json("org", "list") if one["name"] == "northwind"]
    assert (row["people"], row["seats"]) == (1, 1)
    desk.said("org", "seats", "northwind", "none")
    desk.said(*add)
    for number in ("-1", "many", "1e3", "²"):
        desk.fails(2, "org", "seats", "northwind", "--", number)


def test_an_administrator_is_named_and_taken_back(desk: Desk):
    assert desk.json("org", "administrator", "northwind", "Ada@Northwind.example")["administrator"] == (
        "ada@northwind.example"
    )
    desk.fails(2, "org", "administrator", "northwind", "ada")
    assert desk.json("org", "administrator", "northwind", "none")["administrator"] is None


def test_rights_are_said_at_approval(desk: Desk):
    desk.said("folder", "create", "/Distribution/northwind/DAR")
    number = desk.json(*words())["id"]
    for wrong, code in (("/Distribution/northwind", 2), ("/Distribution/northwind/DAR=fly", 2), ("nowhere=list", 4)):
        desk.fails(code, "request", "approve", number, "--right", wrong)
    right = "/Distribution/northwind/DAR=list,read"
    assert desk.json("request", "approve", number, "--right", right)["rights"] == {
        "/Distribution/northwind/DAR": "list,read"
    }


def test_a_job_with_a_key_gets_no_password_unless_asked(desk: Desk, make_key):
    options = ("--purpose", "unattended", "--key", make_key("job"), "--contact", "it@clearing.example")
    made = desk.json(*words(org="clearing"), *options)
    assert made["contact"] == "it@clearing.example"
    said = desk.said("request", "approve", made["id"])
    assert "all on /Partners/clearing/Inbound" in said
    assert not TEMPORARY.search(said)
    assert len(desk.json("account", "keys", "list", "jdoe")) == 1
    other = desk.json(*words(name="job2", email="job2@clearing.example", org="clearing"), *options)
    assert desk.json("request", "approve", other["id"], "--password")["secret"]


@pytest.mark.fact("0.6")
def test_the_agreement_is_printed_with_its_name_and_digest(desk: Desk):
    said = desk.said("request", "agreement")
    text = desk.json("request", "agreement")
    assert said.startswith(text["text"].splitlines()[0])
    assert f"name     {AGREEMENT}\nSHA-256  {text['sha256']}\n" in said
    desk.fails(4, "request", "agreement", "confidentiality-1999-01")

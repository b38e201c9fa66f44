"""People of the directory from the command line: how they stand, what they agreed to, closing SFTP and asking anew."""

import asyncio
import csv
import io
import json
from ipaddress import IPv4Address

import click
import pyotp
import pytest

from mft.accounts.factors import NewFactor
from mft.accounts.portal_answers import Enrolled
from mft.accounts.setup_answers import SetUp
from mft.app.build import House, open_house
from mft.cli.desk import declared
from mft.cli.main import cli
from mft.model.portal import Visit
from mft.model.staff import Role
from mft.policy.roles import may
from mft.settings.load import load
from tests.cli.conftest import Desk

OWN = "correct horse battery staple 9"
KNOWN = "What the directory knows, 7"
HERE = IPv4Address("127.0.0.1")


@pytest.fixture
def pat(desk: Desk) -> Desk:
    """The desk, with pat of a trading partner, whom the trial directory knows as Lind, and who never set up."""
    desk.said("directory", "trial", "add", "lind", "--stdin", typed=f"{KNOWN}\n")
    desk.said(
        *("account", "add", "pat", "--org", "clearing", "--email", "pat@example.org"),
        *("--allow", "127.0.0.1", "--external-id", "lind"),
    )
    desk.said("account", "set-password", "pat", "--stdin", typed=f"{OWN}\n")
    return desk


@pytest.fixture
def active(pat: Desk) -> Desk:
    """The same, once pat signed in to the portal and agreed."""
    with open_house(load(pat.folder / "mft.toml", {}).settings) as house:
        assert isinstance(asyncio.run(agree(house)), SetUp)
    return pat


async def agree(house: House) -> object:
    visit = await signed_in(house)
    text = house.setups.view(house.accounts.get("pat").id).text.version
    return await house.setups.perform(visit, HERE, "lind", KNOWN, agreed=True, text_version=text)


async def signed_in(house: House) -> Visit:
    """Return the visit in which pat proved both factors."""
    token, visit = house.visits.begin(HERE)
    token = getattr(await house.portal_signon.password(visit, "pat", OWN, HERE), "token", token)
    factor = await house.portal_signon.enrol(await found(house, token), HERE)
    assert isinstance(factor, NewFactor)
    shown = pyotp.TOTP(factor.secret).at(house.clock.now())
    done = await house.portal_signon.confirm(await found(house, token), shown, HERE)
    assert isinstance(done, Enrolled)
    return await found(house, done.token)


async def found(house: House, token: str) -> Visit:
    visit = await house.visits.find(token, HERE)
    assert visit is not None
    return visit


def test_where_nobody_lives_in_the_directory_the_list_says_how_somebody_would(desk: Desk):
    assert "--external-id" in desk.said("setup", "list")
    assert desk.json("setup", "list") == []
    assert "--external-id" in desk.fails(4, "setup", "show", "bob")
    desk.fails(4, "setup", "show", "nobody")
    desk.fails(4, "setup", "list", "--org", "westwind")


def test_who_never_set_up_is_listed_as_such_and_sftp_says_why(pat: Desk):
    [row] = pat.json("setup", "list")
    assert (row["account"], row["organization"], row["external_id"], row["state"]) == ("pat", "clearing", "lind", None)
    assert "never" in pat.said("setup", "list")
    assert [one["account"] for one in pat.json("setup", "list", "--state", "never")] == ["pat"]
    assert pat.json("setup", "list", "--state", "active") == []
    assert pat.json("setup", "list", "--org", "northwind") == []
    shown = pat.json("account", "show", "pat")["setup"]
    assert (shown["state"], shown["opens_sftp"], shown["refused_for"]) == (None, False, "setup_missing")
    assert "SFTP refuses the directory's password" in pat.said("account", "show", "pat")
    told = pat.json("account", "explain", "pat")
    assert [one["what"] for one in told["bars"]] == ["the directory password was not set up for SFTP"]
    assert not told["may_sign_on"]
    asked = pat.run("allow", "test", "127.0.0.1", "--account", "pat", "--json")
    assert (asked.exit_code, json.loads(asked.stdout)["reasons"]) == (8, ["setup_missing"])


@pytest.mark.fact("2.9")
def test_who_agreed_is_shown_with_the_text_the_moment_and_the_factors(active: Desk):
    shown = active.json("setup", "show", "pat")
    assert (shown["state"], shown["text_version"]) == ("active", "sftp-setup-1")
    [agreed] = shown["attestations"]
    assert (agreed["directory_user"], agreed["source"], agreed["factors"]) == (
        "lind",
        "127.0.0.1",
        ["password", "totp"],
    )
    assert len(agreed["text_sha256"]) == 64
    assert "sftp-setup-1 on 20" in active.said("setup", "show", "pat")
    assert active.json("account", "explain", "pat")["may_sign_on"]
    assert active.json("allow", "test", "127.0.0.1", "--account", "pat")["admitted"]
    card = active.json("account", "show", "pat")
    assert (card["setup"]["opens_sftp"], card["setup"]["state"]) == (True, "active")
    assert "SFTP takes the directory's password" in active.said("account", "show", "pat")
    assert active.json("account", "show", "bob")["setup"] is None


@pytest.mark.fact("2.9")
def test_the_report_says_who_attested_to_which_text_as_table_json_and_sheet(active: Desk):
    [row] = active.json("report", "attestations")
    assert (row["account"], row["organization"], row["text_version"]) == ("pat", "clearing", "sftp-setup-1")
    assert "pat" in active.said("report", "attestations")
    [line] = csv.DictReader(io.StringIO(active.said("report", "attestations", "--format", "csv")), strict=True)
    assert (line["directory_user"], line["text_sha256"]) == ("lind", row["text_sha256"])
    for none in (("--org", "northwind"), ("--account", "bob"), ("--until", "2020-01-01"), ("--since", "2090-01-01")):
        assert active.json("report", "attestations", *none) == []
    assert len(active.json("report", "attestations", "--account", "pat", "--org", "clearing")) == 1
    active.fails(4, "report", "attestations", "--account", "nobody")


def test_revoking_needs_a_reason_closes_sftp_and_is_undone_by_asking_anew(active: Desk):
    active.fails(2, "setup", "revoke", "pat", "--reason", " ")
    assert active.json("setup", "revoke", "pat", "--reason", "left the firm")["state"] == "revoked"
    active.fails(5, "setup", "revoke", "pat", "--reason", "again")
    [event] = active.events("setup.revoked")
    assert (event["actor"], event["subject"], event["detail"]["reason"]) == ("maria", "pat", "left the firm")
    told = active.json("account", "explain", "pat")
    assert [one["what"] for one in told["bars"]] == ["its setup for SFTP is revoked"]
    assert "setup_revoked" in active.json("account", "show", "pat")["setup"]["refused_for"]
    assert active.json("setup", "resync", "pat")["state"] == "unattested"
    assert "has to set up in the portal" in active.said("setup", "resync", "pat")
    assert active.json("setup", "list", "--state", "unattested")[0]["account"] == "pat"


def test_asking_anew_finds_what_changed_in_the_directory(active: Desk):
    assert active.json("setup", "resync", "pat")["state"] == "active"
    active.said("directory", "trial", "passwd", "lind", "--stdin", typed="Another one altogether, 8\n")
    assert active.json("setup", "resync", "pat")["state"] == "stale"
    assert "directory password was changed" in active.said("account", "explain", "pat")
    active.said("directory", "trial", "disable", "lind")
    assert active.json("setup", "resync", "pat")["state"] == "revoked"


def test_asking_about_who_has_no_external_id_says_so(desk: Desk):
    assert "external" in desk.fails(5, "setup", "resync", "bob")
    assert "external" in desk.fails(5, "setup", "revoke", "bob", "--reason", "x")
    desk.fails(4, "setup", "resync", "nobody")


@pytest.mark.fact("0.18")
def test_the_service_desk_is_told_that_the_password_lives_elsewhere(pat: Desk):
    issued = pat.run("account", "temp-password", "pat")
    assert "opens the portal only" in issued.stderr
    assert len(issued.stdout.split()) == 1
    assert pat.json("account", "temp-password", "pat")["lives_in_directory"] is True
    assert "opens the portal only" in pat.said("account", "set-password", "pat", "--stdin", typed=f"{OWN}\n")
    assert "portal only" not in pat.run("account", "temp-password", "bob").stderr
    assert pat.json("account", "temp-password", "bob")["lives_in_directory"] is False


@pytest.mark.parametrize(
    ("words", "roles"),
    [
        (("setup", "list"), set(Role)),
        (("setup", "show"), set(Role)),
        (("setup", "revoke"), {Role.OPERATOR}),
        (("setup", "resync"), {Role.OPERATOR}),
        (("report", "attestations"), {Role.OPERATOR, Role.AUDITOR}),
        (("account", "keys", "approve"), {Role.OPERATOR}),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_who_may_see_and_who_may_change(words: tuple[str, ...], roles: set[Role]):
    command: click.Command | None = cli
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    acts = declared(command)
    assert acts
    assert {role for role in Role if all(may(role, act) for act in acts)} == roles

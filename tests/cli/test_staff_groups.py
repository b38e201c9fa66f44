"""Roles by groups of a real LDAP server, at the command line, as users of the system run it."""

import pwd
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mft.cli import acting
from tests.cli.conftest import Desk
from tests.cli.test_directory import configure
from tests.support.slapd import GROUPS, Slapd, running_slapd

pytestmark = pytest.mark.fact("0.18")

OPERATORS = f"cn=operators,{GROUPS}"


@pytest.fixture(scope="module")
def users() -> list[pwd.struct_passwd]:
    """An operator, somebody of the service desk, and somebody of no group, all users of this system."""
    return [one for one in pwd.getpwall() if one.pw_uid != 0][:3]


@pytest.fixture(scope="module")
def slapd(users: list[pwd.struct_passwd]) -> Iterator[Slapd]:
    with running_slapd() as running:
        for user in users:
            running.add(user.pw_name, "x")
        for group, user in zip(("operators", "desk"), users, strict=False):
            running.add_group(group)
            running.join(group, user.pw_name)
        yield running


@pytest.fixture
def staff(
    desk: Desk, slapd: Slapd, users: list[pwd.struct_passwd], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Desk]:
    """The server with roles by groups, as each stands before it; nobody is logged in, so that sudo says who calls."""
    monkeypatch.setattr(acting, "_LOGIN", tmp_path / "nobody logged in")
    server = slapd.server()
    words = {"kind": "ldap", "url": server.url, "base": server.base, "bind_dn": server.bind_dn, "timeout": "20 s"}
    words |= {"bind_password_file": str(server.bind_password_file), "ca_file": str(server.ca_file)}
    configure(desk, **words, group_base=server.group_base)
    config = desk.folder / "mft.toml"
    roles = f'\n[directory.roles]\n"{OPERATORS.upper()}" = "operator"\ndesk = "service-desk"\n'
    config.write_text(config.read_text() + roles)
    named = zip(("operator", "desk", "nobody"), users, strict=True)
    standing = {role: replace(desk, acting=user.pw_name, uid=str(user.pw_uid)) for role, user in named}
    return standing | {"root": replace(desk, acting="root", uid="0")}


@pytest.fixture
def silence(desk: Desk, slapd: Slapd) -> Callable[[], None]:
    """Let the server ask where nobody answers."""

    def silenced() -> None:
        config = desk.folder / "mft.toml"
        config.write_text(config.read_text().replace(f":{slapd.clear}", ":1"))

    return silenced


def test_a_group_gives_its_role_and_no_more(staff: dict[str, Desk]):
    staff["operator"].said("account", "disable", "bob")
    staff["operator"].said("account", "enable", "bob")
    staff["desk"].said("account", "temp-password", "bob")
    refused = staff["desk"].fails(1, "account", "disable", "bob")
    assert "service-desk by the group desk" in refused
    assert f"people of {OPERATORS.upper()}" in refused
    assert "neither on the roll nor by a group" in staff["nobody"].fails(1, "account", "list")


def test_each_act_is_recorded_with_what_gave_its_role(staff: dict[str, Desk]):
    staff["desk"].said("account", "temp-password", "bob")
    staff["root"].said("staff", "add", staff["operator"].acting, "--role", "operator")
    staff["operator"].said("account", "disable", "bob")
    root = staff["root"]
    (issued,), (added,) = root.events("password.issued"), root.events("staff.added")
    assert (issued["actor"], issued["role"], issued["role_from"]) == (
        staff["desk"].acting,
        "service-desk",
        "directory: desk",
    )
    assert (added["role"], added["role_from"]) == ("operator", "superuser")
    (disabled,) = root.events("account.disabled")
    assert (disabled["role"], disabled["role_from"]) == ("operator", "roll")


def test_the_roll_beats_the_directory_even_while_that_is_silent(staff: dict[str, Desk], silence: Callable[[], None]):
    root, operator = staff["root"], staff["operator"]
    root.said("staff", "add", "olga", "--role", "operator")
    root.said("staff", "add", operator.acting, "--role", "auditor")
    operator.fails(1, "account", "disable", "bob")
    silence()
    operator.said("audit", "tail")
    refused = staff["desk"].fails(1, "account", "list")
    assert "what knows their groups gives no answer" in refused
    assert f"mft staff add {staff['desk'].acting} --role ROLE" in refused
    (event,) = [one for one in root.events("act.refused") if one["detail"].get("trouble")]
    assert (event["actor"], event["detail"]["role"], event["role_from"]) == (staff["desk"].acting, None, "")
    assert ":1" in event["detail"]["trouble"]


def test_the_list_shows_the_groups_and_explaining_says_where_a_role_comes_from(
    staff: dict[str, Desk], silence: Callable[[], None]
):
    root, desk = staff["root"], staff["desk"].acting
    assert [(one["name"], one["role"], one["from"]) for one in root.json("staff", "list")] == [
        (OPERATORS.upper(), "operator", "directory"),
        ("desk", "service-desk", "directory"),
    ]
    told = root.json("staff", "explain", desk)
    assert (told["role"], told["from"], told["group"], told["groups"]) == (
        "service-desk",
        "directory",
        "desk",
        ["desk"],
    )
    assert "issue a temporary password" in told["may"]
    nobody = root.json("staff", "explain", staff["nobody"].acting)
    assert (nobody["role"], nobody["may"]) == (None, [])
    assert root.json("staff", "explain", "root")["from"] == "superuser"
    silence()
    unknown = root.json("staff", "explain", desk)
    assert (unknown["role"], unknown["may"]) == (None, [])
    assert "without an answer of the directory nobody else has a role" in unknown["why"]
    root.said("staff", "add", "olga", "--role", "operator")
    assert root.json("staff", "explain", "olga")["from"] == "roll"
    assert "and whom groups of the directory give a role" in root.said("staff", "remove", "olga")


def test_without_groups_it_is_said_that_an_empty_roll_makes_everybody_operator(desk: Desk):
    told = desk.json("staff", "explain", "anybody")
    assert (told["role"], told["from"]) == ("operator", "empty roll")


def test_whoever_is_in_two_groups_is_told_why_they_have_the_lesser_role(staff: dict[str, Desk], slapd: Slapd):
    both = staff["desk"].acting
    slapd.join("operators", both)
    try:
        told = staff["root"].json("staff", "explain", both)
    finally:
        slapd.join("operators", both, how="delete")
    assert (told["role"], len(told["groups"])) == ("service-desk", 2)
    assert "of several groups the lesser role counts" in told["why"]

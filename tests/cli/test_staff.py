"""Roles at the command line: real commands on a real server, run by other users of the system."""

import ast
import pwd
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

import mft.cli
from mft.cli import acting, exits
from mft.cli.desk import declared
from mft.cli.main import COMMANDS, cli
from mft.model.staff import Act, Role
from tests.cli.conftest import Desk

OPENS_NO_SERVER = {
    "mft init", "mft serve", "mft doctor", "mft demo", "mft restore",
    "mft config check", "mft config show", "mft config example",
    "mft db upgrade", "mft db current", "mft staff roles",
}  # fmt: skip
"""Commands that work on files that the system guards, and ask no role."""


def leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for word in command.commands:
            yield from leaves(command.commands[word], f"{name} {word}")
    else:
        yield name, command


def all_commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = [(name, cli.get_command(context, name)) for name in COMMANDS]
    return {
        path: leaf for name, command in found if command is not None for path, leaf in leaves(command, f"mft {name}")
    }


@pytest.mark.fact("0.18")
def test_every_command_that_opens_the_server_says_which_act_it_is():
    commands = all_commands()
    assert {path for path, command in commands.items() if not declared(command)} == OPENS_NO_SERVER & set(commands)


def test_no_command_opens_the_server_but_through_the_check():
    opened = set()
    for file in Path(mft.cli.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open_house":
                opened.add(file.relative_to(mft.cli.__path__[0]).as_posix())
    # The demonstration opens the house that it has just made.
    assert opened == {"desk.py", "demo/house.py"}


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[pwd.struct_passwd]:
    """Users of this system, other than the superuser; nobody is logged in, so that sudo says who calls."""
    monkeypatch.setattr(acting, "_LOGIN", tmp_path / "nobody logged in")
    return [one for one in pwd.getpwall() if one.pw_uid != 0][:5]


@pytest.fixture
def staff(desk: Desk, people: list[pwd.struct_passwd]) -> dict[str, Desk]:
    """The server as somebody of each role stands before it, and as somebody of none."""
    desk.uid = "0"  # The superuser: operator, whoever runs these tests.
    for role, person in zip(Role, people, strict=False):
        desk.said("staff", "add", person.pw_name, "--role", role.value)
    roles = [*[role.value for role in Role], "none"]
    return {
        role: replace(desk, acting=person.pw_name, uid=str(person.pw_uid))
        for role, person in zip(roles, people, strict=True)
    }


# What each may run, as words typed: who may stands beside it (o operator, d service desk, l liaison, a auditor).
WORDS = {
    ("account", "show", "bob"): "odla",
    ("account", "sessions", "bob"): "odla",
    ("account", "sessions", "bob", "--kill"): "o",
    ("account", "temp-password", "bob"): "od",
    ("account", "unlock", "bob"): "odl",
    ("account", "disable", "bob"): "o",
    ("account", "enable", "bob"): "o",
    ("allow", "list", "bob"): "odla",
    ("allow", "add", "bob", "8.8.8.8"): "ol",
    ("org", "list"): "odla",
    ("org", "quota", "northwind", "--bytes", "1 GiB"): "o",
    ("penalty", "list"): "odla",
    ("file", "ls", "/Distribution/northwind"): "oa",
    ("file", "get", "/Distribution/northwind/report.csv", "-"): "o",
    ("file", "history", "/Distribution/northwind/report.csv"): "oa",
    ("file", "rm", "/Distribution/northwind/gone.csv"): "o",
    ("folder", "tree"): "oa",
    ("folder", "create", "/Distribution/northwind/new"): "o",
    ("retention", "hold", "add", "/Distribution/northwind/report.csv", "--reason", "asked"): "o",
    ("retention", "hold", "list"): "oa",
    ("report", "unfetched"): "oa",
    ("request", "list"): "odla",
    ("audit", "tail"): "oa",
    ("audit", "verify"): "oa",
    ("keys", "hostkey", "list"): "o",
    ("staff", "list"): "oa",
    ("staff", "remove", "nobody-of-that-name"): "o",
}
LETTERS = {"operator": "o", "service-desk": "d", "liaison": "l", "auditor": "a", "none": "n"}


@pytest.mark.fact("0.18")
@pytest.mark.parametrize("role", list(LETTERS))
def test_each_role_can_run_what_it_is_for_and_nothing_else(staff, desk, tmp_path, role):
    report = tmp_path / "report.csv"
    report.write_text("a,b\n")
    for name in ("report.csv", "gone.csv"):
        desk.said("file", "put", report, f"/Distribution/northwind/{name}")
    codes = {words: staff[role].run(*words).exit_code for words in WORDS}
    assert set(codes.values()) <= {exits.OK, exits.REFUSED, exits.NOT_FOUND}
    ran = {words for words, code in codes.items() if code != exits.REFUSED}
    assert ran == {words for words, who in WORDS.items() if LETTERS[role] in who}
    assert len(desk.events("act.refused")) == len(WORDS) - len(ran)


@pytest.mark.fact("0.13")
@pytest.mark.fact("0.18")
def test_the_service_desk_resets_a_password_and_is_told_whom_to_ask_for_the_rest(staff, desk):
    helper = staff["service-desk"]
    assert helper.said("account", "temp-password", "bob").strip()
    refused = helper.fails(1, "allow", "add", "bob", "8.8.8.8")
    assert "operator or liaison" in refused
    assert staff["liaison"].acting in refused
    assert [one["addresses"] for one in desk.json("allow", "list", "bob")] == ["127.0.0.1"]
    (event,) = desk.events("act.refused")
    assert (event["actor"], event["subject"]) == (helper.acting, "mft allow add")


def test_saying_an_operators_name_lends_no_role(staff, desk):
    operator = staff["operator"].acting
    staff["auditor"].fails(1, "account", "disable", "bob", "--as", operator)
    staff["none"].fails(1, "--as", "root", "account", "list")
    assert desk.json("account", "show", "bob")["state"] == "active"
    assert [one["user"] for one in desk.events("act.refused")] == [staff["auditor"].acting, staff["none"].acting]


def test_the_roll_is_listed_and_an_empty_one_says_that_everybody_is_operator(desk, people):
    assert "whoever can open the server is operator" in desk.said("staff", "list")
    name = people[0].pw_name
    desk.fails(5, "staff", "add", name, "--role", "auditor")
    assert desk.json("staff", "add", name, "--role", "operator")["role"] == "operator"
    assert [(one["name"], one["role"]) for one in desk.json("staff", "list")] == [(name, "operator")]
    assert "whoever can open the server is operator" in desk.said("staff", "remove", name)


def test_the_table_of_roles_is_shown_without_a_server(desk):
    shown = {row["act"]: row for row in desk.json("staff", "roles")}
    assert set(shown) == {act.value for act in Act}
    reset = shown[Act.RESET_PASSWORD.value]
    assert [reset[role.value] for role in Role] == [True, True, False, False]

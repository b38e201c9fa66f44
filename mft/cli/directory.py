"""``mft directory``: whether the directory answers, and the people of the trial directory."""

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import Final

import click

from mft.cli.asking import read_secret, stdin_option
from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Done, Record, Rows
from mft.directory import trial
from mft.model.errors import Invalid
from mft.model.event import Action, Event
from mft.model.staff import Act

_group_option: Final = click.option(
    "--group", multiple=True, metavar="NAME", help="A group that USER is in; [directory.roles] may give it a role."
)


@click.group("directory")
def directory_command() -> None:
    """Ask the directory where people's passwords live, and keep the trial directory."""


@directory_command.command("check")
@click.argument("user")
@operates(Act.KEEP_SERVER)
def check(desk: Desk, user: str) -> Answer:
    """Ask the directory how USER stands, and say what it answered."""
    if desk.house.directory is None:
        raise Invalid("no directory is configured; set directory.kind, see mft config example")
    said = asyncio.run(desk.house.directory.standing(user))
    return Record({"user": said.user, "enabled": said.enabled, "mark": said.mark})


@directory_command.group("trial")
def trial_command() -> None:
    """People of the trial directory, a small file for first days."""


@trial_command.command("add")
@click.argument("user")
@_group_option
@stdin_option
@operates(Act.KEEP_SERVER)
def add(desk: Desk, user: str, group: tuple[str, ...], from_stdin: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Add USER with a password, which is asked for; the file is made if there is none."""
    file = _file(desk)
    trial.add(file, desk.house.passwords, user, read_secret("Password", from_stdin=from_stdin), group)
    return _done(desk, Action.PERSON_ADDED, user, f"{user} is in {file}", group)


@trial_command.command("passwd")
@click.argument("user")
@stdin_option
@operates(Act.KEEP_SERVER)
def passwd(desk: Desk, user: str, from_stdin: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Give USER another password, which is asked for; whoever had set up SFTP has to do it again."""
    trial.set_password(_file(desk), desk.house.passwords, user, read_secret("Password", from_stdin=from_stdin))
    return _done(desk, Action.PERSON_CHANGED, user, f"{user} has another password")


@trial_command.command("groups")
@click.argument("user")
@_group_option
@operates(Act.KEEP_SERVER)
def groups(desk: Desk, user: str, group: tuple[str, ...]) -> Answer:
    """Put USER into these groups and no others; without any, into none."""
    trial.put_into(_file(desk), user, group)
    return _done(desk, Action.PERSON_CHANGED, user, f"{user} is in {', '.join(group) or 'no group'}", group)


@trial_command.command("disable")
@click.argument("user")
@operates(Act.KEEP_SERVER)
def disable(desk: Desk, user: str) -> Answer:
    """Let USER's password open nothing more."""
    trial.disable(_file(desk), user)
    return _done(desk, Action.PERSON_DISABLED, user, f"{user} is disabled")


@trial_command.command("list")
@operates(Act.KEEP_SERVER)
def listing(desk: Desk) -> Answer:
    """List the people of the trial directory."""
    columns = ("user", "enabled", "mark", "groups")
    rows = [{name: getattr(one, name) for name in columns} for one in trial.listing(_file(desk))]
    return Rows(columns, rows, nothing="There is nobody; see mft directory trial add.")


def _file(desk: Desk) -> Path:
    file = desk.house.settings.directory.trial_file
    if file is None:
        raise Invalid("directory.trial_file is not set; name the file in the configuration")
    return file


def _done(desk: Desk, action: Action, user: str, said: str, groups: Collection[str] | None = None) -> Answer:
    detail = {"directory": "trial"} | ({} if groups is None else {"groups": ", ".join(groups)})
    with desk.house.store.write() as connection:
        event = Event(action, desk.actor, user, detail)
        desk.house.trail.record(connection, event, desk.house.clock.now())
    return Done(said, {"user": user})

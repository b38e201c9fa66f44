"""``mft folder``: the tree's folders, who may do what in them, and what was in them."""

import shlex
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import click

from mft.app.build import House
from mft.cli.account_card import grant_row
from mft.cli.desk import Desk, operates
from mft.cli.file_history import tombstone_row
from mft.cli.files import names_in
from mft.cli.folder_class import change_fields, told
from mft.cli.show import Answer, Done, Rows
from mft.model.errors import Invalid
from mft.model.file import EntryKind
from mft.model.path import VirtualPath
from mft.model.rights import format_rights, parse_rights
from mft.model.staff import Act
from mft.settings.quantities import read_span
from mft.vfs.grants import Grantee
from mft.vfs.workspace import Workspace


@click.group("folder")
def folder_command() -> None:
    """Folders of the tree and the rights on them."""


@folder_command.command("create")
@click.argument("path")
@operates(Act.CHANGE_FILES)
def create(desk: Desk, path: str) -> Answer:
    """Make the folder PATH below an organization's own."""
    place = VirtualPath.parse(path)
    desk.house.files.operator(desk.actor).make_folder(place)
    return Done(f"made {place}", {"path": place})


def _grantee(function: Callable[..., Any]) -> Callable[..., Any]:
    account = click.option("--account", metavar="NAME", help="One account.")
    return account(click.option("--org", "organization", metavar="NAME", help="Everyone of an organization.")(function))


def _known(house: House, account: str | None, organization: str | None) -> Grantee:
    if account is not None and organization is None:
        return house.accounts.get(account)
    if organization is not None and account is None:
        return house.organizations.get(organization)
    raise Invalid("rights are somebody's; name one of --account and --org")


@folder_command.command("grant")
@click.argument("path")
@_grantee
@click.option("--rights", required=True, help="all, or some of list,read,create,replace,delete.")
@operates(Act.CHANGE_ACCOUNTS)
def grant(desk: Desk, path: str, account: str | None, organization: str | None, rights: str) -> Answer:
    """Give exactly RIGHTS on the folder PATH and all below, in place of what was given there before."""
    grantee = _known(desk.house, account, organization)
    given = desk.house.grants.give(desk.actor, VirtualPath.parse(path), grantee, parse_rights(rights))
    fields = grant_row(given) | {"name": grantee.name}
    return Done(f"{grantee.name} has {fields['rights']} on {given.folder} and below", fields)


@folder_command.command("revoke")
@click.argument("path")
@_grantee
@operates(Act.CHANGE_ACCOUNTS)
def revoke(desk: Desk, path: str, account: str | None, organization: str | None) -> Answer:
    """Take away what was given on the folder PATH itself; open sessions notice at once."""
    grantee, place = _known(desk.house, account, organization), VirtualPath.parse(path)
    desk.house.grants.revoke(desk.actor, place, grantee)
    return Done(f"{grantee.name} has nothing on {place} itself any more", {"folder": place, "name": grantee.name})


@folder_command.command("tree")
@click.argument("path", default="/")
@operates(Act.SEE_TREE)
def tree(desk: Desk, path: str) -> Answer:
    """Show the folders at and below PATH, how much is in each, and what rights were given there."""
    house = desk.house
    names: dict[str | None, str] = {one.id: one.name for one in house.accounts.listing()}
    names |= {one.id: one.name for one in house.organizations.listing()}
    given: dict[VirtualPath, list[str]] = {}
    for one in house.grants.listing():
        grantee = names.get(one.account or one.organization, "?")
        given.setdefault(one.folder, []).append(f"{grantee}: {format_rights(one.rights)}")
    rows = [
        {**row, "grants": given.get(row["folder"], [])}
        for row in _walk(house.files.operator(desk.actor), VirtualPath.parse(path))
    ]
    return Rows(("folder", "files", "bytes", "grants"), rows)


@folder_command.command("history")
@click.argument("path")
@operates(Act.SEE_TREE)
def history(desk: Desk, path: str) -> Answer:
    """Show which files were in the folder PATH, and why and by whom each went (fact 0.24)."""
    place = VirtualPath.parse(path)
    rows = [tombstone_row(one) for one in desk.house.history.folder(place)]
    columns = ("name", "size", "creator", "received_at", "ended_at", "why", "destroyed_at")
    return Rows(columns, rows, nothing=f"No file has gone from {place} itself; each folder below has its own.")


@folder_command.command("retention")
@click.argument("path")
@click.argument("kind", metavar="CLASS|inherit")
@click.option("--yes", is_flag=True, help="Do it; else it is only shown what it would do.")
@operates(Act.SEE_RETENTION, yes=Act.CHANGE_RETENTION)
def retention(desk: Desk, path: str, kind: str, yes: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Show what it would do to let the folder PATH and all below be of one class, or as the folder above says.

    Files that are there already stay as long as the class says from their receipt; folders below that say a
    class of their own keep it.  Nothing is changed without --yes.
    """
    place, folders = VirtualPath.parse(path), desk.house.folders
    chosen = None if kind == "inherit" else desk.house.files.parts.rules.terms.named(kind)
    change = folders.set_retention(desk.actor, place, chosen) if yes else folders.plan_retention(place, chosen)
    advice = "" if yes else f"nothing was changed; to do it: mft folder retention {shlex.quote(path)} {kind} --yes"
    return Done(told(change, advice), change_fields(change) | {"retention": kind, "done": yes})


@folder_command.command("quiet")
@click.argument("path")
@click.argument("time")
@operates(Act.CHANGE_FILES)
def quiet(desk: Desk, path: str, time: str) -> Answer:
    """Show new files of the folder PATH to others only after TIME, such as 30s; inherit: as the folder above."""
    place = VirtualPath.parse(path)
    desk.house.folders.set_quiet(desk.actor, place, None if time == "inherit" else _span(time))
    return Done(f"new files in {place} are shown to others after {time}", {"folder": place, "quiet": time})


def _span(text: str) -> timedelta:
    try:
        return read_span(text)
    except ValueError as error:
        raise Invalid(f"a quiet time {error}") from None


def _walk(workspace: Workspace, folder: VirtualPath) -> Iterator[dict[str, Any]]:
    """Yield a row for *folder* and for every folder below it, parents first."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        inside = list(names_in(workspace, place))
        files = [one for one in inside if one.kind is EntryKind.FILE]
        yield {"folder": place, "files": len(files), "bytes": sum(one.size for one in files)}
        waiting += [place / one.name for one in reversed(inside) if one.kind is EntryKind.FOLDER]

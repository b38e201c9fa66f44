"""``mft org``: the organizations whose people and jobs come here."""

from typing import Any

import click

from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Done, Record, Rows
from mft.model.account import Organization, OrganizationKind
from mft.model.errors import Invalid
from mft.model.staff import Act
from mft.settings.quantities import read_size

_KINDS = click.Choice([kind.value for kind in OrganizationKind])
_UNLIMITED = "none"


@click.group("org")
def org_command() -> None:
    """Organizations: delegates, partners, providers and the payer."""


@org_command.command("add")
@click.argument("name")
@click.option("--name", "title", required=True, metavar="TITLE", help="The name as people write it.")
@click.option("--kind", type=_KINDS, required=True, help="What it is to the health plan.")
@operates(Act.CHANGE_ORGANIZATIONS)
def add(desk: Desk, name: str, title: str, kind: str) -> Answer:
    """Add the organization NAME and make its folders."""
    added = desk.house.organizations.add(desk.actor, name, title, OrganizationKind(kind))
    return Done(f"added {added.name}; its folder is {added.home}", _fields(added))


@org_command.command("list")
@operates(Act.SEE_ACCOUNTS)
def listing(desk: Desk) -> Answer:
    """List the organizations, how many seats each has and who answers for its people."""
    house = desk.house.organizations
    rows = [_fields(one) | {"people": house.people(one.name)} for one in house.listing()]
    columns = ("name", "title", "kind", "enabled", "people", "seats", "administrator", "folder")
    return Rows(columns, rows, nothing="There is no organization; see mft org add.")


@org_command.command("show")
@click.argument("name")
@operates(Act.SEE_ACCOUNTS)
def show(desk: Desk, name: str) -> Answer:
    """Show the organization NAME, its people, seats and quota."""
    return _shown(desk, name)


@org_command.command("enable")
@click.argument("name")
@operates(Act.CHANGE_ORGANIZATIONS)
def enable(desk: Desk, name: str) -> Answer:
    """Let the people of the organization NAME sign on again."""
    desk.house.organizations.set_enabled(desk.actor, name, enabled=True)
    return Done(f"{name} is enabled", {"name": name, "enabled": True})


@org_command.command("disable")
@click.argument("name")
@operates(Act.CHANGE_ORGANIZATIONS)
def disable(desk: Desk, name: str) -> Answer:
    """Refuse everybody of the organization NAME and end their sessions within a minute."""
    desk.house.organizations.set_enabled(desk.actor, name, enabled=False)
    return Done(f"{name} is disabled; its sessions end within a minute", {"name": name, "enabled": False})


@org_command.command("quota")
@click.argument("name")
@click.option("--bytes", "size", metavar="SIZE", help='How much it may keep, such as "20 GiB"; none for no limit.')
@click.option("--files", metavar="COUNT", help="How many files it may keep; none for no limit.")
@operates(Act.CHANGE_ORGANIZATIONS)
def quota(desk: Desk, name: str, size: str | None, files: str | None) -> Answer:
    """Limit what the organization NAME may keep here; what is not named stays as it is."""
    if size is None and files is None:
        raise Invalid("no limit was named; use --bytes or --files")
    before = desk.house.organizations.get(name)
    most_bytes = before.quota_bytes if size is None else _limit(size, "--bytes")
    most_files = before.quota_files if files is None else _limit(files, "--files")
    desk.house.organizations.set_quota(desk.actor, name, most_bytes, most_files)
    return _shown(desk, name)


@org_command.command("seats")
@click.argument("name")
@click.argument("number", metavar="N|none")
@operates(Act.CHANGE_ORGANIZATIONS)
def seats(desk: Desk, name: str, number: str) -> Answer:
    """Limit how many people of the organization NAME may have an account; unattended jobs take no seat."""
    desk.house.organizations.set_seats(desk.actor, name, _number(number))
    return _shown(desk, name)


@org_command.command("administrator")
@click.argument("name")
@click.argument("email", metavar="EMAIL|none")
@operates(Act.CHANGE_ORGANIZATIONS)
def administrator(desk: Desk, name: str, email: str) -> Answer:
    """Name who answers for the people of the organization NAME: gets warnings, and the monthly list."""
    desk.house.organizations.set_administrator(desk.actor, name, None if email == _UNLIMITED else email)
    return _shown(desk, name)


@org_command.command("portal")
@click.argument("name")
@click.argument("addresses", type=click.Choice(["listed", "any"]))
@operates(Act.CHANGE_ORGANIZATIONS)
def portal(desk: Desk, name: str, addresses: str) -> Answer:
    """Let the people of NAME come to the portal from listed addresses or from any; SFTP always heeds the lists."""
    desk.house.organizations.set_portal_any_address(desk.actor, name, allowed=addresses == "any")
    return _shown(desk, name)


def _shown(desk: Desk, name: str) -> Record:
    house = desk.house.organizations
    return Record(_fields(house.get(name)) | {"people": house.people(name)})


def _number(text: str) -> int | None:
    """Return the number of seats that *text* writes, or None for none."""
    if text.strip().lower() == _UNLIMITED:
        return None
    if not (text.strip().isascii() and text.strip().isdecimal()):
        raise Invalid(f"{text!r} is no number of seats; write a number from 0 on, or none")
    return int(text)


def _limit(text: str, option: str) -> int | None:
    """Return the limit that *text* writes, or None for none."""
    if text.strip().lower() == _UNLIMITED:
        return None
    if text.strip().isdecimal():
        return int(text)
    try:
        return read_size(text)
    except ValueError as error:
        raise Invalid(f"{option} {error}") from None


def _fields(one: Organization) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "kind": one.kind,
        "enabled": one.enabled,
        "folder": one.home,
        "seats": one.seats,
        "administrator": one.administrator,
        "portal": "any" if one.portal_any_address else "listed",
        "quota_bytes": one.quota_bytes,
        "quota_files": one.quota_files,
        "created_at": one.created_at,
        "created_by": one.created_by,
    }

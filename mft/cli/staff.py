"""``mft staff``: who runs the server and as what, and which role may do what (fact 0.18)."""

from collections.abc import Mapping
from typing import Any, Final

import click

from mft.cli.desk import Desk, answers, operates
from mft.cli.show import Answer, Done, Record, Rows
from mft.model.staff import Act, Held, Role, RoleSource, StaffMember
from mft.policy.roles import ALLOWED, may

_GROUPS: Final = "Nobody is on the roll: root, and whom groups of the directory give a role; see mft staff list."
_OPEN: Final = "Nobody is on the roll: whoever can open the server is operator. Begin with an operator: mft staff add."

_WHY: Final[Mapping[RoleSource | None, str]] = {
    RoleSource.SUPERUSER: "the system's superuser is always operator",
    RoleSource.EMPTY_ROLL: "nobody is on the roll, so that whoever can open the server is operator",
    RoleSource.ROLL: "on the roll, which comes before any group; the directory was not asked",
    RoleSource.DIRECTORY: "not on the roll; a group of the directory gives the role",
    None: "not on the roll, and no group of a directory gives a role",
}


@click.group("staff")
def staff_command() -> None:
    """Who runs the server and as what, and which role may do what."""


@staff_command.command("add")
@click.argument("name")
@click.option(
    "--role", required=True, type=click.Choice([one.value for one in Role]), help="Instead of an earlier one."
)
@operates(Act.CHANGE_STAFF)
def add(desk: Desk, name: str, role: str) -> Answer:
    """Give a role to NAME, a user of the operating system; the first must be an operator."""
    added = desk.house.staff.add(desk.actor, name, Role(role))
    return Done(f"{name} is {added.role.value}; see mft staff roles", _row(added))


@staff_command.command("remove")
@click.argument("name")
@operates(Act.CHANGE_STAFF)
def remove(desk: Desk, name: str) -> Answer:
    """Take NAME off the roll; with the last one gone, whoever can open the server is operator again.

    Where groups of the directory give roles, NAME has the role of theirs from then on, and nobody is operator
    for want of a roll.
    """
    desk.house.staff.remove(desk.actor, name)
    said = f"{name} is not on the roll any more"
    empty = _GROUPS if desk.house.staff.mapping else _OPEN
    return Done(said if desk.house.staff.listing() else f"{said}\n{empty}", {"name": name, "role": None})


@staff_command.command("list")
@operates(Act.SEE_STAFF)
def listing(desk: Desk) -> Answer:
    """List who has which role, and which groups of the directory; root is always operator and not listed."""
    rows = [_row(one) for one in desk.house.staff.listing()]
    groups = [_group_row(group, role) for group, role in sorted(desk.house.staff.mapping.items())]
    return Rows(("name", "role", "from", "added_by", "added_at"), rows + groups, nothing=_OPEN)


@staff_command.command("explain")
@click.argument("name")
@operates(Act.SEE_STAFF)
def explain(desk: Desk, name: str) -> Answer:
    """Show the role of NAME, a user of the operating system, what gave it, and what it lets them do.

    The directory is asked about whom the roll does not know.
    """
    held = desk.house.staff.held_by(name)
    return Record(
        {
            "name": name,
            "role": held.role,
            "from": held.source,
            "group": held.group or None,
            "groups": list(held.groups),
            "why": _why(held),
            "may": [act.value for act in Act if may(held.role, act)],
        }
    )


@staff_command.command("roles")
@answers
def roles() -> Answer:
    """Show the table that decides: which role may do what."""
    columns = [one.value for one in Role]
    rows = [{"act": act.value} | {one.value: one in ALLOWED[act] for one in Role} for act in Act]
    return Rows(("act", *columns), rows)


def _why(held: Held) -> str:
    if held.trouble:
        return f"not on the roll, and without an answer of the directory nobody else has a role: {held.trouble}"
    if len(held.groups) > 1:
        return f"{_WHY[held.source]}; of several groups the lesser role counts"
    return _WHY[held.source]


def _row(one: StaffMember) -> dict[str, Any]:
    given = {"added_by": one.added_by, "added_at": one.added_at}
    return {"name": one.name, "role": one.role, "from": RoleSource.ROLL, **given}


def _group_row(group: str, role: Role) -> dict[str, Any]:
    return {"name": group, "role": role, "from": RoleSource.DIRECTORY, "added_by": None, "added_at": None}

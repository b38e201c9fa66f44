"""``mft staff``: who runs the server and as what, and which role may do what (fact 0.18)."""

from typing import Any, Final

import click

from mft.cli.desk import Desk, answers, operates
from mft.cli.show import Answer, Done, Rows
from mft.model.staff import Act, Role, StaffMember
from mft.policy.roles import ALLOWED

_OPEN: Final = "Nobody is on the roll: whoever can open the server is operator. Begin with an operator: mft staff add."


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
    """Take the role from NAME; with the last one gone, whoever can open the server is operator again."""
    desk.house.staff.remove(desk.actor, name)
    said = f"{name} has no role any more"
    return Done(said if desk.house.staff.listing() else f"{said}\n{_OPEN}", {"name": name, "role": None})


@staff_command.command("list")
@operates(Act.SEE_STAFF)
def listing(desk: Desk) -> Answer:
    """List who has which role; root is always operator and not listed."""
    rows = [_row(one) for one in desk.house.staff.listing()]
    return Rows(("name", "role", "added_by", "added_at"), rows, nothing=_OPEN)


@staff_command.command("roles")
@answers
def roles() -> Answer:
    """Show the table that decides: which role may do what."""
    columns = [one.value for one in Role]
    rows = [{"act": act.value} | {one.value: one in ALLOWED[act] for one in Role} for act in Act]
    return Rows(("act", *columns), rows)


def _row(one: StaffMember) -> dict[str, Any]:
    return {"name": one.name, "role": one.role, "added_by": one.added_by, "added_at": one.added_at}

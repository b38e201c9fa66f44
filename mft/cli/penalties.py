"""``mft penalty``: the sources that are kept out for a while, and letting one back in."""

import click

from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Done, Rows
from mft.model.errors import NotFound
from mft.model.network import parse_address
from mft.model.staff import Act


@click.group("penalty")
def penalty_command() -> None:
    """Addresses that are kept out for a while after offences."""


@penalty_command.command("list")
@operates(Act.SEE_ACCOUNTS)
def listing(desk: Desk) -> Answer:
    """List the addresses that are kept out now, the longest first."""
    rows = [
        {
            "source": one.source,
            "until": one.until,
            "since": one.since,
            "reason": one.reason,
            "offences": one.offences,
        }
        for one in desk.house.penalties.list()
    ]
    return Rows(("source", "until", "reason", "offences"), rows, nothing="No address is kept out.")


@penalty_command.command("lift")
@click.argument("address")
@operates(Act.UNLOCK)
def lift(desk: Desk, address: str) -> Answer:
    """Let ADDRESS in again at once."""
    source = parse_address(address)
    if not desk.house.penalties.lift(source, desk.actor):
        raise NotFound(f"{source} owes nothing; see mft penalty list")
    return Done(f"{source} may try again", {"source": source})

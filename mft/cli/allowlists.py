"""``mft allow``: the addresses that an account may sign on from, and whether one of them would do."""

from datetime import UTC, datetime

import click

from mft.accounts.allowlists import NewAddress
from mft.accounts.explain import would_admit
from mft.app import values
from mft.cli import exits
from mft.cli.account_card import entry_row
from mft.cli.desk import Desk, operates
from mft.cli.moments import WHEN
from mft.cli.show import Answer, Done, Record, Rows
from mft.model.ids import AllowlistEntryId
from mft.model.network import AddressRange, parse_address
from mft.model.staff import Act
from mft.policy.allowlist import AllowlistRules, Unfit, judge

_COLUMNS = ("id", "addresses", "added_by", "added_at", "until", "approved_by", "last_seen_at", "reason")


@click.group("allow")
def allow_command() -> None:
    """Addresses that an account may sign on from."""


def _end(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None


@allow_command.command("add")
@click.argument("name")
@click.argument("address")
@click.option("--reason", default="", help="Why, for those who review the list later.")
@click.option("--until", type=WHEN, callback=_end, help="Admits nobody from this moment on (UTC).")
@operates(Act.CHANGE_ADDRESSES)
def add(desk: Desk, name: str, address: str, reason: str, until: datetime | None) -> Answer:
    """Add ADDRESS (8.8.8.8, 8.8.8.0/24 or 8.8.8.1-8.8.8.9) to the list of the account NAME."""
    added = desk.house.allowlists.add(desk.actor, name, NewAddress(address, reason, until))
    fields = entry_row(added.entry) | {"account": name, "waits_because": added.waits_because}
    if added.waits_because is None:
        return Done(f"{name} may sign on from {added.entry.addresses}", fields)
    approve = f"another person approves it: mft allow approve {added.entry.id}"
    return Done(f"{added.entry.addresses} admits nobody yet: {added.waits_because}\n{approve}", fields)


@allow_command.command("list")
@click.argument("name", required=False)
@click.option("--waiting", is_flag=True, help="Only entries that wait for approval, of all accounts.")
@operates(Act.SEE_ACCOUNTS)
def listing(desk: Desk, name: str | None, waiting: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """List the addresses of the account NAME, or the entries of all accounts that wait for approval."""
    if waiting or name is None:
        rows = [{"account": owner, **entry_row(one)} for owner, one in desk.house.allowlists.waiting()]
        rows = [row for row in rows if name in {None, row["account"]}]
        return Rows(("account", *_COLUMNS), rows, nothing="No entry waits for approval.")
    rows = [entry_row(one) for one in desk.house.allowlists.listing(name)]
    return Rows(_COLUMNS, rows, nothing=f"The list of {name} is empty, and admits nobody.")


@allow_command.command("remove")
@click.argument("name")
@click.argument("entry")
@operates(Act.CHANGE_ADDRESSES)
def remove(desk: Desk, name: str, entry: str) -> Answer:
    """Take ENTRY, an id or the addresses as listed, off the list of NAME; sessions it admitted end."""
    gone = desk.house.allowlists.remove(desk.actor, name, entry)
    return Done(f"{name} may no longer sign on from {gone.addresses}", entry_row(gone) | {"account": name})


@allow_command.command("approve")
@click.argument("entry")
@operates(Act.CHANGE_ADDRESSES)
def approve(desk: Desk, entry: str) -> Answer:
    """Let the waiting ENTRY stand; whoever added it cannot approve it."""
    approved = desk.house.allowlists.approve(desk.actor, AllowlistEntryId(entry))
    return Done(f"{approved.addresses} stands, approved by {approved.approved_by}", entry_row(approved))


@allow_command.command("test")
@click.argument("address")
@click.option("--account", "name", required=True, metavar="NAME")
@operates(Act.SEE_ACCOUNTS)
def test(desk: Desk, address: str, name: str) -> Answer:
    """Say whether NAME, with the right secret, would be admitted from ADDRESS now, and if not, why; exit 8."""
    house, source = desk.house, parse_address(address)
    found = would_admit(house.store, name, source, house.clock.now(), values.terms(house.settings))
    fit = judge(AddressRange(int(source), int(source)), 0, AllowlistRules(), house.settings.trial_networks)
    fields = {
        "account": name,
        "address": source,
        "public": not isinstance(fit, Unfit),
        "not_public_because": fit.why if isinstance(fit, Unfit) else "",
        "listed_by": str(found.listed_by.addresses) if found.listed_by else None,
        "entry": found.listed_by.id if found.listed_by else None,
        "not_in_force": [str(one.addresses) for one in found.not_in_force],
        "admitted": found.admitted,
        "reasons": found.bars,
        "words": found.words,
    }
    return Record(fields, code=exits.OK if found.admitted else exits.CHECK_FAILED)

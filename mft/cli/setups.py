"""``mft setup``: whose directory password opens SFTP, closing that, and asking the directory anew (facts 2.2-2.9)."""

import asyncio
from typing import Any, Final

import click

from mft.accounts.setup_answers import SetupRow
from mft.cli.desk import Desk, operates
from mft.cli.setup_rows import attestation_row, setup_row
from mft.cli.show import Answer, Done, Record, Rows
from mft.model.directory import SetupState
from mft.model.errors import NotFound
from mft.model.staff import Act

NEVER: Final = "never"
"""What people read where somebody never set up."""
_STATES: Final = (*(state.value for state in SetupState), NEVER)
_COLUMNS: Final = ("account", "organization", "external_id", "state", "checked_at", "attested_at", "must_renew_by")


@click.group("setup")
def setup_command() -> None:
    """SFTP Account Setup/Update: people whose password lives in the directory."""


@setup_command.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only those who stand so.")
@click.option("--org", "organization", metavar="NAME", help="Only those of one organization.")
@operates(Act.SEE_ACCOUNTS)
def listing(desk: Desk, state: str | None, organization: str | None) -> Answer:
    """List everybody whose password lives in the directory, and whether it opens SFTP."""
    house = desk.house.organizations.get(organization).name if organization else None
    found = [
        one
        for one in desk.house.setups.listing()
        if house in {None, one.organization} and state in {None, _word(one.state)}
    ]
    rows = [setup_row(one) for one in found]
    nothing = "There is nobody; an external id makes it so: mft account change NAME --external-id ID"
    return Rows(_COLUMNS, [row | {"state": _word(row["state"])} for row in rows], nothing=nothing, whole=rows)


@setup_command.command("show")
@click.argument("name")
@operates(Act.SEE_ACCOUNTS)
def show(desk: Desk, name: str) -> Answer:
    """Show how NAME stands with the directory, and what they agreed to."""
    one = _found(desk, name)
    agreed = [attestation_row(each) for each in desk.house.setups.attestations(name)]
    fields: dict[str, Any] = setup_row(one)
    said = [f"{each['text_version']} on {each['at']:%Y-%m-%d %H:%M} UTC from {each['source']}" for each in agreed]
    shown = fields | {"state": _word(one.state), "attestations": said}
    return Record(shown, whole=fields | {"attestations": agreed})


@setup_command.command("revoke")
@click.argument("name")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept in the audit trail.")
@operates(Act.CHANGE_ACCOUNTS)
def revoke(desk: Desk, name: str, reason: str) -> Answer:
    """Close SFTP to NAME, by password and by key, until somebody resyncs; live sessions end within a minute."""
    desk.house.setups.revoke(desk.actor, name, reason)
    return Done(
        f"the setup of {name} is revoked; SFTP is closed to them until: mft setup resync {name}",
        {"account": name, "state": SetupState.REVOKED},
    )


@setup_command.command("resync")
@click.argument("name")
@operates(Act.CHANGE_ACCOUNTS)
def resync(desk: Desk, name: str) -> Answer:
    """Ask the directory about NAME now; who was revoked and is there may set up again."""
    state = asyncio.run(desk.house.setups.resync(desk.actor, name))
    return Done(f"{name} {_MEANS[state]}", {"account": name, "state": state})


_MEANS: Final = {
    SetupState.UNATTESTED: "is known to the directory, and has to set up in the portal before SFTP takes the password",
    SetupState.ACTIVE: "may sign on to SFTP with the directory's password",
    SetupState.STALE: "has another password in the directory now, and has to set up again in the portal",
    SetupState.REVOKED: "is not known to the directory, or disabled there; SFTP stays closed to them",
}


def _word(state: SetupState | None) -> str:
    return state.value if state else NEVER


def _found(desk: Desk, name: str) -> SetupRow:
    """Return how *name* stands.  Raises NotFound."""
    account = desk.house.accounts.get(name)
    found = next((one for one in desk.house.setups.listing() if one.account == account.name), None)
    if found is None:
        raise NotFound(
            f"{name} has no external id, so that no directory knows them; mft account change {name} --external-id ID"
        )
    return found

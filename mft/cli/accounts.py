"""``mft account``: people and unattended jobs, from their first day to the last."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from mft.accounts.allowlists import NewAddress
from mft.accounts.card import account_card, account_outlook
from mft.accounts.details import NewDetails
from mft.accounts.provisioning import NewAccount
from mft.app import values
from mft.cli.account_card import account_fields, account_row, in_short, session_row
from mft.cli.account_keys import keys_command
from mft.cli.account_outlook import OUTLOOK_COLUMNS, outlook_fields, outlook_rows
from mft.cli.asking import demand_yes, read_secret, stdin_option
from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Done, Record, Rows, Secret
from mft.model.account import Method, Purpose
from mft.model.errors import Invalid
from mft.model.staff import Act
from mft.policy.setup import lives_in_directory

METHODS: Final = {"key": Method.PUBLIC_KEY, "publickey": Method.PUBLIC_KEY, "password": Method.PASSWORD}
_ANY: Final = "any"


@click.group("account")
def account_command() -> None:
    """Accounts, their passwords, keys and sessions."""


account_command.add_command(keys_command)


def _required(_context: click.Context, _parameter: click.Parameter, text: str) -> frozenset[Method]:
    """Return the methods that *text* names: key,password — or none for any."""
    if text == _ANY:
        return frozenset()
    words = [word.strip() for word in text.split(",")]
    unknown = [word for word in words if word not in METHODS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is no method; use key, password, key,password or any")
    return frozenset(METHODS[word] for word in words)


def _named(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("name")(function)


def _details(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take who an account is."""
    for option in (
        click.option(
            "--external-id",
            metavar="ID",
            help="Their user id in the directory, which the sign-in provider has to vouch for too.",
        ),
        click.option("--contact", metavar="ADDRESS", help="Who gets the warnings instead; for an unattended job."),
        click.option("--phone", metavar="NUMBER", help="Where its owner is called."),
        click.option("--person", metavar="NAME", help="Its owner's full name."),
    ):
        function = option(function)
    return function


@account_command.command("add")
@_named
@click.option("--org", "organization", required=True, metavar="NAME", help="The organization it belongs to.")
@click.option(
    "--email", required=True, metavar="ADDRESS", help="Where its owner reads mail; no two accounts share one."
)
@_details
@click.option("--allow", "addresses", multiple=True, metavar="ADDRESS", help="Address, a/n or a-b; may be repeated.")
@click.option(
    "--key", "keys", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Public key."
)
@click.option("--purpose", type=click.Choice([one.value for one in Purpose]), default=Purpose.PERSON.value)
@click.option(
    "--require", "required", default=_ANY, callback=_required, metavar="METHODS", help="Such as key,password."
)
@operates(Act.CHANGE_ACCOUNTS)
def add(
    desk: Desk,
    name: str,
    organization: str,
    email: str,
    addresses: tuple[str, ...],
    keys: tuple[Path, ...],
    purpose: str,
    required: frozenset[Method],
    **details: str | None,
) -> Answer:
    """Add the account NAME: one person, or one unattended job."""
    wanted = NewAccount(
        name=name,
        organization=organization,
        email=email,
        allow=tuple(NewAddress(text) for text in addresses),
        keys=tuple(file.read_text("utf-8", "replace") for file in keys),
        purpose=Purpose(purpose),
        required=required,
        **{name: text for name, text in details.items() if text is not None},
    )
    added = desk.house.accounts.add(desk.actor, wanted)
    waiting = [one.id for one in desk.house.allowlists.listing(name) if one.approved_by is None]
    said = f"added {added.name} of {organization}"
    if waiting:
        said += f"\nwaiting for another person: mft allow approve {' '.join(waiting)}"
    return Done(said, account_row(added) | {"organization": organization, "waiting": waiting})


@account_command.command("list")
@click.option("--org", "organization", metavar="NAME", help="Only those of one organization.")
@operates(Act.SEE_ACCOUNTS)
def listing(desk: Desk, organization: str | None) -> Answer:
    """List the accounts."""
    names = {one.id: one.name for one in desk.house.organizations.listing()}
    found = desk.house.accounts.listing(organization)
    rows = [account_row(one) | {"organization": names[one.organization]} for one in found]
    columns = ("name", "organization", "email", "state", "purpose", "created_at", "last_signon_at")
    return Rows(columns, rows, nothing="There is no account; see mft account add.")


@account_command.command("show")
@_named
@operates(Act.SEE_ACCOUNTS)
def show(desk: Desk, name: str) -> Answer:
    """Show everything about the account NAME: addresses, credentials, grants, sessions and what is due when."""
    house = desk.house
    card = account_card(house.store, name, house.clock.now(), values.terms(house.settings))
    fields = account_fields(card, house.grants.of(card.account))
    return Record(in_short(fields), whole=fields)


@account_command.command("explain")
@_named
@operates(Act.SEE_ACCOUNTS)
def explain(desk: Desk, name: str) -> Answer:
    """Say how the account NAME stands, when it was used last, and what will become of it, when and by which rule."""
    house = desk.house
    now = house.clock.now()
    outlook = account_outlook(house.store, name, now, values.terms(house.settings))
    return Rows(OUTLOOK_COLUMNS, outlook_rows(outlook, now), whole=outlook_fields(outlook, now))


@account_command.command("change")
@_named
@click.option("--email", metavar="ADDRESS", help="Where its owner reads mail; no two accounts share one.")
@_details
@operates(Act.CHANGE_ACCOUNTS)
def change(desk: Desk, name: str, **details: str | None) -> Answer:
    """Change who the account NAME is; what is not named stays, "" takes it away.  It never counts as use."""
    changed = desk.house.details.change(desk.actor, name, NewDetails(**details))
    return Done(f"changed {name}", account_row(changed))


@account_command.command("purge")
@_named
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept with the name for good.")
@click.option("--yes", is_flag=True, help="Without asking; it cannot be undone.")
@operates(Act.CHANGE_ACCOUNTS)
def purge(desk: Desk, name: str, reason: str, yes: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Destroy what the account NAME signs on with and its personal fields; its name is never handed out again."""
    desk.house.accounts.get(name)
    if not yes:
        demand_yes(f"Purge {name} for good? Its name is never handed out again.")
    desk.house.purging.purge(desk.actor, name, reason)
    return Done(f"{name} is purged; its sessions end within a minute", {"name": name, "state": "purged"})


@account_command.command("enable")
@_named
@operates(Act.CHANGE_ACCOUNTS)
def enable(desk: Desk, name: str) -> Answer:
    """Let the account NAME sign on again."""
    desk.house.accounts.enable(desk.actor, name)
    return Done(f"{name} is enabled", {"name": name, "state": "active"})


@account_command.command("disable")
@_named
@operates(Act.CHANGE_ACCOUNTS)
def disable(desk: Desk, name: str) -> Answer:
    """Refuse the account NAME and end its sessions within a minute."""
    desk.house.accounts.disable(desk.actor, name)
    return Done(f"{name} is disabled; its sessions end within a minute", {"name": name, "state": "disabled"})


@account_command.command("unlock")
@_named
@operates(Act.UNLOCK)
def unlock(desk: Desk, name: str) -> Answer:
    """Forget the wrong passwords that locked or slowed the account NAME."""
    desk.house.accounts.unlock(desk.actor, name)
    return Done(f"{name} is unlocked", {"name": name, "failures": 0})


@account_command.command("require")
@_named
@click.argument("methods", callback=_required)
@operates(Act.CHANGE_ACCOUNTS)
def require(desk: Desk, name: str, methods: frozenset[Method]) -> Answer:
    """Ask the account NAME for all of METHODS: key, password, key,password, or any one of what it has."""
    desk.house.accounts.set_required(desk.actor, name, methods)
    return Done(f"{name} must prove {_said(methods)}", {"name": name, "required": methods})


@account_command.command("reset-factor")
@_named
@click.option("--reason", required=True, metavar="TEXT", help="Why, and how you know who asks.")
@operates(Act.RESET_PASSWORD)
def reset_factor(desk: Desk, name: str, reason: str) -> Answer:
    """Take the second factor from NAME, who lost it, and end its sessions; the next sign-in sets up another."""
    desk.house.factors.remove(desk.actor, name, reason)
    return Done(f"{name} has no second factor; the next sign-in to the portal sets one up", {"name": name})


@account_command.command("temp-password")
@_named
@operates(Act.RESET_PASSWORD)
def temp_password(desk: Desk, name: str) -> Answer:
    """Print a temporary password for NAME once; it lives 48 hours and opens nothing but its replacement."""
    issued = desk.house.credentials.issue_temporary(desk.actor, name)
    aside = _aside(desk, name)
    return Secret(
        issued.secret,
        f"{aside}temporary password of {name}, good until {issued.expires_at:%Y-%m-%d %H:%M UTC}, shown only now:",
        {"name": name, "expires_at": issued.expires_at, "lives_in_directory": bool(aside)},
    )


@account_command.command("set-password")
@_named
@stdin_option
@operates(Act.CHANGE_ACCOUNTS)
def set_password(desk: Desk, name: str, from_stdin: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Set the password of NAME, whose owner types it twice; for clients that cannot change one over SSH."""
    desk.house.credentials.set_password(
        desk.actor, name, read_secret(f"New password for {name}", from_stdin=from_stdin)
    )
    aside = _aside(desk, name)
    return Done(
        f"{aside}the password of {name} is set; its sessions end within a minute",
        {"name": name, "lives_in_directory": bool(aside)},
    )


@account_command.command("sessions")
@click.argument("name", required=False)
@click.option("--kill", is_flag=True, help="End them; without NAME, nobody's.")
@operates(Act.SEE_ACCOUNTS, kill=Act.CHANGE_ACCOUNTS)
def sessions(desk: Desk, name: str | None, kill: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """List live sessions, of NAME or of everybody; with --kill end those of NAME within a minute."""
    if kill and name is None:
        raise Invalid("nobody was named; say whose sessions to end")
    if kill and name is not None:
        asked = desk.house.sessions.request_end(desk.actor, name)
        return Done(f"asked for the end of {asked} sessions of {name}", {"name": name, "ending": asked})
    rows = [session_row(one) for one in desk.house.sessions.listing(name)]
    return Rows(("id", "account", "door", "source", "client", "opened_at"), rows, nothing="Nobody is signed on.")


_ELSEWHERE: Final = (
    "{0} signs on to SFTP with the directory's password, which is changed there and then set up again in the portal; "
    "what follows opens the portal only.\n"
)


def _aside(desk: Desk, name: str) -> str:
    """Return what the service desk has to tell whoever calls about a password that lives elsewhere; else nothing."""
    account = desk.house.accounts.get(name)
    house = next(one for one in desk.house.organizations.listing() if one.id == account.organization)
    elsewhere = lives_in_directory(account, house.kind, configured=desk.house.directory is not None)
    return _ELSEWHERE.format(name) if elsewhere else ""


def _said(methods: frozenset[Method]) -> str:
    return " and ".join(sorted(methods)) or "any one of what it has"

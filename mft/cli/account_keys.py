"""``mft account keys``: the SSH public keys that an account signs on with."""

from pathlib import Path

import click

from mft.cli.account_card import key_row
from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Done, Rows
from mft.model.staff import Act

_COLUMNS = ("fingerprint", "algorithm", "label", "created_at", "created_by")


@click.group("keys")
def keys_command() -> None:
    """SSH public keys that an account signs on with."""


@keys_command.command("add")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--label", default="", help="What people call it; else the key's own comment.")
@operates(Act.CHANGE_ACCOUNTS)
def add(desk: Desk, name: str, file: Path, label: str) -> Answer:
    """Add the public key in FILE to the account NAME."""
    key = desk.house.credentials.add_key(desk.actor, name, file.read_text("utf-8", "replace"), label)
    return Done(f"{name} may sign on with {key.fingerprint}", key_row(key))


@keys_command.command("list")
@click.argument("name", required=False)
@click.option("--waiting", is_flag=True, help="Only keys that wait for approval, of all accounts.")
@operates(Act.SEE_ACCOUNTS)
def listing(desk: Desk, name: str | None, waiting: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """List the keys of the account NAME, or those of all accounts that wait for approval."""
    if waiting or name is None:
        rows = [{"account": owner, **key_row(one)} for owner, one in desk.house.own_keys.waiting()]
        rows = [row for row in rows if name in {None, row["account"]}]
        return Rows(("account", *_COLUMNS), rows, nothing="No key waits for approval.")
    rows = [key_row(one) for one in desk.house.credentials.keys(name)]
    return Rows((*_COLUMNS, "waiting"), rows, nothing=f"{name} has no key.")


@keys_command.command("approve")
@click.argument("name")
@click.argument("fingerprint")
@operates(Act.CHANGE_ACCOUNTS)
def approve(desk: Desk, name: str, fingerprint: str) -> Answer:
    """Let the key FINGERPRINT count that the owner of NAME added; ask them first whether it is theirs."""
    key = desk.house.own_keys.approve(desk.actor, name, fingerprint)
    return Done(f"{name} may sign on with {key.fingerprint}", key_row(key))


@keys_command.command("remove")
@click.argument("name")
@click.argument("fingerprint")
@operates(Act.CHANGE_ACCOUNTS)
def remove(desk: Desk, name: str, fingerprint: str) -> Answer:
    """Remove the key FINGERPRINT from the account NAME; sessions it opened end within a minute."""
    key = desk.house.credentials.remove_key(desk.actor, name, fingerprint)
    return Done(f"{name} may no longer sign on with {key.fingerprint}", key_row(key))

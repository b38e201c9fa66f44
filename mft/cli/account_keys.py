"""``mft account keys``: the SSH public keys that an account signs on with."""

from pathlib import Path

import click

from mft.cli.account_card import key_row
from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Done, Rows
from mft.model.staff import Act


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
@click.argument("name")
@operates(Act.SEE_ACCOUNTS)
def listing(desk: Desk, name: str) -> Answer:
    """List the keys of the account NAME."""
    rows = [key_row(one) for one in desk.house.credentials.keys(name)]
    return Rows(("fingerprint", "algorithm", "label", "created_at", "created_by"), rows, nothing=f"{name} has no key.")


@keys_command.command("remove")
@click.argument("name")
@click.argument("fingerprint")
@operates(Act.CHANGE_ACCOUNTS)
def remove(desk: Desk, name: str, fingerprint: str) -> Answer:
    """Remove the key FINGERPRINT from the account NAME; sessions it opened end within a minute."""
    key = desk.house.credentials.remove_key(desk.actor, name, fingerprint)
    return Done(f"{name} may no longer sign on with {key.fingerprint}", key_row(key))

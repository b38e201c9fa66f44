"""``mft signon``: what a refused caller was not told."""

from dataclasses import asdict

import click

from mft.accounts.explain import explain
from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Record
from mft.model.staff import Act


@click.group("signon")
def signon_command() -> None:
    """Explain why a sign-on was refused."""


@signon_command.command("explain")
@click.argument("code")
@operates(Act.SEE_ACCOUNTS)
def explain_(desk: Desk, code: str) -> Answer:
    """Say why the caller who was shown the reference CODE was refused, and what to do."""
    return Record(asdict(explain(desk.house.store, code)))

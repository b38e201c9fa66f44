"""``mft retention``: what goes when its term is over, and what must not."""

import click

from mft.cli.retention_holds import hold


@click.group("retention")
def retention_command() -> None:
    """Look at what retention will remove, and hold what must stay."""


retention_command.add_command(hold)

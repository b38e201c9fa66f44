"""``mft serve``: run the server.  Apart from the other commands, since a parent of workers is to stay small."""

from pathlib import Path

import click

from mft.app.start import start
from mft.cli.acting import config_option
from mft.cli.configured import configuration


@click.command("serve")
@config_option
def serve_command(config: Path | None) -> None:
    """Run the server in the foreground until a signal ends it.

    Logs are JSON on standard error; the line "ready" tells the ports.
    """
    start(configuration(config).settings)

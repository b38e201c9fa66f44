"""``mft init`` and ``mft doctor``: make a server, ask it how it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from mft.app.doctor import Standing, examine
from mft.app.install import Installed, Wanted, install
from mft.app.portal_facts import portal_url
from mft.cli import exits
from mft.cli.acting import acting_option, config_option, operator
from mft.cli.asking import demand_no_password
from mft.cli.configured import configuration
from mft.cli.desk import answers
from mft.cli.show import Answer, Done, Rows

FOLDER: Final = Path("/var/lib/mft")


@click.command("init")
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), default=FOLDER, show_default=True)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the configuration there, such as /etc/mft/mft.toml; else mft.toml in the directory.",
)
@click.option("--trial", is_flag=True, help="For trying out: on loopback only, where 127.0.0.0/8 counts as public.")
@click.option("--sftp-port", type=click.IntRange(0, 65535), default=2222, show_default=True, help="0 takes a free one.")
@click.option(
    "--portal-port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Of a trial's portal; 0 takes a free one, which mft config show tells.",
)
@click.option("--db", "database", metavar="URL", default="", help="PostgreSQL instead of a file in the directory.")
@acting_option
@answers
def init_command(
    *,
    folder: Path,
    config: Path | None,
    trial: bool,
    sftp_port: int,
    portal_port: int,
    database: str,
    acting: str | None,
) -> Answer:
    """Make a server's directory: configuration, keys and database."""
    demand_no_password(database)
    wanted = Wanted(
        folder, trial=trial, sftp_port=sftp_port, portal_port=portal_port, database_url=database, config=config
    )
    made = install(wanted, operator(acting))
    fields = {"config": str(made.config), "host_key": made.host_key, "trial": trial}
    said = [
        f"made {made.config}",
        f"host key {made.host_key}",
        f"the master key is {made.settings.master_key}: without it no file can be read; keep a copy elsewhere",
        *(_of_a_trial(made) if trial else ()),
        f"next: export MFT_CONFIG={made.config}; mft serve",
    ]
    return Done("\n".join(said), fields)


def _of_a_trial(made: Installed) -> Iterator[str]:
    """Say where a trial's portal and people are."""
    found = portal_url(made.settings) or "on a free port, which mft config show tells while the server runs"
    yield f"the portal is {found}"
    yield f"the directory is {made.settings.directory.trial_file}; add people by mft directory trial add USER"


@click.command("doctor")
@config_option
@answers
def doctor_command(config: Path | None) -> Answer:
    """Check ports, permissions, clock, keys, database and an own sign-on.

    It changes nothing, and exits with 8 when something is bad.
    """
    findings = examine(configuration(config))
    rows = [{"check": one.check, "standing": one.standing, "said": one.said, "mend": one.mend} for one in findings]
    bad = any(one.standing is Standing.BAD for one in findings)
    columns = ("standing", "check", "said", "mend")
    return Rows(columns, rows, code=exits.CHECK_FAILED if bad else exits.OK)

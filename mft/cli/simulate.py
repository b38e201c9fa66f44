"""``mft simulate``: what will happen day by day if nobody does anything.  Touches nothing."""

from datetime import UTC, datetime
from typing import Any

import click

from mft.cli.desk import Desk, operates
from mft.cli.moments import WHEN, in_utc
from mft.cli.progress import working
from mft.cli.show import Answer, Rows
from mft.lifecycle.outlook import Expected
from mft.model.errors import Invalid
from mft.model.path import VirtualPath
from mft.model.staff import Act


@click.command("simulate")
@click.option("--until", type=WHEN, callback=in_utc, required=True, help="The last moment (UTC).")
@click.option("--account", metavar="NAME", help="Only this account.")
@click.option("--folder", metavar="PATH", help="Only this folder and below, file by file.")
@operates(Act.SEE_RETENTION)
@working("looking ahead")
def simulate_command(desk: Desk, until: datetime, account: str | None, folder: str | None) -> Answer:
    """Show what will happen day by day if nobody does anything.

    Shows warnings, ends, purges, and why.  Asks the rules that will decide it and touches nothing.
    Files are counted by day and folder, unless --folder names one.
    """
    if account is not None and folder is not None:
        raise Invalid("an outlook is for one account or for one folder; name one of --account and --folder")
    outlook = desk.house.outlook
    if account is not None:
        found = outlook.account(account, until)
    elif folder is not None:
        found = outlook.folder(VirtualPath.parse(folder), until)
    else:
        found = outlook.house(until)
    columns = ("at", "what", "subject", "count", "bytes", "rule")
    return Rows(columns, [_row(one) for one in found], nothing="Nothing will happen by itself until then.")


def _row(one: Expected) -> dict[str, Any]:
    return {
        "day": f"{one.at.astimezone(UTC):%Y-%m-%d}",
        "at": one.at,
        "what": one.what,
        "subject": one.subject,
        "count": one.count,
        "bytes": one.bytes,
        "rule": one.rule,
    }

"""``mft db``: where the database's schema stands, and how it is brought up to date."""

from contextlib import closing
from pathlib import Path

import click

from mft.cli import exits
from mft.cli.acting import config_option
from mft.cli.configured import configuration
from mft.cli.desk import answers
from mft.cli.show import Answer, Done, Record
from mft.store import schema
from mft.store.engine import open_store


@click.group("db")
def db_command() -> None:
    """Bring the database's schema up to date."""


@db_command.command("upgrade")
@config_option
@answers
def upgrade(config: Path | None) -> Answer:
    """Take every step that the database has not taken yet; repeating it changes nothing."""
    with closing(open_store(configuration(config).settings.store_url)) as store:
        before = schema.current(store)
        schema.upgrade(store)
        after = schema.current(store)
    steps = {"before": before, "after": after}
    said = "was up to date" if before == after else f"went from {before or 'nothing'}"
    return Done(f"the database {said} and stands at {after}", steps)


@db_command.command("current")
@config_option
@answers
def current(config: Path | None) -> Answer:
    """Show where the database stands and where this program needs it; exit 8 when they differ."""
    with closing(open_store(configuration(config).settings.store_url)) as store:
        stands, needed = schema.current(store), schema.HEAD
    right = stands == needed
    fields = {"current": stands, "needed": needed, "up_to_date": right}
    return Record(fields, code=exits.OK if right else exits.CHECK_FAILED)

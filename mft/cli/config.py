"""``mft config``: is the configuration right, what is in force, and what could be in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from mft.app.portal_facts import portal_url
from mft.cli.acting import config_option
from mft.cli.configured import configuration
from mft.cli.desk import answers
from mft.cli.show import Answer, Done, Rows, Streamed
from mft.settings.example import render
from mft.settings.load import Key

DEFAULT: Final = "default"


@click.group("config")
def config_command() -> None:
    """Check or show the configuration, or write an example of one."""


@config_command.command("check")
@config_option
@answers
def check(config: Path | None) -> Answer:
    """Read the configuration and stop at the first thing that is wrong (ExecStartPre calls it)."""
    loaded = configuration(config)
    return Done(f"{loaded.file} is right", {"file": str(loaded.file), "right": True})


@config_command.command("show")
@config_option
@click.option("--origin", is_flag=True, help="Also say where each value came from.")
@answers
def show(config: Path | None, origin: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Show every setting in force: file, environment and credentials together."""
    loaded = configuration(config)
    tree = loaded.settings.model_dump(mode="json")
    if tree["database_url"]:
        # A database's address may hold a password; what is shown is copied into tickets.
        tree["database_url"] = "**********"
    # Where the portal is, also when that follows from its address and port, or from what the system chose.
    tree["portal"]["url"] = portal_url(loaded.settings)
    rows = _leaves(tree, loaded.origins)
    if origin:
        return Rows(("key", "value", "origin"), rows)
    return Rows(("key", "value"), rows, whole={**tree, "file": str(loaded.file)})


@config_command.command("example")
@answers
def example() -> Answer:
    """Write a configuration file with every key, its default and what it does."""
    click.echo(render(), nl=False)
    return Streamed()


def _leaves(tree: Mapping[str, Any], origins: Mapping[Key, str]) -> list[dict[str, Any]]:
    """Return a row for each setting of *tree*: its dotted key, its value and where that came from."""
    rows = []
    waiting: list[tuple[Key, Any]] = [((name,), value) for name, value in tree.items()]
    while waiting:
        key, value = waiting.pop(0)
        if isinstance(value, Mapping):
            waiting[:0] = [((*key, name), inner) for name, inner in value.items()]
        else:
            rows.append({"key": ".".join(key), "value": value, "origin": origins.get(key, DEFAULT)})
    return rows

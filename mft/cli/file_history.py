"""What became of a file: who took it, bringing it back, holding it beyond its term.  Part of ``mft file``."""

from typing import Any

import click

from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Done, Rows
from mft.model.file import Tombstone
from mft.model.path import VirtualPath
from mft.model.staff import Act


@click.command("history")
@click.argument("path")
@operates(Act.SEE_TREE)
def history(desk: Desk, path: str) -> Answer:
    """Show who took the file PATH, whole or in part, and when."""
    rows = [
        {
            "account": one.account_name,
            "source": one.source,
            "started_at": one.started_at,
            "ended_at": one.ended_at,
            "bytes": one.bytes,
            "whole": one.whole,
        }
        for one in desk.house.history.downloads(VirtualPath.parse(path))
    ]
    return Rows(("account", "source", "started_at", "ended_at", "bytes", "whole"), rows, nothing="Nobody took it.")


@click.command("undelete")
@click.argument("path")
@operates(Act.CHANGE_FILES)
def undelete(desk: Desk, path: str) -> Answer:
    """Bring back the file that was at PATH last, within the undo period."""
    place = VirtualPath.parse(path)
    desk.house.history.undelete(desk.actor, place)
    return Done(f"brought back {place}", {"path": place})


@click.command("hold")
@click.argument("path")
@click.option("--reason", required=True, help="Why it must not go.")
@operates(Act.CHANGE_RETENTION)
def hold(desk: Desk, path: str, reason: str) -> Answer:
    """Keep the file PATH beyond its term, against removal and replacement, until it is released."""
    place = VirtualPath.parse(path)
    desk.house.holds.put(desk.actor, place, reason)
    return Done(f"holding {place}", {"path": place, "reason": reason})


@click.command("release")
@click.argument("path")
@operates(Act.CHANGE_RETENTION)
def release(desk: Desk, path: str) -> Answer:
    """End the hold on the file PATH; if its term is over, it is gone."""
    place = VirtualPath.parse(path)
    desk.house.holds.lift(desk.actor, place)
    return Done(f"released {place}", {"path": place})


def tombstone_row(one: Tombstone) -> dict[str, Any]:
    """Return what is known of a file that was there."""
    return {
        "name": one.path.name,
        "path": one.path,
        "size": one.size,
        "sha256": one.sha256,
        "creator": one.creator,
        "received_at": one.received_at,
        "ended_at": one.ended_at,
        "ending": one.ending,
        "ended_by": one.ended_by,
        "destroy_at": one.destroy_at,
        "destroyed_at": one.destroyed_at,
    }

"""What became of files: who took one, bringing one back, and why those went that are not there."""

from datetime import UTC
from typing import Any, Final

import click

from mft.cli.desk import Desk, operates
from mft.cli.show import Answer, Done, Rows
from mft.model.file import Ending, Tombstone
from mft.model.path import VirtualPath
from mft.model.staff import Act
from mft.vfs.history import Cause

EMPTY: Final = "There are no files or folders in this folder."
"""The documents' sentence, to the letter."""


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


_WHY: Final = {Ending.EXPIRED: "aged", Ending.DELETED: "deleted by {by}", Ending.REPLACED: "replaced by {by}"}
_CAUSES: Final = {
    Ending.EXPIRED: "automatically removed when their term was over",
    Ending.DELETED: "deleted by {by}",
    Ending.REPLACED: "replaced by {by}",
}


def why_empty(causes: list[Cause]) -> str:
    """Return what to say of an empty folder: the documents' sentence, and the causes there are (fact 0.24)."""
    lines = [EMPTY]
    for one in causes:
        how = _CAUSES[one.ending].format(by=one.by)
        lines.append(f"{one.files} {how}, the last at {one.last_at.astimezone(UTC):%Y-%m-%d %H:%M UTC}")
    return "\n".join(lines)


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
        "why": _WHY[one.ending].format(by=one.ended_by),
        "ending": one.ending,
        "ended_by": one.ended_by,
        "destroy_at": one.destroy_at,
        "destroyed_at": one.destroyed_at,
    }

"""``mft retention hold``: what must not go, whatever its term: put, list and lift holds."""

from datetime import datetime

import click

from mft.cli.desk import Desk, operates
from mft.cli.moments import WHEN, in_utc
from mft.cli.show import Answer, Done, Rows
from mft.model.path import VirtualPath
from mft.model.staff import Act


@click.group("hold")
def hold() -> None:
    """Keep files from going, whatever their term."""


@hold.command("add")
@click.argument("path")
@click.option("--reason", required=True, help="Why it must not go; shown to whoever wants to remove it.")
@click.option("--until", type=WHEN, callback=in_utc, help="Ends by itself at this moment (UTC).")
@operates(Act.CHANGE_RETENTION)
def add(desk: Desk, path: str, reason: str, until: datetime | None) -> Answer:
    """Hold the file PATH, or every file that is in the folder PATH now: none can be removed or replaced."""
    place = VirtualPath.parse(path)
    put = desk.house.holds.put(desk.actor, place, reason, until)
    end = f"until {until:%Y-%m-%d %H:%M:%S UTC}" if until else "until it is removed"
    lines = [f"{place} is on hold {end}"]
    if put.folder:
        lines = [f"{put.held} files in {place} are on hold {end}; what arrives there later is not held"]
    if put.left:
        lines.append(f"{put.left} files are held at least as long already, and stay as they were")
    fields = {"path": place, "reason": reason, "until": until, "files": put.held, "left": put.left}
    return Done("\n".join(lines), fields)


@hold.command("list")
@click.argument("path", default="/")
@operates(Act.SEE_RETENTION)
def listing(desk: Desk, path: str) -> Answer:
    """List what is on hold at PATH and below; a hold whose end has passed holds nothing."""
    rows = [
        {
            "path": one.path,
            "size": one.size,
            "reason": one.hold.why,
            "held_by": one.hold.by,
            "held_at": one.hold.at,
            "until": one.hold.until,
            "term_ends_at": one.term_ends_at,
        }
        for one in desk.house.holds.listing(VirtualPath.parse(path))
    ]
    columns = ("path", "size", "reason", "held_by", "held_at", "until", "term_ends_at")
    return Rows(columns, rows, nothing="Nothing is on hold.")


@hold.command("remove")
@click.argument("path")
@click.option("--reason", help="Only what is held for exactly this; needed where a folder's files have several.")
@operates(Act.CHANGE_RETENTION)
def remove(desk: Desk, path: str, reason: str | None) -> Answer:
    """Lift the hold on the file PATH, or on every file in the folder PATH; what is past its term is gone then."""
    place = VirtualPath.parse(path)
    lifted = desk.house.holds.lift(desk.actor, place, reason)
    what = f"{lifted.released} files at {place} are" if lifted.released > 1 else f"{place} is"
    gone = f"; {lifted.gone} of them are gone, since their term is over" if lifted.gone else ""
    fields = {"path": place, "files": lifted.released, "gone": lifted.gone}
    return Done(f"{what} on hold no more{gone}", fields)

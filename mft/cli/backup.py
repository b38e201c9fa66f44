"""``mft backup`` and ``mft restore``: everything but the keys, in one file, and back."""

from pathlib import Path

import click

from mft.app.backup import back_up
from mft.app.restore import Order, Restored, restore
from mft.cli import exits
from mft.cli.acting import acting_option, operator
from mft.cli.asking import demand_no_password
from mft.cli.desk import Desk, answers, operates
from mft.cli.progress import counting, working
from mft.cli.show import Answer, Done, Rows
from mft.model.ids import BackupId
from mft.model.staff import Act


@click.group("backup")
def backup_command() -> None:
    """Make backups, and keep track of which still exist."""


@backup_command.command("make")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@operates(Act.KEEP_SERVER)
def make(desk: Desk, file: Path) -> Answer:
    """Write the database, the files and the configuration into one file.

    The server may go on meanwhile.  The keys are not in it: keep copies of them elsewhere.
    """
    with counting(f"files into {file.name}") as counted:
        made = back_up(desk.house, desk.file, file, desk.actor, counted)
    lines = [
        f"{made.id}: wrote {made.blobs} files ({made.bytes} bytes) and the database to {made.file}",
        *(f"not in it, keep a copy elsewhere: {path}" for path in made.apart),
        *(f"missing, destroyed meanwhile or lost: {blob}" for blob in made.missing),
    ]
    fields = {
        "backup": made.id,
        "file": str(made.file),
        "files": made.blobs,
        "bytes": made.bytes,
        "missing": made.missing,
        "kept_apart": [str(path) for path in made.apart],
    }
    return Done("\n".join(lines), fields, code=exits.PARTIAL if made.missing else exits.OK)


@backup_command.command("list")
@operates(Act.KEEP_SERVER)
def listing(desk: Desk) -> Answer:
    """List the backups that were made; those not forgotten still hold keys of files that are destroyed here."""
    rows = [
        {
            "id": one.id,
            "made_at": one.made_at,
            "copied_at": one.copied_at,
            "made_by": one.made_by,
            "place": one.place,
            "forgotten_at": one.forgotten_at,
            "forgotten_by": one.forgotten_by,
        }
        for one in desk.house.backups.listing()
    ]
    columns = ("id", "made_at", "made_by", "place", "forgotten_at")
    return Rows(columns, rows, nothing="No backup was made.")


@backup_command.command("forget")
@click.argument("backup", metavar="ID")
@operates(Act.KEEP_SERVER)
def forget(desk: Desk, backup: str) -> Answer:
    """Say that the backup ID was destroyed, every copy of it: later certificates do not name it any more."""
    gone = desk.house.backups.forget(desk.actor, BackupId(backup))
    return Done(f"{gone.id}, made at {gone.place}, is noted as destroyed", {"id": gone.id, "place": gone.place})


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--dir", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="A new directory."
)
@click.option(
    "--tombstones",
    type=click.Path(exists=True, path_type=Path),
    help="A newer audit export, or the old data folder: what was deleted or taken away since the backup stays so.",
)
@click.option("--db", "database", metavar="URL", default="", help="An empty PostgreSQL database for a backup of one.")
@acting_option
@answers
@working("restoring")
def restore_command(file: Path, folder: Path, tombstones: Path | None, database: str, acting: str | None) -> Answer:
    """Make a server's directory from a backup.

    The keys are put there by hand from where they were kept.  What was deleted since stays deleted, and
    rights and credentials that were taken away stay so, if the old data folder or --tombstones tells;
    where nothing tells, it exits with 7.
    """
    demand_no_password(database)
    made = restore(Order(file, folder, tombstones, database), operator(acting))
    lines = [
        f"restored {made.blobs} files, as of {made.made_at}, into {folder}",
        *(f"put your copy there: {path}" for path in made.apart),
        *_witnessed(made),
        *(f"missing from the backup: version {number}" for number in made.missing),
        f"next: mft doctor --config {made.config}",
    ]
    fields = {
        "config": str(made.config),
        "made_at": made.made_at,
        "files": made.blobs,
        "missing": made.missing,
        "buried": made.buried,
        "taken": made.taken,
        "witness": str(made.witness) if made.witness else None,
        "kept_apart": [str(path) for path in made.apart],
    }
    whole = made.witness and not made.missing
    return Done("\n".join(lines), fields, code=exits.OK if whole else exits.PARTIAL)


def _witnessed(made: Restored) -> list[str]:
    """Say what was kept from coming back; without a witness, what may have come back."""
    if made.witness:
        return [
            f"{made.buried} files that were deleted since stay deleted",
            *(f"taken away since, and again: {one}" for one in made.taken),
        ]
    return [
        "WARNING: nobody told what happened since, so the following may have come back:",
        "  files that were deleted, replaced or expired; accounts and organizations that were disabled;",
        "  addresses and keys that were removed; rights that were revoked; passwords that were changed.",
        "  Restore again with --tombstones and a newer audit export or the old data folder, or go through",
        "  mft account list, mft allow list and mft folder tree before anybody signs on.",
    ]

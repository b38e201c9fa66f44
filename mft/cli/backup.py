"""``mft backup`` and ``mft restore``: everything but the keys, in one file, and back."""

from pathlib import Path

import click

from mft.app.backup import back_up
from mft.cli import exits
from mft.cli.desk import Desk, operates
from mft.cli.progress import moving
from mft.cli.show import Answer, Done


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@operates
def backup_command(desk: Desk, file: Path) -> Answer:
    """Write the database, the files and the configuration into one file.

    The server may go on meanwhile.  The keys are not in it: keep copies of them elsewhere.
    """
    with moving(file.name, 0) as moved:
        made = back_up(desk.house, desk.file, file, desk.actor, lambda _done, _all: moved(1))
    lines = [
        f"wrote {made.blobs} files ({made.bytes} bytes) and the database to {made.file}",
        *(f"not in it, keep a copy elsewhere: {path}" for path in made.apart),
        *(f"missing, destroyed meanwhile or lost: {blob}" for blob in made.missing),
    ]
    fields = {
        "file": str(made.file),
        "files": made.blobs,
        "bytes": made.bytes,
        "missing": made.missing,
        "kept_apart": [str(path) for path in made.apart],
    }
    return Done("\n".join(lines), fields, code=exits.PARTIAL if made.missing else exits.OK)

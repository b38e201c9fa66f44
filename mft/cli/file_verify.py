"""``mft file verify``: read one file back now, and compare it with the digest it was committed under."""

import click

from mft.cli import exits
from mft.cli.desk import Desk, operates
from mft.cli.progress import moving
from mft.cli.show import Answer, Record
from mft.lifecycle.scrub import Condition
from mft.model.path import VirtualPath
from mft.model.staff import Act


@click.command("verify")
@click.argument("path")
@operates(Act.KEEP_SERVER)
def verify(desk: Desk, path: str) -> Answer:
    """Read the file PATH back and compare it with its SHA-256; none of its bytes are shown."""
    place = VirtualPath.parse(path)
    size = desk.house.files.operator(desk.actor).stat(place).size
    with moving(place.name, size) as moved:
        finding = desk.house.scrubber.verify(desk.actor, place, moved)
    bad = finding.condition in (Condition.DAMAGED, Condition.MISSING)
    fields = {
        "path": place,
        "condition": finding.condition,
        "size": finding.file.size,
        "sha256": finding.file.sha256,
        "do": "restore the blob from a backup, then verify again" if bad else None,
        "blob": finding.file.blob,
    }
    return Record(fields, exits.CHECK_FAILED if bad else exits.OK)

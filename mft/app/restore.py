"""What ``mft restore`` does: make a server's folder from a backup, and bury again what was buried since.

Rights and credentials that were taken away since are taken again too.
Everything is checked before the folder appears under its name.  The keys are not in a backup; the
result names where the server will look for them.
"""

import os
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, Final

from mft.app.archive import BLOBS, CONFIG, DATABASE, Manifest, unpack
from mft.app.backup import keys_kept_apart
from mft.app.burials import buried_since, bury_again, told_by
from mft.app.dump import is_sqlite, undump
from mft.app.revocations import take_again, taken_since
from mft.audit.search import ends
from mft.audit.trail import Trail
from mft.blobs.local import LocalBlobs
from mft.clock import Clock, SystemClock
from mft.model.errors import Conflict, Invalid, NotFound, Unavailable
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import BlobId, VersionId
from mft.model.session import Actor
from mft.settings.example import render
from mft.settings.load import PATHS, Key, keys_of, load
from mft.settings.model import Settings
from mft.store import mail_links, setups, visits
from mft.store.engine import Store, open_store
from mft.store.restoring import forget_uploads
from mft.store.schema import upgrade
from mft.store.versions import living_blobs

_SETTINGS: Final = frozenset(keys_of())


@dataclass(frozen=True, slots=True)
class Order:
    """What to restore, and where."""

    archive: Path
    folder: Path
    tombstones: Path | None = None
    """A newer audit export, or the old data folder; None: the old data folder if it is still there."""
    database_url: str = ""
    """An empty PostgreSQL database, when the backup is of one."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was made."""

    config: Path
    made_at: str
    """When the backup was made."""
    blobs: int
    missing: tuple[VersionId, ...]
    """Versions whose bytes the backup does not hold."""
    buried: int
    """Files that were deleted, replaced or expired since, and are not there."""
    taken: tuple[str, ...]
    """Rights and credentials that were taken away since, and are again: each in words."""
    witness: Path | None
    """Who told about both; None: nobody, so all of it is back."""
    apart: tuple[Path, ...]
    """Where the server looks for its keys: put your copies there."""


@dataclass(slots=True)
class _Unpacked:
    """What came out of the archive."""

    folder: Path
    blobs: LocalBlobs
    staged: list[BlobId] = field(default_factory=list)

    def receive(self, name: str) -> BinaryIO:
        """Open a place for the member *name*."""
        if name.startswith(BLOBS):
            blob = BlobId(name.removeprefix(BLOBS))
            self.staged.append(blob)
            return os.fdopen(self.blobs.create(blob), "wb")
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "wb")


def restore(order: Order, actor: Actor, clock: Clock | None = None) -> Restored:
    """Carry out *order*.  Raises Invalid for a damaged archive, Conflict if the folder holds anything."""
    clock = clock or SystemClock()
    if order.folder.exists() and any(order.folder.iterdir()):
        raise Conflict(f"{order.folder} is not empty; restore into a new folder")
    with _built_aside(order.folder.absolute()) as folder:
        manifest, unpacked = _unpacked(order.archive, folder)
        settings = _configured(folder, order.database_url)
        undump(folder / DATABASE, settings.store_url)
        (folder / DATABASE).unlink(missing_ok=True)
        for blob in unpacked.staged:
            unpacked.blobs.publish(blob)
        witness = order.tombstones or _old_data(manifest)
        with closing(open_store(settings.store_url)) as store:
            buried, taken, missing = _settled(store, settings, manifest, set(unpacked.staged), witness, actor, clock)
    final = load(order.folder / CONFIG, {}).settings
    made_at = str(manifest.facts.get("made_at"))
    apart = keys_kept_apart(final)
    return Restored(order.folder / CONFIG, made_at, len(unpacked.staged), missing, buried, taken, witness, apart)


@contextmanager
def _built_aside(folder: Path) -> Iterator[Path]:
    """Give a folder that becomes *folder* when the block ends well, and vanishes when it does not."""
    aside = folder.with_name(f".{folder.name}.restoring")
    try:
        aside.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Conflict(
            f"{aside} is there: another restore is making it, or one was cut short; "
            f"if none runs, remove it and restore again: rm -r {aside}"
        ) from None
    except OSError as error:
        raise Unavailable(f"{aside} cannot be made: {error.strerror}; check the folder above and its owner") from error
    try:
        yield aside
        if folder.exists():
            folder.rmdir()
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _unpacked(archive: Path, folder: Path) -> tuple[Manifest, _Unpacked]:
    unpacked = _Unpacked(folder, LocalBlobs(folder / "data"))
    unpacked.blobs.prepare()
    try:
        with archive.open("rb") as stream:
            return unpack(stream, unpacked.receive), unpacked
    except FileNotFoundError:
        raise NotFound(f"there is no archive {archive}") from None


def _configured(folder: Path, database_url: str) -> Settings:
    """Write the old configuration anew, with what the server keeps in *folder*; return what it says."""
    file = folder / CONFIG
    changes: dict[Key, Any] = {}
    _flatten(tomllib.loads(file.read_text("utf-8")), (), changes)
    former = str(changes.pop(("database_url",), ""))
    if former and not is_sqlite(former) and not database_url:
        raise Invalid("the backup is of a PostgreSQL database; name an empty one with --db")
    for key in PATHS:
        # What every server keeps starts at the new folder, wherever the old one kept it.  What only an
        # operator names stays named: without its certificate or its directory it would be another server.
        if attrgetter(".".join(key))(Settings()) is not None:
            changes.pop(key, None)
    if database_url:
        changes["database_url",] = database_url
    file.write_text(render(changes), "utf-8")
    (folder / "keys").mkdir(mode=0o700)
    return load(file, {}).settings


def _flatten(tree: dict[str, Any], above: Key, found: dict[Key, Any]) -> None:
    """Put every setting of *tree* into *found*; a table that is one setting's value stays whole."""
    for name, value in tree.items():
        if isinstance(value, dict) and (*above, name) not in _SETTINGS:
            _flatten(value, (*above, name), found)
        else:
            found[*above, name] = value


def _old_data(manifest: Manifest) -> Path | None:
    old = Path(str(manifest.facts.get("data", "")))
    return old if (old / "mft.db").is_file() else None


def _settled(
    store: Store,
    settings: Settings,
    manifest: Manifest,
    blobs: set[BlobId],
    witness: Path | None,
    actor: Actor,
    clock: Clock,
) -> tuple[int, tuple[str, ...], tuple[VersionId, ...]]:
    """Bring the restored database up to date with what is known now."""
    upgrade(store)
    trail = Trail(settings.node)
    with store.write() as connection:
        forget_uploads(connection)
        # Who had signed out would be in again, and a link that was used would be good again.
        visits.forget_all(connection)
        mail_links.forget_all(connection)
        # Whose password was changed in the directory since is known once it was asked.
        setups.unchecked(connection)
    known = ends(store)
    buried = 0
    taken: tuple[str, ...] = ()
    if witness:
        buried = bury_again(store, trail, buried_since(known, told_by(witness)), clock.now())
        taken = take_again(store, trail, taken_since(known, told_by(witness)), actor, clock.now())
    with store.write() as connection:
        missing = tuple(number for number, blob in living_blobs(connection) if blob not in blobs)
        detail: dict[str, DetailValue] = {
            "made_at": str(manifest.facts.get("made_at")),
            "blobs": len(blobs),
            "buried": buried,
            "taken": len(taken),
            "missing": len(missing),
            "witness": str(witness) if witness else None,
        }
        trail.record(connection, Event(Action.BACKUP_RESTORED, actor, settings.node, detail), clock.now())
    return buried, taken, missing

"""What ``mft backup`` does: one moment of the database, then every blob that moment names, then the configuration.

The server may run meanwhile.  Blobs never change once committed, so a blob copied after the database
is the blob the database meant; one that was destroyed in between is reported, since its key is in
the copy.  Keys stay apart: an archive that opens itself would not be sealed.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mft import __version__
from mft.app.archive import BLOBS, CONFIG, DATABASE, Packer
from mft.app.build import House
from mft.app.dump import dump
from mft.model.errors import Conflict, Unavailable
from mft.model.event import DetailValue
from mft.model.ids import BackupId, BlobId
from mft.model.session import Actor
from mft.settings.model import Settings
from mft.store.versions import living_blobs

Progress = Callable[[int, int], None]
"""Told how many of how many blobs are done."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds, and what it does not."""

    id: BackupId
    """Certificates of destruction name it, until ``mft backup forget``."""
    file: Path
    blobs: int
    bytes: int
    missing: tuple[BlobId, ...]
    """Named by the database and not on the disk: destroyed meanwhile, or lost."""
    apart: tuple[Path, ...]
    """Keys, not included on purpose: keep copies elsewhere."""


def keys_kept_apart(settings: Settings) -> tuple[Path, ...]:
    """Return what no backup holds: without the master key no file can be read.  A trial's people stay apart, too."""
    keys = (settings.master_key, settings.audit.signing_key, settings.sftp.host_keys)
    people = settings.directory.trial_file
    return (*keys, people) if people is not None else keys


def back_up(house: House, config: Path, target: Path, actor: Actor, progress: Progress | None = None) -> Backup:
    """Write an archive of *house* and the file *config* to *target*.  Raises Conflict if that exists, Unavailable."""
    if target.exists():
        raise Conflict(f"{target} exists already; name another file")
    arriving = target.with_name(f".{target.name}.arriving")
    try:
        with _created(arriving) as stream, _removed_at_last(arriving), _noted(house, target, actor) as number:
            made = _packed(house, config, target, Packer(stream), actor, number, progress)
            stream.flush()
            os.fsync(stream.fileno())
            arriving.rename(target)
    except OSError as error:
        raise Unavailable(
            f"{target} cannot be written: {error.strerror}; name a folder that takes files and has room"
        ) from error
    detail: dict[str, DetailValue] = {
        "backup": made.id,
        "blobs": made.blobs,
        "bytes": made.bytes,
        "missing": len(made.missing),
    }
    house.backups.made(actor, target.name, detail)
    return made


def _created(arriving: Path) -> BinaryIO:
    """Return the file *arriving*, made by us.  Raises Conflict for another backup's, which it leaves alone."""
    try:
        return open(arriving, "xb", opener=_private)
    except FileExistsError:
        raise Conflict(
            f"{arriving} is there: another backup is writing it, or one was cut short; "
            f"if none runs, remove it and begin again: rm {arriving}"
        ) from None


@contextmanager
def _removed_at_last(arriving: Path) -> Iterator[None]:
    try:
        yield
    finally:
        arriving.unlink(missing_ok=True)


@contextmanager
def _noted(house: House, target: Path, actor: Actor) -> Iterator[BackupId]:
    """Give the backup its id; one that is killed stays noted, since its keys may lie in what it left behind."""
    number = house.backups.begin(actor, str(target.absolute()))
    try:
        yield number
    except BaseException:
        house.backups.give_up(number)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _packed(
    house: House,
    config: Path,
    target: Path,
    packer: Packer,
    actor: Actor,
    number: BackupId,
    progress: Progress | None,
) -> Backup:
    at = house.clock.now()
    with tempfile.TemporaryDirectory(prefix=".mft-backup-", dir=target.parent) as folder:
        copy = Path(folder, DATABASE)
        dump(house.settings.store_url, copy)
        house.backups.copied(number)
        _add_file(packer, DATABASE, copy)
    _add_file(packer, CONFIG, config)
    with house.store.read() as connection:
        named = [blob for _, blob in living_blobs(connection)]
    missing, size = [], 0
    for done, blob in enumerate(named, start=1):
        try:
            size += _add_blob(house, packer, blob)
        except Unavailable:
            missing.append(blob)
        if progress:
            progress(done, len(named))
    settings = house.settings
    packer.finish(
        {
            "id": number,
            "made_at": at.isoformat(),
            "made_by": actor.name,
            "node": settings.node,
            "program": __version__,
            "data": str(settings.data),
            "database": house.store.engine.dialect.name,
            "missing": missing,
        }
    )
    return Backup(number, target, len(named) - len(missing), size, tuple(missing), keys_kept_apart(settings))


def _add_file(packer: Packer, name: str, file: Path) -> None:
    with file.open("rb") as source:
        packer.add(name, os.fstat(source.fileno()).st_size, source)


def _add_blob(house: House, packer: Packer, blob: BlobId) -> int:
    with os.fdopen(house.blobs.open(blob), "rb") as source:
        size = os.fstat(source.fileno()).st_size
        packer.add(BLOBS + blob, size, source)
    return size

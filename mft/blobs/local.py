"""Blobs as files of the local disk: ``staging/<id>`` on their way in, ``blobs/<ab>/<id>`` once published.

Knows ids only, never a name that a person chose.  Never decides what may be discarded.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mft.blobs.faults import fault
from mft.model.errors import Conflict, Invalid, Unavailable
from mft.model.ids import BlobId

_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_SAFE: Final = os.O_CLOEXEC | os.O_NOFOLLOW
_OWN_FOLDER: Final = 0o700
_OWN_FILE: Final = 0o600


class LocalBlobs:
    """The blob store below *root*.  Errors: Exhausted for a limit, Unavailable for a disk that failed."""

    def __init__(self, root: Path) -> None:
        """Keep *root*; ``prepare`` makes what must exist below it."""
        self.root = root
        self._staging = root / "staging"
        self._blobs = root / "blobs"

    def prepare(self) -> None:
        """Make the folders, for the service's user alone.  Doing it twice changes nothing."""
        shards = [self._blobs / f"{number:02x}" for number in range(256)]
        with _disk("making the folders of the blob store"):
            for folder in (self.root, self._staging, self._blobs, *shards):
                folder.mkdir(mode=_OWN_FOLDER, parents=True, exist_ok=True)
            for folder in (self.root, self._blobs):
                _sync_folder(folder)

    def create(self, blob: BlobId) -> int:
        """Return a descriptor, for reading and writing, of a new empty staged blob."""
        path = self._staged(blob)
        with _disk("creating a blob"):
            try:
                return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE, _OWN_FILE)
            except FileExistsError:
                raise Conflict(f"there is a staged blob {blob} already") from None

    def open_staged(self, blob: BlobId) -> int:
        """Return a descriptor of a staged blob, for reading and writing.  Raises Unavailable if it is missing."""
        return _open(self._staged(blob), os.O_RDWR, blob)

    def publish(self, blob: BlobId) -> None:
        """Move a blob from staging to where it stays, durably.  Its bytes were synced by their writer.

        A blob that was published already is left as it is.  That it is no longer in staging need not
        be on the disk: on a file system that renames in two steps a power cut leaves it a second name,
        which goes when the blob is discarded.
        """
        source, target = self._staged(blob), self._published(blob)
        with _disk("publishing a blob"):
            try:
                source.rename(target)
            except FileNotFoundError:
                if not target.exists():
                    raise Unavailable(f"the bytes of blob {blob} are missing from staging") from None
            _sync_folder(target.parent)

    def sync_staged(self) -> None:
        """Return once the names of the staged blobs are on the disk; their bytes are their writers' affair."""
        with _disk("flushing the names of staged blobs"):
            _sync_folder(self._staging)

    def open(self, blob: BlobId) -> int:
        """Return a descriptor of a published blob, for reading.  Raises Unavailable if it is missing."""
        return _open(self._published(blob), os.O_RDONLY, blob)

    def discard(self, blob: BlobId) -> None:
        """Destroy a blob, staged or published, durably.  One that is not there is no error."""
        self.discard_all((blob,))

    def discard_all(self, blobs: Iterable[BlobId]) -> None:
        """Destroy *blobs* as ``discard`` does, but sync each folder once."""
        touched = set()
        with _disk("discarding blobs"):
            for blob in blobs:
                for path in (self._staged(blob), self._published(blob)):
                    try:
                        path.unlink()
                    except FileNotFoundError:
                        continue
                    touched.add(path.parent)
            for folder in touched:
                _sync_folder(folder)

    def staged(self) -> Iterator[BlobId]:
        """Yield the ids of the blobs on their way in, in no order."""
        yield from _ids(self._staging)

    def published(self) -> Iterator[BlobId]:
        """Yield the ids of the published blobs, shard by shard."""
        for number in range(256):
            yield from _ids(self._blobs / f"{number:02x}")

    def size(self, blob: BlobId) -> int:
        """Return how many bytes a blob takes on the disk, sealed.  Raises Unavailable if it is missing."""
        for path in (self._published(blob), self._staged(blob)):
            with _disk("measuring a blob"):
                try:
                    return path.stat(follow_symlinks=False).st_size
                except FileNotFoundError:
                    continue
        raise _missing(blob)

    def written_at(self, blob: BlobId) -> datetime | None:
        """Return when a blob, staged or published, was last written to, as the disk has it; None if it is missing."""
        for path in (self._staged(blob), self._published(blob)):  # Whoever publishes it meanwhile hides it from none.
            with _disk("looking at a blob"):
                try:
                    return datetime.fromtimestamp(path.stat(follow_symlinks=False).st_mtime, UTC)
                except FileNotFoundError:
                    continue
        return None

    def free(self) -> tuple[int, int]:
        """Return ``(free, total)`` bytes of the file system, free for a service without privileges."""
        with _disk("measuring the file system"):
            told = os.statvfs(self.root)
        return told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize

    def _staged(self, blob: BlobId) -> Path:
        return self._staging / _checked(blob)

    def _published(self, blob: BlobId) -> Path:
        return self._blobs / _checked(blob)[:2] / blob


def _checked(blob: BlobId) -> BlobId:
    if not _ID.fullmatch(blob):
        raise Invalid(f"{blob!r} is not a blob's id")
    return blob


def _missing(blob: BlobId) -> Unavailable:
    return Unavailable(f"the bytes of blob {blob} are missing; restore them from a backup")


def _open(path: Path, flags: int, blob: BlobId) -> int:
    with _disk("opening a blob"):
        try:
            return os.open(path, flags | _SAFE)
        except FileNotFoundError:
            raise _missing(blob) from None


def _ids(folder: Path) -> Iterator[BlobId]:
    with _disk("listing blobs"), os.scandir(folder) as entries:
        for entry in entries:
            # What is no blob of ours is left alone: a file system's lost+found, an operator's note.
            if _ID.fullmatch(entry.name):
                yield BlobId(entry.name)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _disk(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise fault(error, doing) from error

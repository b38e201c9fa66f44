"""What the tree holds: entries, versions of files, uploads on their way in, tombstones."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mft.model.ids import AccountId, BlobId, EntryId, OrganizationId, TombstoneId, UploadId, VersionId
from mft.model.path import VirtualPath


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A file's own key, wrapped by the master key of generation *master*."""

    wrapped: bytes
    master: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a file must stay, whatever its term."""

    why: str
    by: str
    at: datetime
    until: datetime | None = None
    """None: until somebody lifts it."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A committed version of a file: whole, durable, with its digest.  It never changes."""

    id: VersionId
    blob: BlobId
    key: SealedKey
    size: int
    sha256: bytes
    creator: str
    """The account's or operator's name; kept after the account is purged."""
    created_at: datetime
    received_at: datetime
    """When retention starts: the commit on this server, or a work name's renaming."""
    received_from: str
    """The source address, or the door for files an operator put."""
    expires_at: datetime
    client_mtime: int | None
    """The client's claim in seconds since 1970; shown by STAT, read by no rule."""
    downloads: int
    hold: Hold | None = None
    """None when nothing holds it; one whose end has passed holds nothing either (mft.policy.retention)."""


class EntryKind(StrEnum):
    """A name in the tree is one of these."""

    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder, as a caller may see it."""

    id: EntryId
    path: VirtualPath
    kind: EntryKind
    organization: OrganizationId | None
    """Whose quota it counts against; None above the organizations' own folders."""
    created_at: datetime
    creator: str
    file: StoredFile | None
    """The version that is current; None for a folder."""
    work_owner: AccountId | None
    """Set on a file under a work name: only this account sees it."""


class UploadState(StrEnum):
    """Where an upload stands.  A committed upload is a StoredFile and no longer an Upload."""

    OPEN = "open"  # Some process holds it; *lease* says which opening.
    INTERRUPTED = "interrupted"  # What arrived is kept for its owner to resume, for 24 hours.


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in, as the store keeps it."""

    id: UploadId
    path: VirtualPath
    owner: AccountId | None
    """None when an operator puts a file from the CLI."""
    owner_name: str
    blob: BlobId
    key: SealedKey
    state: UploadState
    lease: str
    """A fresh random word at each opening; a commit under an older lease is refused."""
    size: int
    """Bytes that arrived without a gap from the start; meaningful when interrupted."""
    opened_at: datetime
    touched_at: datetime


class Ending(StrEnum):
    """Why a file is no longer there."""

    DELETED = "deleted"  # By a person.
    REPLACED = "replaced"  # A new version took its place.
    EXPIRED = "expired"  # Its retention term ended.


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What was here, when and why it went (fact 0.24).  Outlives the bytes."""

    id: TombstoneId
    path: VirtualPath
    size: int
    sha256: bytes
    creator: str
    received_at: datetime
    ended_at: datetime
    ending: Ending
    ended_by: str
    destroy_at: datetime
    destroyed_at: datetime | None

"""What the tree shows a door, and what a door asks of it.  Values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mft.model.file import EntryKind, Hold
from mft.model.ids import BlobId, UploadId

Leftovers = tuple[tuple[UploadId, BlobId], ...]
"""Uploads whose rows are gone and whose bytes are still to be let go."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One name as a caller sees it: an entry, or the caller's own upload on its way in."""

    name: str
    """The last segment; the empty string for the root."""
    kind: EntryKind
    size: int
    """Bytes; 0 for a folder, what arrived so far for an upload on its way in."""
    modified: int
    """Seconds since 1970: the client's claim where there is one, else when it was received."""
    created_at: datetime
    creator: str
    sha256: bytes | None
    """Of the whole content; None for a folder and for an upload on its way in."""
    expires_at: datetime | None
    """When it will not be there any more; None for a folder, and for a file while a hold without an end keeps it."""
    downloads: int
    """How often it was taken whole."""
    received_from: str
    """The source address, or the door for what an operator put; empty for a folder."""
    mine_uploading: bool
    """Whether this is an upload of the caller's own, seen by nobody else."""
    hold: Hold | None = None
    """What keeps it at this moment, whatever its term."""


@dataclass(frozen=True, slots=True)
class OpenMode:
    """How a file is opened for writing, as in draft-ietf-secsh-filexfer-02 6.3."""

    create: bool = False
    """Make it when it is not there; without it, NotFound."""
    truncate: bool = False
    """Begin empty; without it, continue one's own upload or begin from the old bytes."""
    exclusive: bool = False
    """Together with *create*: Conflict when it is there already."""
    append: bool = False
    """Every write goes to the end, whatever its offset says."""
    read: bool = False
    """What was written can be read back through the handle."""


@dataclass(frozen=True, slots=True)
class Space:
    """Room as statvfs tells it: the organization's quota where there is one, else the disk's."""

    total: int
    """Bytes."""
    free: int
    """Bytes that an upload may still bring."""
    files: int
    """How many files there may be."""
    free_files: int


class Ended(StrEnum):
    """How the life of a handle ended."""

    CLOSED = "closed"  # The client asked: SSH_FXP_CLOSE.
    CUT = "cut"  # The connection was lost, or the channel ended first.
    IDLE = "idle"  # The server ended an idle or stuck session.
    KILLED = "killed"  # An operator, a disabled account or a removed address ended the session.
    STOPPED = "stopped"  # The server is stopping.
    TAKEN_OVER = "taken_over"  # The same account opened the path again after a silence.
    REMOVED = "removed"  # The same account removed it meanwhile.
    FAILED = "failed"  # Something broke on our side.

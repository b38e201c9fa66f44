"""What the room works with, handed to everything in it, and who is calling."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from mft.audit.trail import Trail
from mft.blobs.local import LocalBlobs
from mft.clock import Clock
from mft.crypto.master import MasterKey
from mft.crypto.segments import SegmentCipher
from mft.model.file import SealedKey
from mft.model.ids import BlobId, OrganizationId, UploadId
from mft.model.rights import Grant
from mft.model.session import Actor
from mft.policy.quota import Reserve
from mft.policy.retention import RetentionTerms
from mft.store.children import Viewer
from mft.store.engine import Connection, Store
from mft.vfs.ledger import Ledger
from mft.vfs.remembering import Memory
from mft.vfs.shapes import Ended
from mft.vfs.view import View


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers the room works by; the settings' defaults are DESIGN.md's, section 5."""

    terms: RetentionTerms = field(default_factory=RetentionTerms)
    takeover: timedelta = timedelta(seconds=10)
    """An upload silent for this long yields when its own account opens the path again."""
    reserve: Reserve = field(default_factory=Reserve)


class Holder(Protocol):
    """An open upload, as another opening of its path meets it."""

    def silent_for(self, lapse: timedelta) -> bool:
        """Return whether nothing was written for *lapse*."""
        ...

    @property
    def contiguous(self) -> int:
        """Bytes without a gap from the start."""
        ...

    def interrupt(self, why: Ended) -> None:
        """End it, keeping what arrived."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Built once, in ``Files``."""

    store: Store
    blobs: LocalBlobs
    master: MasterKey
    trail: Trail
    clock: Clock
    rules: Rules
    node: str
    memory: Memory
    """Of reads only: a transaction that writes looks for itself."""
    ledger: Ledger = field(default_factory=Ledger)
    open_here: dict[UploadId, Holder] = field(default_factory=dict)
    """The uploads that this process holds open."""

    def cipher(self, blob: BlobId, key: SealedKey) -> SegmentCipher:
        """Return what seals and opens the segments of *blob*."""
        return SegmentCipher(self.master.unwrap(key), bytes.fromhex(blob))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, what of the catalog exists for them, and how to learn what they may do."""

    actor: Actor
    viewer: Viewer
    organization: OrganizationId | None
    view: View
    received_from: str
    """What a file they bring says about where it came from."""
    grants: Callable[[Connection], tuple[Grant, ...]]
    """Their rights at this moment."""

"""What is on its way in, per organization: asked before every write, so that none is taken in vain.

It holds one process's uploads and the committed use as last read; the commit transaction counts
exactly, whatever other processes do.
"""

from dataclasses import dataclass, field
from threading import Lock

from mft.model.errors import Exhausted
from mft.model.ids import OrganizationId
from mft.policy.quota import Quota, Use, excess


@dataclass(slots=True)
class _Page:
    quota: Quota = field(default_factory=Quota)
    used: Use = field(default_factory=Use)
    staged: int = 0


class Ledger:
    """Bytes on their way in.  Any thread may ask."""

    def __init__(self) -> None:
        """Begin with nothing on its way."""
        self._lock = Lock()
        self._pages: dict[OrganizationId | None, _Page] = {}

    def refresh(self, owner: OrganizationId | None, quota: Quota, used: Use) -> None:
        """Take over what the store says about *owner*."""
        with self._lock:
            page = self._pages.setdefault(owner, _Page())
            page.quota, page.used = quota, used

    def take(self, owner: OrganizationId | None, growth: int) -> None:
        """Note *growth* further bytes on their way to *owner*; negative when some are no more.

        Raises Exhausted when they do not fit.
        """
        with self._lock:
            page = self._pages.setdefault(owner, _Page())
            why = excess(page.quota, page.used, Use(bytes=page.staged + growth)) if growth > 0 else None
            if why is not None:
                raise Exhausted(why)
            page.staged += growth

    def staged(self, owner: OrganizationId | None) -> int:
        """Return how many bytes are on their way to *owner*."""
        with self._lock:
            return self._pages.setdefault(owner, _Page()).staged

"""The oracle's access requests: where each stands, which are late."""

from dataclasses import dataclass
from datetime import datetime

from tests.lifecycle.scenario.documents import REQUEST_DUE, REQUEST_EXPIRES


@dataclass
class Paper:
    """One request."""

    label: str
    kind: str
    house: str
    name: str
    submitted: datetime | None = None
    """None until it was taken."""
    person: str = ""
    email: str = ""
    phone: str = ""
    contact: str = ""
    unattended: bool = False
    addresses: tuple[tuple[str, datetime | None], ...] = ()
    decided: str = ""
    """approved, denied or withdrawn; nothing while it waits."""

    def state(self, now: datetime) -> str:
        if self.decided:
            return self.decided
        if self.submitted is None:
            return ""
        return "expired" if now >= self.submitted + REQUEST_EXPIRES else "submitted"

    def waits(self, now: datetime) -> bool:
        return self.state(now) == "submitted"

    def is_late(self, now: datetime) -> bool:
        return self.submitted is not None and self.waits(now) and now >= self.submitted + REQUEST_DUE

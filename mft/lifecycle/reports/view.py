"""What a report sees: one moment of the database, of all organizations or of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mft.model.account import Organization
from mft.model.ids import OrganizationId
from mft.store.engine import Connection


@dataclass(frozen=True, slots=True)
class View:
    """One moment.  Nothing is changed through it."""

    connection: Connection
    now: datetime
    organizations: Mapping[OrganizationId, Organization]
    """Those that the report is about, by name."""
    within: OrganizationId | None
    """The only one, if it is about one."""

    def name(self, owner: OrganizationId | None) -> str:
        """Return the name of the organization *owner*; what belongs to none has an empty one."""
        return "" if owner is None else self.organizations[owner].name

"""The reports as the command line and the portal ask for them; each is of one moment, and changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from mft.accounts.records import known_organization
from mft.clock import Clock
from mft.lifecycle.reports import files, people, requests, traffic
from mft.lifecycle.reports.files import LeavingDay, WaitingFile
from mft.lifecycle.reports.people import Access, Disused
from mft.lifecycle.reports.requests import Waits
from mft.lifecycle.reports.traffic import Exposure, Period, Traffic
from mft.lifecycle.reports.view import View
from mft.policy.signon import Terms
from mft.store import organizations
from mft.store.engine import Store


class Reports:
    """What the server can say about itself.

    *organization* narrows a report to one, by name; every method raises NotFound for one that is unknown.
    """

    def __init__(self, store: Store, clock: Clock, terms: Terms) -> None:
        """Keep the parts."""
        self._store = store
        self._clock = clock
        self._terms = terms

    def access_review(self, organization: str | None = None) -> list[Access]:
        """Return everybody who has an account, with all that lets them in and to files."""
        with self._view(organization) as view:
            return people.access(view)

    def dormant(self, ahead: timedelta, organization: str | None = None) -> list[Disused]:
        """Return the accounts whose term of disuse is over, or is within *ahead*, the first to go first."""
        with self._view(organization) as view:
            return people.dormant(view, self._terms, ahead)

    def expiring(self, ahead: timedelta, organization: str | None = None) -> list[LeavingDay]:
        """Return how many files leave within *ahead*, by day and folder."""
        with self._view(organization) as view:
            return files.leaving(view, ahead)

    def expiring_files(self, ahead: timedelta, organization: str | None = None) -> list[WaitingFile]:
        """Return each file that leaves within *ahead*, the first to go first."""
        with self._view(organization) as view:
            return files.leaving_files(view, ahead)

    def unfetched(self, age: timedelta, organization: str | None = None) -> list[WaitingFile]:
        """Return the files that have been here for *age* and that nobody came for, oldest first."""
        with self._view(organization) as view:
            return files.unfetched(view, age)

    def requests(
        self, since: datetime | None = None, until: datetime | None = None, organization: str | None = None
    ) -> list[Waits]:
        """Return what became of the requests submitted from *since* to *until*, by organization."""
        with self._view(organization) as view:
            return requests.waits(view, since, until)

    def transfers_by_account(self, period: Period, organization: str | None = None) -> list[Traffic]:
        """Return what each account moved on each day of *period*, by day."""
        with self._view(organization) as view:
            return traffic.by_account(view, period)

    def transfers_by_folder(self, period: Period, organization: str | None = None) -> list[Traffic]:
        """Return what was moved in each folder on each day of *period*, by day."""
        with self._view(organization) as view:
            return traffic.by_folder(view, period)

    def exposure(self, period: Period, organization: str | None = None) -> list[Exposure]:
        """Return what each organization moved in *period*, and how much lay here how long."""
        with self._view(organization) as view:
            return traffic.exposure(view, period)

    @contextmanager
    def _view(self, organization: str | None) -> Iterator[View]:
        with self._store.read() as connection:
            if organization is None:
                owners = organizations.listing(connection)
            else:
                owners = [known_organization(connection, organization)]
            within = None if organization is None else owners[0].id
            yield View(connection, self._clock.now(), {one.id: one for one in owners}, within)

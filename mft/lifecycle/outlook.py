"""What will happen day by day if nobody does anything, foretold by the policies that will decide it.

Reads only: every look is one transaction that can write nothing.  What the breaker would stop is not
told apart; until it is released such a thing is refused at use and waits to be destroyed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from mft.accounts.records import known_account
from mft.clock import Clock
from mft.lifecycle.expected import Expected
from mft.lifecycle.file_future import by_day, by_file, happenings
from mft.model.account import Account, AccountState, Organization
from mft.model.errors import Invalid
from mft.model.path import ROOT, VirtualPath
from mft.model.request import AccessRequest
from mft.policy.desk_outlook import DeskChange, request_transitions, review_openings
from mft.policy.dormancy import purge_at
from mft.policy.outlook import account_transitions
from mft.policy.retention import RetentionTerms
from mft.policy.signon import Terms
from mft.store import accounts, notices, organizations, requests, reviews
from mft.store.engine import Connection, Store

__all__ = ["FARTHEST", "Expected", "Outlook", "OutlookRules"]

FARTHEST: Final = timedelta(days=3653)
"""Ten years: what lies beyond is nobody's plan."""


@dataclass(frozen=True, slots=True)
class OutlookRules:
    """The numbers of the policies that are asked."""

    signon: Terms
    retention: RetentionTerms
    answer_within: timedelta
    """How long an administrator has for a recertification."""


class Outlook:
    """Tells the future of the whole house, of one account, or of one folder."""

    def __init__(self, store: Store, clock: Clock, rules: OutlookRules) -> None:
        """Keep the parts."""
        self._store = store
        self._clock = clock
        self._rules = rules

    def house(self, until: datetime) -> list[Expected]:
        """Return all that will happen to *until*, in order; files are counted by day and folder.  Raises Invalid."""
        now = self._checked(until)
        with self._store.read() as connection:
            files = by_day(happenings(connection, ROOT, self._rules.retention, now, until))
            houses = [
                one
                for house in organizations.listing(connection)
                for one in (*self._reviews(connection, house, now, until), *self._people(connection, house, now, until))
            ]
            asked = [one for request in requests.listing(connection) for one in _of_request(request, now)]
        return _ordered([*files, *houses, *asked], until)

    def account(self, name: str, until: datetime) -> list[Expected]:
        """Return what will happen to the account *name* to *until*, in order.  Raises NotFound, Invalid."""
        now = self._checked(until)
        with self._store.read() as connection:
            account = known_account(connection, name)
            house = organizations.by_id(connection, account.organization)
            people = [one for one in self._people(connection, house, now, until) if one.subject == account.name]
            about = [one for one in requests.listing(connection, house.id) if one.name == account.name]
        return _ordered([*people, *(one for request in about for one in _of_request(request, now))], until)

    def folder(self, path: VirtualPath, until: datetime) -> list[Expected]:
        """Return what will happen to each file in the folder *path* and below to *until*, in order.

        Raises NotFound, Invalid.
        """
        now = self._checked(until)
        with self._store.read() as connection:
            return _ordered(by_file(happenings(connection, path, self._rules.retention, now, until)), until)

    def _checked(self, until: datetime) -> datetime:
        now = self._clock.now()
        if not now < until <= now + FARTHEST:
            raise Invalid("an outlook goes to a day that is to come, ten years from now at most; give another --until")
        return now

    def _reviews(
        self, connection: Connection, house: Organization, now: datetime, until: datetime
    ) -> Iterator[Expected]:
        rule = "each month, while the organization has an administrator and accounts"
        for at in self._openings(connection, house, now, until):
            yield Expected(at, DeskChange.REVIEW_OPENS, house.name, rule)

    def _openings(self, connection: Connection, house: Organization, now: datetime, until: datetime) -> list[datetime]:
        """Return when recertifications of *house* will open: while somebody is left to ask about."""
        if house.administrator is None:
            return []
        months = [review.month for review in reviews.listing(connection, house.id)]
        last = max((purge_at(one, self._rules.signon) for one in _living(connection, house)), default=now)
        return [at for at in review_openings(months, now, until) if at < last]

    def _people(
        self, connection: Connection, house: Organization, now: datetime, until: datetime
    ) -> Iterator[Expected]:
        openings = self._openings(connection, house, now, until)
        for account in _living(connection, house):
            dossier = accounts.dossier(connection, account.name, self._rules.signon)
            if dossier is None:
                continue
            # The next recertification asks about whoever none asks about yet, and nobody answers.
            next_due = openings[0] + self._rules.answer_within if openings else None
            asked = replace(account, recertify_by=account.recertify_by or next_due)
            told = notices.told(connection, account.id, purge_at(account, self._rules.signon))
            for one in account_transitions(replace(dossier, account=asked), now, told):
                what = f"{one.what} ({one.detail})" if one.detail else one.what
                yield Expected(max(one.at, now), what, account.name, one.rule)


def _living(connection: Connection, house: Organization) -> list[Account]:
    return [one for one in accounts.listing(connection, house.id) if one.state is not AccountState.PURGED]


def _of_request(request: AccessRequest, now: datetime) -> Iterator[Expected]:
    for one in request_transitions(request, now):
        yield Expected(one.at, f"{one.what}: {request.kind} {request.name}", request.id, one.rule)


def _ordered(found: Iterable[Expected], until: datetime) -> list[Expected]:
    within = (one for one in found if one.at <= until)
    return sorted(within, key=lambda one: (one.at, one.subject, one.what))

"""Who has access to what (the access review), and whose access ends by disuse (fact 0.15).  Reads only."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from mft.lifecycle.reports.view import View
from mft.model.account import Account, AccountState, AllowlistEntry, Credential
from mft.model.ids import AccountId, OrganizationId
from mft.model.rights import Grant
from mft.policy.dormancy import days_left, purge_at
from mft.policy.signon import Terms
from mft.store import accounts, grants
from mft.store.reports import people


@dataclass(frozen=True, slots=True)
class Access:
    """One account, and all that lets it in and to files."""

    organization: str
    account: Account
    addresses: tuple[AllowlistEntry, ...]
    grants: tuple[Grant, ...]
    """Its own and those of everyone of its organization."""
    keys: tuple[Credential, ...]
    recertified: people.Recertified | None
    """What the organization's latest recertification says; None if there was none with this account in it."""


def access(view: View) -> list[Access]:
    """Return everybody who has an account, by organization and name; who is purged has none."""
    addresses, keys = people.entries(view.connection, view.within), people.keys(view.connection, view.within)
    answers = people.recertified(view.connection, view.within)
    given: dict[AccountId | OrganizationId | None, list[Grant]] = defaultdict(list)
    for one in grants.all_grants(view.connection):
        given[one.account or one.organization].append(one)
    return [
        Access(
            organization=view.name(account.organization),
            account=account,
            addresses=tuple(addresses.get(account.id, ())),
            grants=(*given.get(account.id, ()), *given.get(account.organization, ())),
            keys=tuple(keys.get(account.id, ())),
            recertified=answers.get(account.id),
        )
        for account in _living(view)
    ]


@dataclass(frozen=True, slots=True)
class Disused:
    """An account that is purged soon, or would be by now."""

    organization: str
    account: Account
    purge_at: datetime
    days_left: int
    """A begun day counts whole; 0 and less from the purge on."""


def dormant(view: View, terms: Terms, ahead: timedelta) -> list[Disused]:
    """Return the accounts whose term of disuse is over at this moment or within *ahead*, the first to go first."""
    found = [
        Disused(view.name(one.organization), one, ends_at, days_left(ends_at, view.now))
        for one in _living(view)
        if (ends_at := purge_at(one, terms)) <= view.now + ahead
    ]
    return sorted(found, key=lambda one: (one.purge_at, one.account.name))


def _living(view: View) -> list[Account]:
    """Return every account that is not purged, by organization and name."""
    found = accounts.listing(view.connection, view.within)
    living = [one for one in found if one.state is not AccountState.PURGED]
    return sorted(living, key=lambda one: (view.name(one.organization), one.name))

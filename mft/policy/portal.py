"""How long a visit to the portal lasts, and who may see the setup page.  Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mft.model.account import OrganizationKind
from mft.model.portal import Stage, Visit


@dataclass(frozen=True, slots=True)
class VisitTerms:
    """The numbers."""

    idle: timedelta = timedelta(minutes=30)
    """Without a request of its own will; fact 3.4."""
    absolute: timedelta = timedelta(hours=12)
    """From the sign-in, whatever happens."""
    before: timedelta = timedelta(minutes=20)
    """For a visit that has not signed in yet, from its beginning."""
    open_per_source: int = 200
    """Visits of nobody yet that one address may have; a further one takes the place of the oldest."""
    touch: timedelta = timedelta(seconds=1)
    """A request is noted when the last one noted is so long ago: what is exact to a second needs no more."""
    attempts: int = 5
    """Wrong second factors, or wrong directory passwords, until the visit has to begin anew."""


@dataclass(frozen=True, slots=True)
class LinkTerms:
    """The numbers of one-time links that go out by mail."""

    lasts: timedelta = timedelta(minutes=30)
    attempts: int = 5
    """Wrong second factors until a link is worn out."""
    lately: int = 3
    """Links of a kind that one account is sent within *lasts*: nobody fills somebody's mailbox."""


def lives(visit: Visit, now: datetime, terms: VisitTerms) -> bool:
    """Return whether *visit* still counts at *now*."""
    if visit.stage is not Stage.SIGNED_IN or visit.signed_in_at is None:
        return now < visit.began_at + terms.before
    return now < ends_at(visit, terms)


def ends_at(visit: Visit, terms: VisitTerms) -> datetime:
    """Return when a signed-in *visit* ends if nothing more is asked."""
    since = visit.signed_in_at or visit.began_at
    return min(visit.touched_at + terms.idle, since + terms.absolute)


SETTING_UP: Final = frozenset({OrganizationKind.PROVIDER, OrganizationKind.PARTNER})
"""Organizations whose people set up their directory's password for SFTP (fact 2.3)."""


def sees_setup(kind: OrganizationKind) -> bool:
    """Return whether people of such an organization see the setup page: provider and trading partner (fact 2.3)."""
    return kind in SETTING_UP

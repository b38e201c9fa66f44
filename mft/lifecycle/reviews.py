"""Recertifications: each month an organization's administrator is asked who still needs their account.

Who is not answered for in time is refused, by ``mft.policy.signon``, until somebody keeps them; that
is decided at use from the day that is written down here, and nothing here suspends anybody.  Accounts
that come after a review was opened are asked about by the next.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mft.accounts.purging import purge
from mft.accounts.records import known_account, known_organization
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.lifecycle.account_letters import moment_text
from mft.model.account import Account, AccountState, AllowlistEntry, Organization
from mft.model.errors import Conflict, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import ReviewId, new_id
from mft.model.letter import FieldValue, Letter
from mft.model.review import Answer, Review, ReviewItem
from mft.model.rights import Grant
from mft.model.session import Actor, Door
from mft.policy.breaker import Cause
from mft.store import allowlist, grants, halts, organizations, outbox, reviews
from mft.store.engine import Connection, Store

CALENDAR: Final = Actor(Door.JOBS, "reviews")
"""Who it was when nobody did it but the calendar."""
REMINDED_BEFORE: Final = timedelta(days=7)
"""How long before a review is due its administrator is told which answers are missing."""
_PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class Opened:
    """What one run of the calendar did."""

    opened: int
    reminded: int


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """A review and how far its answers have come."""

    organization: Organization
    review: Review
    items: tuple[ReviewItem, ...]

    def count(self, answer: Answer | None) -> int:
        """Return how many accounts were answered so; for None, how many still wait."""
        return sum(item.waits if answer is None else item.answer is answer for item in self.items)


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """What an administrator has to know about an account to answer for it."""

    item: ReviewItem
    addresses: tuple[AllowlistEntry, ...]
    grants: tuple[Grant, ...]


class Reviews:
    """The recertifications of all organizations."""

    def __init__(self, store: Store, trail: Trail, clock: Clock, answer_within: timedelta) -> None:
        """Keep the parts.  Administrators have *answer_within* to answer; then who is left is suspended."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._answer_within = answer_within

    def open_due(self) -> Opened:
        """Open this month's reviews where there are none yet, and remind of those soon due.  Repeatable."""
        with self._store.read() as connection:
            if Cause.CLOCK in halts.standing(connection):
                return Opened(0, 0)  # A month that a wrong clock tells is not asked about.
        return Opened(self._open(), self._remind())

    def listing(self, organization: str | None = None) -> list[ReviewSummary]:
        """Return every review, or those of one organization, the latest first.  Raises NotFound."""
        with self._store.read() as connection:
            within = None if organization is None else known_organization(connection, organization).id
            names = {one.id: one for one in organizations.listing(connection)}
            found = reviews.listing(connection, within)
            return [
                ReviewSummary(names[one.organization], one, tuple(reviews.items(connection, one.id))) for one in found
            ]

    def latest(self, organization: str) -> tuple[ReviewSummary, tuple[ReviewLine, ...]]:
        """Return the latest review of *organization*, account by account.  Raises NotFound."""
        with self._store.read() as connection:
            house = known_organization(connection, organization)
            found = reviews.listing(connection, house.id)
            if not found:
                raise NotFound(
                    f"{organization} was not reviewed yet; a review opens each month once it has an administrator"
                )
            items = tuple(reviews.items(connection, found[0].id))
            return ReviewSummary(house, found[0], items), tuple(_line(connection, item) for item in items)

    def keep(self, actor: Actor, organization: str, account: str) -> None:
        """Say that *account* is still needed, late or in time: from now on it is admitted again.

        Raises NotFound, and Conflict if nobody asked.
        """
        with self._store.write() as connection:
            one = _asked_about(connection, organization, account)
            self._answer(connection, actor, one, organization, Answer.KEEP)

    def keep_all(self, actor: Actor, organization: str) -> tuple[str, ...]:
        """Keep everybody of *organization* who was not answered for, and return their names.  Raises NotFound."""
        with self._store.write() as connection:
            asked = reviews.unanswered(connection, known_organization(connection, organization).id)
            for one in asked:
                self._answer(connection, actor, one, organization, Answer.KEEP)
        return tuple(one.name for one in asked)

    def remove(self, actor: Actor, organization: str, account: str) -> None:
        """Say that *account* is no longer needed: it is purged.  Raises NotFound, and Conflict if nobody asked."""
        with self._store.write() as connection:
            one = _asked_about(connection, organization, account)
            now = self._clock.now()
            self._answer(connection, actor, one, organization, Answer.REMOVE)
            purge(connection, self._trail, actor, one, "not recertified", now)
        self._store.scrub()

    def _answer(self, connection: Connection, actor: Actor, one: Account, organization: str, given: Answer) -> None:
        now = self._clock.now()
        late = one.recertify_by is not None and now >= one.recertify_by
        reviews.answer(connection, one.id, given, actor.name, now)
        detail: dict[str, DetailValue] = {"organization": organization, "answer": given.value, "late": late}
        self._trail.record(connection, Event(Action.REVIEW_ANSWERED, actor, one.name, detail), now)

    def _open(self) -> int:
        done = 0
        while True:
            with self._store.write() as connection:
                now = self._clock.now()
                page = reviews.unasked(connection, _month(now), _PAGE)
                for organization in page:
                    self._open_one(connection, organization, now)
            done += len(page)
            if len(page) < _PAGE:
                return done

    def _open_one(self, connection: Connection, organization: Organization, now: datetime) -> None:
        new = Review(ReviewId(new_id("rev")), organization.id, _month(now), now, now + self._answer_within)
        asked = reviews.put(connection, new)
        letter = _letter("review-opened", organization, new, asked)
        if letter is not None:
            outbox.queue(connection, letter, now)
        detail: dict[str, DetailValue] = {"month": new.month, "due_at": new.due_at.isoformat(), "accounts": len(asked)}
        self._trail.record(connection, Event(Action.REVIEW_OPENED, CALENDAR, organization.name, detail), now)

    def _remind(self) -> int:
        if self._answer_within <= REMINDED_BEFORE:
            return 0  # They have just been asked.
        done = 0
        while True:
            with self._store.write() as connection:
                now = self._clock.now()
                page = reviews.to_remind(connection, now, REMINDED_BEFORE, _PAGE)
                for review in page:
                    self._remind_one(connection, review, now)
            done += len(page)
            if len(page) < _PAGE:
                return done

    @staticmethod
    def _remind_one(connection: Connection, review: Review, now: datetime) -> None:
        organization = organizations.by_id(connection, review.organization)
        waiting = [item.account for item in reviews.items(connection, review.id) if item.waits]
        letter = _letter("review-reminder", organization, review, waiting)
        if letter is not None:
            outbox.queue(connection, letter, now)
        reviews.reminded(connection, review.id, now)


def _letter(template: str, organization: Organization, review: Review, about: list[Account]) -> Letter | None:
    """Return the letter to the administrator that lists the accounts by name, or None if there is nobody to ask."""
    if organization.administrator is None:
        return None
    fields: dict[str, FieldValue] = {
        "organization": organization.title,
        "month": review.month,
        "due_on": moment_text(review.due_at),
        "accounts": [one.name for one in about],
    }
    return Letter(template, organization.administrator, fields)


def _asked_about(connection: Connection, organization: str, name: str) -> Account:
    """Return the account *name* of *organization* that somebody has to answer for.  Raises NotFound, Conflict."""
    house = known_organization(connection, organization)
    account = known_account(connection, name)
    if account.organization != house.id:
        raise NotFound(f"{name} is no account of {organization}; mft account list --org {organization} shows them")
    if account.state is AccountState.PURGED or account.recertify_by is None:
        raise Conflict(f"nobody asks about {name} now; mft review show {organization} shows who waits")
    return account


def _line(connection: Connection, item: ReviewItem) -> ReviewLine:
    account = item.account
    listed = tuple(allowlist.of_account(connection, account.id))
    return ReviewLine(item, listed, grants.held_by(connection, account.id, account.organization))


def _month(moment: datetime) -> str:
    """Return the calendar month of *moment*, which is in UTC."""
    return f"{moment:%Y-%m}"

"""Recertifications: each month an organization's administrator says who still needs their account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mft.model.account import Account, AccountState
from mft.model.ids import OrganizationId, ReviewId


class Answer(StrEnum):
    """What is said about an account."""

    KEEP = "keep"
    REMOVE = "remove"  # It is purged at once.


@dataclass(frozen=True, slots=True)
class Review:
    """One recertification of one organization in one month."""

    id: ReviewId
    organization: OrganizationId
    month: str
    """As in ``2026-11``, by the calendar in UTC."""
    opened_at: datetime
    due_at: datetime
    """Who is not answered for by then is suspended."""
    reminded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One account that a review asks about, as the account is now."""

    account: Account
    answer: Answer | None
    answered_by: str
    answered_at: datetime | None

    @property
    def waits(self) -> bool:
        """Whether somebody still has to answer; for a purged account nobody has."""
        return self.answer is None and self.account.state is not AccountState.PURGED

    def suspended(self, now: datetime) -> bool:
        """Return whether the account is refused at *now* because nobody answered."""
        return self.account.recertify_by is not None and now >= self.account.recertify_by

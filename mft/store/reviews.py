"""Recertifications, as rows: one for each organization and month, an item for each account that it asks about."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, insert, select, update

from mft.model.account import Account, AccountState, Organization
from mft.model.ids import AccountId, OrganizationId, ReviewId
from mft.model.review import Answer, Review, ReviewItem
from mft.store.accounts import account_of
from mft.store.organizations import organization_of
from mft.store.tables import account, organization, review, review_item


def unasked(connection: Connection, month: str, limit: int) -> list[Organization]:
    """Return organizations that have an administrator and living accounts, and no review in *month* yet."""
    living = exists().where(account.c.organization == organization.c.id, _lives())
    asked = exists().where(review.c.organization == organization.c.id, review.c.month == month)
    query = select(organization).where(organization.c.administrator.is_not(None), living, ~asked).limit(limit)
    return [organization_of(row) for row in connection.execute(query.order_by(organization.c.id)).mappings()]


def put(connection: Connection, new: Review) -> list[Account]:
    """Keep *new* with an item for each living account of its organization, and return these, by name.

    An account that an earlier review still waits for keeps the day by which that one must be answered.
    """
    row = {"id": new.id, "organization": new.organization, "month": new.month}
    connection.execute(insert(review).values(row | {"opened_at": new.opened_at, "due_at": new.due_at}))
    asked = (account.c.organization == new.organization, _lives())
    found = connection.execute(select(account).where(*asked).order_by(account.c.name)).mappings().all()
    if found:
        connection.execute(insert(review_item), [{"review": new.id, "account": one["id"]} for one in found])
    connection.execute(update(account).where(*asked, account.c.recertify_by.is_(None)).values(recertify_by=new.due_at))
    return [account_of(one) for one in found]


def to_remind(connection: Connection, now: datetime, before: timedelta, limit: int) -> list[Review]:
    """Return reviews that are due within *before*, wait for an answer, and whose administrator was not reminded."""
    waits = exists().where(
        review_item.c.review == review.c.id,
        review_item.c.answer.is_(None),
        account.c.id == review_item.c.account,
        _lives(),
    )
    soon = (review.c.due_at > now, review.c.due_at <= now + before)
    asked = exists().where(organization.c.id == review.c.organization, organization.c.administrator.is_not(None))
    query = select(review).where(*soon, review.c.reminded_at.is_(None), waits, asked)
    return [_review(row) for row in connection.execute(query.order_by(review.c.id).limit(limit)).mappings()]


def reminded(connection: Connection, which: ReviewId, at: datetime) -> None:
    """Note that the administrator was reminded."""
    connection.execute(update(review).where(review.c.id == which).values(reminded_at=at))


def listing(connection: Connection, within: OrganizationId | None = None) -> list[Review]:
    """Return every review, or those of one organization, the latest first."""
    query = select(review).order_by(review.c.opened_at.desc(), review.c.id)
    if within is not None:
        query = query.where(review.c.organization == within)
    return [_review(row) for row in connection.execute(query).mappings()]


def items(connection: Connection, which: ReviewId) -> list[ReviewItem]:
    """Return what a review asks, by the accounts' names."""
    columns = (review_item.c.answer, review_item.c.answered_by, review_item.c.answered_at)
    query = select(account, *columns).join_from(review_item, account).where(review_item.c.review == which)
    return [_item(row) for row in connection.execute(query.order_by(account.c.name)).mappings()]


def unanswered(connection: Connection, within: OrganizationId) -> list[Account]:
    """Return the living accounts of *within* that somebody has to answer for, by name."""
    asked = (account.c.organization == within, _lives(), account.c.recertify_by.is_not(None))
    rows = connection.execute(select(account).where(*asked).order_by(account.c.name)).mappings()
    return [account_of(row) for row in rows]


def answer(connection: Connection, which: AccountId, given: Answer, by: str, at: datetime) -> None:
    """Answer everything that is asked about an account: nobody waits for it any more."""
    open_items = update(review_item).where(review_item.c.account == which, review_item.c.answer.is_(None))
    connection.execute(open_items.values(answer=given.value, answered_by=by, answered_at=at))
    connection.execute(update(account).where(account.c.id == which).values(recertify_by=None))


def _lives() -> ColumnElement[bool]:
    return account.c.state != AccountState.PURGED.value


def _review(row: RowMapping) -> Review:
    return Review(
        id=row["id"],
        organization=row["organization"],
        month=row["month"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        reminded_at=row["reminded_at"],
    )


def _item(row: RowMapping) -> ReviewItem:
    return ReviewItem(
        account=account_of(row),
        answer=Answer(row["answer"]) if row["answer"] else None,
        answered_by=row["answered_by"] or "",
        answered_at=row["answered_at"],
    )

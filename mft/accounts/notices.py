"""What is written to people about their own secrets, so that a change they did not make is noticed (fact 1.4)."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection

from mft.model.account import Account
from mft.model.letter import FieldValue, Letter
from mft.store import outbox


def tell(
    connection: Connection,
    template: str,
    account: Account,
    at: datetime,
    words: Mapping[str, FieldValue],
    to: str | None = None,
) -> None:
    """Queue the letter *template* about *account* within the caller's transaction; to itself unless *to* is given."""
    recipient = account.warned_at if to is None else to
    if not recipient:
        return
    fields = {"name": account.name, "at": f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", **words}
    outbox.queue(connection, Letter(template, recipient, fields, account.id), at)

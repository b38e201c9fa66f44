"""What is written to people about an account, and to whom: words for the templates, never a secret."""

from collections.abc import Mapping
from datetime import UTC, datetime

from mft.model.account import Account, Organization
from mft.model.letter import FieldValue, Letter


def moment_text(moment: datetime) -> str:
    """Return *moment* as letters write it: to the minute, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def warnings(account: Account, organization: Organization, ends_at: datetime, days: int) -> tuple[Letter, ...]:
    """Return the letters that say that *account* will be purged in *days*: to itself and to its administrator."""
    fields: Mapping[str, FieldValue] = {
        "name": account.name,
        "organization": organization.title,
        "days": days,
        "ends_on": moment_text(ends_at),
    }
    return _to_both("account-dormant", "account-dormant-admin", account, organization, fields)


def suspensions(account: Account, organization: Organization, since: datetime) -> tuple[Letter, ...]:
    """Return the letters that say that nobody kept *account* in time."""
    fields = {"name": account.name, "organization": organization.title, "since": moment_text(since)}
    return _to_both("account-suspended", "account-suspended", account, organization, fields)


def farewell(account: Account, organization: Organization, at: datetime) -> Letter | None:
    """Return the letter that says that *account* is no more, or None if it has no address.

    It is about nobody, so that it is not destroyed with the account before it is sent.
    """
    if not account.warned_at:
        return None
    fields = {"name": account.name, "organization": organization.title, "purged_on": moment_text(at)}
    return Letter("account-purged", account.warned_at, fields)


def _to_both(
    own: str, others: str, account: Account, organization: Organization, fields: Mapping[str, FieldValue]
) -> tuple[Letter, ...]:
    """Return one letter to the account's address and one to the administrator's, one in all if they are the same."""
    addressed = {organization.administrator: others, account.warned_at: own}
    return tuple(Letter(template, to, fields, account.id) for to, template in addressed.items() if to)

"""What becomes of an account, as rows and fields: what was, what is, and what comes, in the order of time."""

from datetime import datetime
from typing import Any, Final

from mft.accounts.card import AccountOutlook
from mft.model.account import Account
from mft.policy.dormancy import days_left

OUTLOOK_COLUMNS: Final = ("at", "days_left", "what", "rule")


def outlook_rows(outlook: AccountOutlook, now: datetime) -> list[dict[str, Any]]:
    """Return for people: the last use, how it stands now, and each thing that comes."""
    account = outlook.account
    standing = [{"at": now, "what": _said(bar.what, bar.detail), "rule": bar.rule} for bar in outlook.bars]
    if outlook.may_sign_on:
        standing.insert(0, {"at": now, "what": "may sign on", "rule": ""})
    coming = [
        {"at": one.at, "days_left": days_left(one.at, now), "what": _said(one.what, one.detail), "rule": one.rule}
        for one in outlook.transitions
    ]
    return [{"at": account.purged_at or account.used_at, "what": _past(account), "rule": ""}, *standing, *coming]


def outlook_fields(outlook: AccountOutlook, now: datetime) -> dict[str, Any]:
    """Return the same for scripts."""
    account = outlook.account
    return {
        "name": account.name,
        "organization": outlook.organization.name,
        "state": account.state,
        "may_sign_on": outlook.may_sign_on,
        "last_signon_at": account.last_signon_at,
        "last_signon_door": account.last_signon_door,
        "last_signon_source": account.last_signon_source,
        "used_at": account.used_at,
        "bars": [{"what": one.what, "detail": one.detail, "rule": one.rule} for one in outlook.bars],
        "transitions": [
            {
                "at": one.at,
                "days_left": days_left(one.at, now),
                "what": one.what,
                "detail": one.detail,
                "rule": one.rule,
            }
            for one in outlook.transitions
        ],
    }


def _said(what: str, detail: str) -> str:
    return f"{what}: {detail}" if detail else what


def _past(account: Account) -> str:
    """Return the last thing that happened to the account, in words."""
    if account.purged_at is not None:
        return "was purged"
    if account.last_signon_at is None:
        return "was made; never signed on"
    door = f" by {account.last_signon_door}" if account.last_signon_door else ""
    source = f" from {account.last_signon_source}" if account.last_signon_source else ""
    return f"signed on{door}{source}"

"""The reports as rows: the names that scripts read, and what a cell of text says."""

from datetime import datetime, timedelta
from typing import Any, Final

from mft.cli.account_card import entry_row, key_row
from mft.lifecycle.reports.files import LeavingDay, WaitingFile
from mft.lifecycle.reports.people import Access, Disused
from mft.lifecycle.reports.requests import Waits
from mft.lifecycle.reports.traffic import Exposure, Moved, Traffic
from mft.model.account import Account, AllowlistEntry, Credential
from mft.model.review import Answer
from mft.model.rights import format_rights

GIVEN: Final = {Answer.KEEP: "kept", Answer.REMOVE: "removed"}
"""What was done by an answer to a recertification, in a word."""

_WHOSE: Final = (
    *("organization", "account", "person", "email", "purpose", "state"),
    *("last_signon_at", "last_signon_door", "last_signon_source"),
)
MOVED: Final = ("uploads", "uploaded_bytes", "whole", "whole_bytes", "partial", "partial_bytes")
"""What was moved: the columns that people see of it, and the fields."""
ACCESS_FIELDS: Final = (*_WHOSE, "addresses", "grants", "keys", "answer")
DISUSED_FIELDS: Final = (*_WHOSE, "used_at", "ends_at", "days_left", "past", "warned")
LEAVING_FIELDS: Final = ("day", "organization", "folder", "files", "bytes")
FILE_FIELDS: Final = (
    *("organization", "path", "size", "put_by", "received_at", "age_days"),
    *("leaves_at", "days_left", "downloads"),
)
WAITS_FIELDS: Final = (
    *("organization", "submitted", "open", "overdue", "in_time", "late", "expired", "withdrawn"),
    *("longest_days", "median_days"),
)
EXPOSED: Final = ("byte_days", "byte_days_before", "unfetched_files", "unfetched_bytes")
"""How much lay here how long."""
EXPOSURE_FIELDS: Final = ("organization", *MOVED, *EXPOSED)


def traffic_fields(of: str) -> tuple[str, ...]:
    """Return the fields of what was moved, *of* an account or a folder."""
    return ("day", "organization", of, *MOVED)


def access_row(one: Access) -> dict[str, Any]:
    """Return an account as a line of the access review."""
    return {
        **_whose(one.organization, one.account),
        "addresses": [_address(entry) for entry in one.addresses],
        "grants": [f"{grant.folder}: {format_rights(grant.rights)}" for grant in one.grants],
        "keys": [_key(key) for key in one.keys],
        "answer": _answer(one),
    }


def access_fields(one: Access) -> dict[str, Any]:
    """Return an account of the access review as JSON holds it, with every field of what belongs to it."""
    asked = one.recertified
    answer = {"month": asked.month, "due_at": asked.due_at, "answer": asked.answer} if asked else None
    return {
        **_whose(one.organization, one.account),
        "addresses": [entry_row(entry) for entry in one.addresses],
        "grants": [
            {"folder": grant.folder, "rights": format_rights(grant.rights), "everyone": grant.account is None}
            for grant in one.grants
        ],
        "keys": [key_row(key) for key in one.keys],
        "answer": answer | {"by": asked.by, "at": asked.at} if answer and asked else None,
    }


def disused_row(one: Disused) -> dict[str, Any]:
    """Return an account as a line about those that go unused."""
    return {
        **_whose(one.organization, one.account),
        "used_at": one.account.used_at,
        "ends_at": one.purge_at,
        "days_left": one.days_left,
        "past": one.days_left <= 0,
        "warned": one.account.warned_at,
    }


def leaving_row(one: LeavingDay) -> dict[str, Any]:
    """Return what leaves one folder on one day."""
    return {
        "day": one.day,
        "organization": one.organization,
        "folder": one.folder,
        "files": one.files,
        "bytes": one.bytes,
    }


def file_row(one: WaitingFile) -> dict[str, Any]:
    """Return a file that is there."""
    return {
        "organization": one.organization,
        "path": one.path,
        "size": one.size,
        "put_by": one.put_by,
        "received_at": one.received_at,
        "age_days": one.age_days,
        "leaves_at": one.leaves_at,
        "days_left": one.days_left,
        "downloads": one.downloads,
    }


def waits_row(one: Waits) -> dict[str, Any]:
    """Return what became of one organization's requests."""
    return {
        "organization": one.organization,
        "submitted": one.submitted,
        "open": one.open,
        "overdue": one.overdue,
        "in_time": one.in_time,
        "late": one.late,
        "expired": one.expired,
        "withdrawn": one.withdrawn,
        "longest_days": _days(one.longest),
        "median_days": _days(one.median),
    }


def traffic_row(one: Traffic) -> dict[str, Any]:
    """Return what one account moved, or what was moved in one folder, on one day."""
    who = {"account": one.account} if one.folder is None else {"folder": one.folder}
    return {"day": one.day, "organization": one.organization, **who, **_moved(one.moved)}


def exposure_row(one: Exposure) -> dict[str, Any]:
    """Return what one organization moved, and how much lay here how long."""
    return {
        "organization": one.organization,
        **_moved(one.moved),
        "byte_days": one.byte_days,
        "byte_days_before": one.byte_days_before,
        "unfetched_files": one.unfetched_files,
        "unfetched_bytes": one.unfetched_bytes,
    }


def _whose(organization: str, account: Account) -> dict[str, Any]:
    return {
        "organization": organization,
        "account": account.name,
        "person": account.person,
        "email": account.email,
        "purpose": account.purpose,
        "state": account.state,
        "last_signon_at": account.last_signon_at,
        "last_signon_door": account.last_signon_door,
        "last_signon_source": account.last_signon_source,
    }


def _moved(moved: Moved) -> dict[str, int]:
    return {
        "uploads": moved.uploads,
        "uploaded_bytes": moved.uploaded_bytes,
        "whole": moved.whole,
        "whole_bytes": moved.whole_bytes,
        "partial": moved.partial,
        "partial_bytes": moved.partial_bytes,
    }


def _key(key: Credential) -> str:
    waiting = " (waits for approval)" if key.waiting else ""
    return f"{key.fingerprint} {key.label}".strip() + waiting


def _address(entry: AllowlistEntry) -> str:
    until = f" until {_date(entry.until)}" if entry.until else ""
    waiting = " (waits for approval)" if entry.approved_by is None else ""
    seen = _date(entry.last_seen_at) if entry.last_seen_at else "never"
    return f"{entry.addresses}{until}{waiting}, last seen {seen}"


def _answer(one: Access) -> str | None:
    asked = one.recertified
    if asked is None:
        return None
    if asked.answer is None or asked.at is None:
        return f"{asked.month}: waits until {_date(asked.due_at)}"
    return f"{asked.month}: {GIVEN[asked.answer]} by {asked.by} on {_date(asked.at)}"


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _days(span: timedelta | None) -> float | None:
    return None if span is None else round(span / timedelta(days=1), 1)

"""What people are written about a request, and to whom: words for the templates, never a password."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from mft.model.account import Organization, Purpose
from mft.model.letter import FieldValue, Letter
from mft.model.request import AccessRequest, RequestKind

RECEIVED: Final = "request-received"
APPROVED: Final = "request-approved"
DENIED: Final = "request-denied"

_WHAT: Final[Mapping[RequestKind, str]] = {
    RequestKind.ADD: "a new account",
    RequestKind.REMOVE: "the removal of an account",
    RequestKind.ADDRESSES: "more addresses for an account",
}


def received(request: AccessRequest, organization: Organization) -> tuple[Letter, ...]:
    """Return the letters that say that *request* came in, and by when it is decided."""
    return _letters(RECEIVED, request, organization, {"due_on": _moment(request.due_at)})


def approved(
    request: AccessRequest, organization: Organization, password_until: datetime | None, waiting: int
) -> tuple[Letter, ...]:
    """Return the letters that say that *request* was approved.

    *password_until* is when the temporary password ends, if one was made; *waiting* how many addresses
    still wait for a second person.
    """
    return _letters(APPROVED, request, organization, {"next": _next(request, password_until, waiting)})


def denied(request: AccessRequest, organization: Organization, reason: str) -> tuple[Letter, ...]:
    """Return the letters that say that *request* was denied, and why."""
    return _letters(DENIED, request, organization, {"reason": reason})


def _next(request: AccessRequest, password_until: datetime | None, waiting: int) -> list[str]:
    """Return what the reader has to know or do now, a line each."""
    if request.kind is RequestKind.REMOVE:
        return ["The account, its credentials and its addresses are gone; open sessions end within a minute."]
    lines = ["Sign on from the addresses of the request; any other is refused."]
    if password_until is not None:
        lines = [
            "The service desk hands over a temporary password in person or by telephone; no letter ever holds it.",
            f"Sign on and replace it before {_moment(password_until)}. After that, ask the service desk for a new one.",
            *lines,
        ]
    if waiting:
        lines.append(f"Addresses that wait for a second person's approval, and admit nobody until then: {waiting}.")
    return lines


def _letters(
    template: str, request: AccessRequest, organization: Organization, further: Mapping[str, FieldValue]
) -> tuple[Letter, ...]:
    """Return one letter for each who is told: the person, but of a removal, and the organization's administrator."""
    person = "" if request.kind is RequestKind.REMOVE else _mailbox(request)
    told = dict.fromkeys(filter(None, (person, organization.administrator)))
    fields: dict[str, FieldValue] = {
        "request": request.id,
        "what": _WHAT[request.kind],
        "name": request.name,
        "organization": organization.title,
        **further,
    }
    # A letter about an account goes when it is purged, which an approved removal has just done.
    about = None if request.kind is RequestKind.REMOVE else request.account
    return tuple(Letter(template, to, fields, about) for to in told)


def _mailbox(request: AccessRequest) -> str:
    return (request.contact if request.purpose is Purpose.UNATTENDED else "") or request.email


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

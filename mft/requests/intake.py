"""A form comes in: what is known about what it names, and the request that it becomes.

Reads only; whether the form is fit is decided in mft.requests.checks, and it is kept by mft.requests.desk.
"""

from datetime import datetime

from mft.model.account import Account, Organization, Purpose, checked_email
from mft.model.errors import Conflict, Exhausted, Invalid
from mft.model.ids import RequestId, new_id
from mft.model.request import AccessRequest, AskedAddress, RequestKind, RequestState, Signature
from mft.model.session import Actor
from mft.policy.requests import RequestTerms
from mft.policy.seats import seats_taken
from mft.requests.addresses import AddressRules
from mft.requests.checks import Known
from mft.requests.form import RequestForm
from mft.store import accounts, allowlist, organizations, requests
from mft.store.engine import Connection


def known_about(connection: Connection, form: RequestForm, agreement: str, rules: AddressRules, now: datetime) -> Known:
    """Return what the database says about what *form* names."""
    account = accounts.by_name(connection, form.name)
    about = account if form.kind is not RequestKind.ADD else None
    organization = organizations.by_name(connection, form.organization)
    if about is not None and not form.organization:
        organization = organizations.by_id(connection, about.organization)
    email = _mailbox(form.email)
    return Known(
        now=now,
        agreement=agreement,
        rules=rules,
        organization=organization,
        account=account,
        listed=tuple(allowlist.of_account(connection, about.id)) if about else (),
        name_asked=requests.open_for_name(connection, form.name, now),
        email_asked=requests.open_for_email(connection, email, now) if email else None,
        email_taken=accounts.by_email(connection, email) is not None if email else False,
    )


def new_request(
    actor: Actor, form: RequestForm, known: Known, terms: RequestTerms, signature: Signature | None
) -> AccessRequest:
    """Return the request that *form*, which is fit, becomes."""
    assert known.organization is not None  # noqa: S101  (the form is fit)
    about = known.account
    return AccessRequest(
        id=RequestId(new_id("req")),
        kind=form.kind,
        state=RequestState.SUBMITTED,
        organization=known.organization.id,
        name=form.name,
        account=about.id if about else None,
        purpose=about.purpose if about else form.purpose,
        person=about.person if about else form.person.strip(),
        email=about.email if about else checked_email(form.email),
        phone=about.phone if about else form.phone.strip(),
        reason=form.reason.strip(),
        addresses=tuple(AskedAddress(one.text.strip(), one.reason.strip(), one.until) for one in form.addresses),
        signature=signature,
        submitted_by=actor.name,
        submitted_at=known.now,
        due_at=known.now + terms.due,
        expires_at=known.now + terms.expires,
        contact=_contact(form, about),
        keys=tuple(text.strip() for text in form.keys),
    )


def demand_room(connection: Connection, request: AccessRequest, organization: Organization) -> None:
    """Raise Conflict if the same is asked for already, Exhausted if no seat is left for a new person (fact 0.5)."""
    at = request.submitted_at
    if request.account is not None:
        same = requests.open_about(connection, request.account, request.kind, at)
        if same is not None:
            raise Conflict(f"{same} asks for that about {request.name} already; decide or withdraw it first")
    elif request.purpose is Purpose.PERSON:
        taken = organizations.people_of(connection, organization.id)
        asked = requests.seats_asked(connection, organization.id, at)
        why = seats_taken(organization.name, organization.seats, taken, asked)
        if why is not None:
            raise Exhausted(why)


def _contact(form: RequestForm, about: Account | None) -> str:
    if about is not None:
        return about.contact
    return checked_email(form.contact) if form.contact else ""


def _mailbox(text: str) -> str:
    """Return *text* as mail addresses are kept; empty if it is none."""
    try:
        return checked_email(text)
    except Invalid:
        return ""

"""Is a form fit to be taken?  Every fault is found and told at once, each with its field.  Pure.

What the database knows comes in as facts; nobody is asked here and nothing is kept.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mft.accounts.records import checked_remark
from mft.crypto.keys import read_public_key
from mft.model.account import (
    Account,
    AccountState,
    AllowlistEntry,
    Organization,
    checked_account_name,
    checked_email,
)
from mft.model.errors import Invalid
from mft.model.ids import RequestId
from mft.model.request import RequestKind
from mft.requests.addresses import AddressRules, weigh
from mft.requests.form import Fault, RequestForm

_PHONE: Final = re.compile(r"\+?[0-9(][0-9 ()./-]{5,30}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?", re.ASCII)
_LEAST_DIGITS: Final = 7
MOST_ADDRESSES: Final = 100
"""In one form; each of them may be a range."""
MOST_KEYS: Final = 20


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when a form comes in."""

    now: datetime
    agreement: str
    """The name of the text that has to be accepted."""
    rules: AddressRules
    organization: Organization | None
    """The one that the form names."""
    account: Account | None
    """Whose user name it is, purged or not."""
    listed: tuple[AllowlistEntry, ...] = ()
    """That account's addresses."""
    name_asked: RequestId | None = None
    """The open request for a new account of that name."""
    email_asked: RequestId | None = None
    email_taken: bool = False


Check = Callable[[RequestForm, Known], Iterator[Fault]]


def faults_of(form: RequestForm, known: Known) -> tuple[Fault, ...]:
    """Return all that is wrong with *form*.  That a field is empty is not said of one that could not be read."""
    empty = {fault.field for fault in form.unread if not getattr(form, fault.field, "")}
    found = [fault for check in CHECKS[form.kind] for fault in check(form, known) if fault.field not in empty]
    return (*form.unread, *found)


def _organization(form: RequestForm, known: Known) -> Iterator[Fault]:
    if not form.organization:
        yield Fault("organization", "is needed")
    elif known.organization is None:
        yield Fault("organization", f"there is no organization {form.organization}; mft org list shows them")
    elif not known.organization.enabled:
        yield Fault("organization", f"{form.organization} is disabled")


def _free_name(form: RequestForm, known: Known) -> Iterator[Fault]:
    yield from _refused("name", checked_account_name, form.name)
    if known.account is not None and known.account.state is AccountState.PURGED:
        yield Fault("name", f"{form.name} was purged, and its name is never handed out again; choose another")
    elif known.account is not None:
        yield Fault("name", f"{form.name} belongs to an account already; choose another")
    elif known.name_asked is not None:
        yield Fault("name", f"{form.name} is asked for by {known.name_asked} already; choose another")


def _known_name(form: RequestForm, known: Known) -> Iterator[Fault]:
    if known.account is None:
        yield Fault("name", f"there is no account {form.name!r}; mft account list shows them")
    elif known.account.state is AccountState.PURGED:
        yield Fault("name", f"{form.name} was purged; access is regained by a request for a new user name")
    elif form.organization and (known.organization is None or known.organization.id != known.account.organization):
        yield Fault("organization", f"{form.name} does not belong to {form.organization}")


def _person(form: RequestForm, _known: Known) -> Iterator[Fault]:
    yield from _line("person", form.person)


def _reason(form: RequestForm, _known: Known) -> Iterator[Fault]:
    yield from _line("reason", form.reason)


def _email(form: RequestForm, known: Known) -> Iterator[Fault]:
    if not form.email:
        yield Fault("email", "is needed")
        return
    yield from _refused("email", checked_email, form.email)
    if known.email_taken:
        yield Fault("email", f"{form.email} belongs to an account already; each person has an address of their own")
    elif known.email_asked is not None:
        yield Fault("email", f"{form.email} stands in {known.email_asked} already; each person has one of their own")
    if form.contact:
        yield from _refused("contact", checked_email, form.contact)


def _phone(form: RequestForm, _known: Known) -> Iterator[Fault]:
    number = form.phone.strip()
    if not number:
        yield Fault("phone", "is needed")
    elif not _PHONE.fullmatch(number) or sum(ch.isdigit() for ch in number) < _LEAST_DIGITS:
        yield Fault("phone", f"{number!r} is no telephone number; it looks like +1 555 010 4477 ext. 12")


def _addresses(form: RequestForm, known: Known) -> Iterator[Fault]:
    if not form.addresses:
        yield Fault("addresses", "at least one public IPv4 address is needed")
    if len(form.addresses) > MOST_ADDRESSES:
        yield Fault("addresses", f"a request holds at most {MOST_ADDRESSES}; write blocks or ranges")
        return
    for one in weigh(form.addresses, known.listed, known.rules, known.now):
        if one.unfit is not None:
            yield Fault("addresses", one.unfit)
        yield from _refused("addresses", checked_remark, one.asked.reason)


def _keys(form: RequestForm, _known: Known) -> Iterator[Fault]:
    if len(form.keys) > MOST_KEYS:
        yield Fault("keys", f"a request holds at most {MOST_KEYS}")
        return
    seen = set()
    for text in form.keys:
        try:
            fingerprint = read_public_key(text).fingerprint
        except Invalid as error:
            yield Fault("keys", str(error))
            continue
        if fingerprint in seen:
            yield Fault("keys", f"{fingerprint} is named twice")
        seen.add(fingerprint)


def _accepted(form: RequestForm, known: Known) -> Iterator[Fault]:
    if form.agreement != known.agreement:
        given = f"{form.agreement} is not the one in force" if form.agreement else "it has to be accepted"
        yield Fault("agreement", f"{given}; mft request agreement shows {known.agreement}, to be accepted by that name")


def _only_about(form: RequestForm, _known: Known) -> Iterator[Fault]:
    """Take nothing that would not be acted upon."""
    for name in ("person", "email", "phone", "contact", "keys", "agreement"):
        if getattr(form, name):
            yield Fault(name, "is for a new account; leave it out")


def _no_addresses(form: RequestForm, _known: Known) -> Iterator[Fault]:
    if form.addresses:
        yield Fault("addresses", "an account that is removed needs none; leave them out")


CHECKS: Final[Mapping[RequestKind, tuple[Check, ...]]] = {
    RequestKind.ADD: (_organization, _free_name, _person, _email, _phone, _reason, _addresses, _keys, _accepted),
    RequestKind.ADDRESSES: (_known_name, _reason, _addresses, _only_about),
    RequestKind.REMOVE: (_known_name, _reason, _no_addresses, _only_about),
}
"""What is asked of each kind of request."""


def _line(name: str, text: str) -> Iterator[Fault]:
    if not text.strip():
        yield Fault(name, "is needed")
    yield from _refused(name, checked_remark, text)


def _refused(name: str, check: Callable[[str], str], text: str) -> Iterator[Fault]:
    try:
        check(text)
    except Invalid as error:
        yield Fault(name, str(error))

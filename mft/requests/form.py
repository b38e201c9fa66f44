"""The access request form: one value, whether it came from options, from a file or from a page (fact 0.6).

Reading loses nothing: what cannot be read into a field becomes a fault that is told together with
those that checking finds.  Whether a form is fit is decided in mft.requests.checks.
"""

import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from mft.model.account import Purpose
from mft.model.errors import Invalid
from mft.model.request import AskedAddress, RequestKind

VPN: Final = "Connected to a VPN? Identify the address while connected: the server sees the VPN's."
"""What is said wherever addresses are asked for (fact 0.8)."""
HINTS: Final[Mapping[str, str]] = {
    "organization": "The agency, provider group or partner, by the name it has on this server.",
    "name": "The user name that is asked for, or whom the request is about.",
    "person": "Full name of the person, or of who answers for an unattended job.",
    "email": "Where the person reads mail; no two people share an address.",
    "phone": "Where the person can be called.",
    "reason": "Why the access, or the change, is needed.",
    "addresses": (f"All known public IPv4 addresses, blocks or ranges that the person signs on from. {VPN}"),
    "agreement": "Name of the confidentiality agreement that the person has read and accepts.",
    "purpose": "person, or unattended for a batch job.",
    "contact": "Where warnings about an unattended job go instead of its own mail.",
    "keys": "SSH public keys for the new account.",
}
"""What the form says beside each field (facts 0.7 to 0.10)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of a form."""

    field: str
    why: str

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.field}: {self.why}"


class Unfit(Invalid):
    """A form that cannot be taken, with all its faults."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Keep the *faults*; there is at least one."""
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class RequestForm:
    """What somebody filled in, as typed."""

    kind: RequestKind
    name: str = ""
    organization: str = ""
    person: str = ""
    email: str = ""
    phone: str = ""
    reason: str = ""
    addresses: tuple[AskedAddress, ...] = ()
    agreement: str = ""
    """The name of the agreement's text that is accepted."""
    purpose: Purpose = Purpose.PERSON
    contact: str = ""
    keys: tuple[str, ...] = ()
    unread: tuple[Fault, ...] = ()
    """What was given and could not be read into a field."""


_Kind = TypeVar("_Kind", Purpose, RequestKind)
_TEXTS: Final = ("name", "organization", "person", "email", "phone", "reason", "agreement", "contact")
_OTHERS: Final = ("kind", "purpose", "addresses", "keys")
_MOST_DOTS: Final = 2000
"""In a form in TOML: a hundred ranges have a few hundred.  Its parser needs memory by the square of a dotted key."""
_OF_AN_ADDRESS: Final = frozenset({"address", "reason", "until"})


def parse_form(text: str) -> RequestForm:
    """Return the form that *text* holds, JSON if it begins with a brace, TOML otherwise.  Raises Invalid, Unfit."""
    is_json = text.lstrip().startswith("{")
    if not is_json and text.count(".") > _MOST_DOTS:
        raise Invalid(f"a form in TOML has at most {_MOST_DOTS:,} dots; check the file, or write it in JSON")
    try:
        fields = json.loads(text) if is_json else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the form is neither TOML nor JSON: {error}; mft request submit --help shows one") from None
    return read_form(fields)


def read_form(fields: Mapping[str, Any]) -> RequestForm:
    """Return the form that *fields* fill in.  Raises Unfit when it cannot even be told what is asked for."""
    faults = [Fault(name, _unknown(name)) for name in fields if name not in (*_TEXTS, *_OTHERS)]
    texts = {name: _line(name, fields[name], faults) for name in _TEXTS if name in fields}
    addresses = tuple(
        filter(None, (_address(one, faults) for one in _several("addresses", fields.get("addresses", []), faults)))
    )
    keys = tuple(_text("keys", one, faults) for one in _several("keys", fields.get("keys", []), faults))
    purpose = _choice("purpose", Purpose, fields.get("purpose", Purpose.PERSON.value), faults) or Purpose.PERSON
    kind = _choice("kind", RequestKind, fields.get("kind", ""), faults)
    if kind is None:
        raise Unfit(tuple(faults))
    return RequestForm(
        kind, **texts, addresses=addresses, keys=tuple(filter(None, keys)), purpose=purpose, unread=tuple(faults)
    )


def _unknown(name: str) -> str:
    close = get_close_matches(name, (*_TEXTS, *_OTHERS), n=1)
    return f"there is no such field; write {close[0]}" if close else "there is no such field"


def _text(name: str, value: object, faults: list[Fault]) -> str:
    if isinstance(value, str):
        return value
    faults.append(Fault(name, "is a text in quotes"))
    return ""


def _line(name: str, value: object, faults: list[Fault]) -> str:
    """Return a text that can be looked up and shown: no database keeps every character that JSON can name."""
    text = _text(name, value, faults)
    if text.strip().isprintable():
        return text
    faults.append(Fault(name, "is one line without control characters"))
    return ""


def _several(name: str, value: object, faults: list[Fault]) -> list[Any]:
    if isinstance(value, list):
        return value
    faults.append(Fault(name, "is a list in brackets"))
    return []


def _choice(name: str, kinds: type[_Kind], value: object, faults: list[Fault]) -> _Kind | None:
    words = [kind.value for kind in kinds]
    if value in words:
        return kinds(value)
    faults.append(Fault(name, f"is one of {', '.join(words)}"))
    return None


def _address(value: object, faults: list[Fault]) -> AskedAddress | None:
    """Return one address: a text, or a table of address, reason and until."""
    if isinstance(value, str):
        return AskedAddress(value)
    if not isinstance(value, dict) or not isinstance(value.get("address"), str) or set(value) - _OF_AN_ADDRESS:
        faults.append(Fault("addresses", "each is a text, or a table of address, reason and until"))
        return None
    reason = _text("addresses", value.get("reason", ""), faults)
    until = read_moment(value["until"], faults) if "until" in value else None
    return AskedAddress(value["address"], reason, until)


def read_moment(value: object, faults: list[Fault]) -> datetime | None:
    """Return the moment *value* tells, a date or a time as TOML has them or as text; UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day, tzinfo=UTC)
    with suppress(OverflowError):  # Of a calendar that ends, in UTC, before or after that day.
        if isinstance(found, datetime):
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    faults.append(Fault("addresses", f"{value!r} is no moment; write 2027-01-31 or 2027-01-31T17:00:00Z"))
    return None

"""Reading a form: nothing that somebody wrote is lost, and nothing is guessed."""

import tracemalloc
from datetime import UTC, datetime

import pytest

from mft.model.account import Purpose
from mft.model.errors import Invalid
from mft.model.request import AskedAddress, RequestKind
from mft.requests.form import HINTS, RequestForm, Unfit, parse_form, read_form

TOML = """
kind = "add"
name = "jdoe"
organization = "northwind"
person = "Jane Doe"
email = "jane@northwind.example"
phone = "+1 555 010 4477"
reason = "care coordination"
agreement = "confidentiality-2026-01"
purpose = "unattended"
contact = "it@northwind.example"
keys = ["ssh-ed25519 AAAA"]
addresses = ["8.8.8.8", {address = "9.9.9.0/24", reason = "office", until = 2027-01-31}]
"""
JSON = """ {"kind": "add", "name": "jdoe", "organization": "northwind", "person": "Jane Doe",
"email": "jane@northwind.example", "phone": "+1 555 010 4477", "reason": "care coordination",
"agreement": "confidentiality-2026-01", "purpose": "unattended", "contact": "it@northwind.example",
"keys": ["ssh-ed25519 AAAA"],
"addresses": ["8.8.8.8", {"address": "9.9.9.0/24", "reason": "office", "until": "2027-01-31"}]}"""
FORM = RequestForm(
    RequestKind.ADD,
    name="jdoe",
    organization="northwind",
    person="Jane Doe",
    email="jane@northwind.example",
    phone="+1 555 010 4477",
    reason="care coordination",
    addresses=(AskedAddress("8.8.8.8"), AskedAddress("9.9.9.0/24", "office", datetime(2027, 1, 31, tzinfo=UTC))),
    agreement="confidentiality-2026-01",
    purpose=Purpose.UNATTENDED,
    contact="it@northwind.example",
    keys=("ssh-ed25519 AAAA",),
)


@pytest.mark.parametrize("text", [TOML, JSON], ids=["toml", "json"])
def test_a_form_says_the_same_in_either_language(text):
    assert parse_form(text) == FORM


@pytest.mark.parametrize(
    "text",
    ["kind = ", '{"kind": ', "{" * 100_000 + "}", "kind: add", "[" * 3],
    ids=["toml", "json", "deep", "yaml", "no"],
)
def test_what_is_no_form_is_refused(text):
    with pytest.raises(Invalid, match="neither TOML nor JSON"):
        parse_form(text)


@pytest.mark.parametrize("fields", [{}, {"kind": "steal"}, {"kind": ["add"]}, {"kind": None}], ids=repr)
def test_a_form_that_does_not_say_what_is_asked_for_is_refused(fields):
    with pytest.raises(Unfit, match="kind: is one of add, remove, addresses"):
        read_form(fields)


def test_everything_that_cannot_be_read_is_kept_as_a_fault():
    form = read_form(
        {
            "kind": "add",
            "shoe_size": 43,
            "person": 7,
            "purpose": "fun",
            "keys": "ssh-ed25519 AAAA",
            "addresses": ["8.8.8.8", 9, {"adress": "9.9.9.9"}, {"address": "9.9.9.9", "until": "soon"}],
        }
    )
    assert [(fault.field, fault.why.split(";")[0]) for fault in form.unread] == [
        ("shoe_size", "there is no such field"),
        ("person", "is a text in quotes"),
        ("addresses", "each is a text, or a table of address, reason and until"),
        ("addresses", "each is a text, or a table of address, reason and until"),
        ("addresses", "'soon' is no moment"),
        ("keys", "is a list in brackets"),
        ("purpose", "is one of person, unattended"),
    ]
    assert [one.text for one in form.addresses] == ["8.8.8.8", "9.9.9.9"]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T17:00:00", datetime(2027, 1, 31, 17, tzinfo=UTC)),
        ("2027-01-31T17:00:00Z", datetime(2027, 1, 31, 17, tzinfo=UTC)),
        ("2027-01-31T17:00:00-06:00", datetime(2027, 1, 31, 23, tzinfo=UTC)),
    ],
)
def test_an_end_is_utc_unless_it_says_otherwise(written, moment):
    spelled = {"kind": "add", "addresses": [{"address": "8.8.8.8", "until": written}]}
    assert read_form(spelled).addresses[0].until == moment
    toml = parse_form(f'kind = "add"\naddresses = [{{address = "8.8.8.8", until = {written}}}]')
    assert toml.addresses[0].until == moment


@pytest.mark.parametrize("written", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
def test_an_end_beyond_the_calendar_is_no_moment(written):
    form = read_form({"kind": "add", "addresses": [{"address": "8.8.8.8", "until": written}]})
    assert [fault.field for fault in form.unread] == ["addresses"]


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\x1b]0;owned\x07", "two\nlines"], ids=ascii)
@pytest.mark.parametrize("field", ["name", "organization", "email", "agreement"])
def test_what_no_database_keeps_and_no_terminal_shows_is_a_fault(field, text):
    form = read_form({"kind": "add", field: text})
    assert [str(fault) for fault in form.unread] == [f"{field}: is one line without control characters"]
    assert getattr(form, field) == ""


def test_a_dotted_key_without_end_costs_no_memory():
    tracemalloc.start()
    try:
        with pytest.raises(Invalid, match="at most 2,000 dots"):
            parse_form("a" + ".a" * 5000 + " = 1")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.fact("0.9")
def test_the_form_tells_vpn_users_when_to_identify_their_address():
    assert "Connected to a VPN? Identify the address while connected" in HINTS["addresses"]


@pytest.mark.fact("0.10")
def test_the_form_asks_for_all_known_addresses_blocks_and_ranges():
    assert "All known public IPv4 addresses, blocks or ranges" in HINTS["addresses"]

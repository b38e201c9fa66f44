"""A request comes in whole, or every fault of it is told at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mft.model.account import AccountState, Purpose
from mft.model.errors import Conflict, Exhausted
from mft.model.event import Action
from mft.model.request import AskedAddress, RequestKind, RequestState
from mft.requests.checks import MOST_ADDRESSES, MOST_KEYS
from mft.requests.form import RequestForm, Unfit, parse_form
from tests.requests.conftest import AGREEMENT, JANE, Bureau
from tests.support.gate import OLGA, SOME_KEY

OTHER = {"name": "rroe", "email": "rroe@northwind.example"}
"""What must differ between two people."""


def faults(bureau: Bureau, form: RequestForm = JANE, **changes) -> list[str]:
    """Submit a form that is refused, and return its faults."""
    with pytest.raises(Unfit) as refused:
        bureau.submit(form, **changes)
    assert bureau.requests.listing() == []
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.fact("0.6")
@pytest.mark.fact("0.11")
def test_a_request_is_kept_with_its_due_date_and_its_signature(any_bureau: Bureau):
    made = any_bureau.submit()
    now = any_bureau.gate.clock.now()
    assert any_bureau.requests.get(made.id) == made
    assert (made.state, made.submitted_by, made.account) == (RequestState.SUBMITTED, "olga", None)
    assert made.due_at - now == timedelta(days=14)
    signed = made.signature
    assert signed is not None
    assert (signed.agreement, signed.by, signed.at, signed.source) == (AGREEMENT, "Jane Doe", now, "cli")
    assert signed.sha256 == any_bureau.requests.agreement().sha256
    line = any_bureau.gate.lines(Action.AGREEMENT_SIGNED)[-1].event
    assert line.detail["sha256"] == signed.sha256.hex()
    assert (line.subject, line.detail["by"], line.detail["request"]) == ("jdoe", "Jane Doe", made.id)


def test_the_person_and_the_administrator_are_told_and_nobody_twice(bureau: Bureau):
    bureau.organizations.set_administrator(OLGA, "northwind", "ada@northwind.example")
    made = bureau.submit()
    assert {each.recipient for each in bureau.letters()} == {"jane@northwind.example", "ada@northwind.example"}
    assert {each.template for each in bureau.letters()} == {"request-received"}
    assert all(made.id in each.fields and "2026-12-06 09:00 UTC" in each.fields for each in bureau.letters())
    bureau.submit(name="ada", email="ada@northwind.example")
    assert [each.recipient for each in bureau.letters()].count("ada@northwind.example") == 2


def test_every_fault_of_a_form_is_told_at_once(bureau: Bureau):
    text = 'kind = "add"\nshoe_size = 43\nname = "J D"\nphone = "12"\nkeys = ["x"]\naddresses = ["10.0.0.1", "a"]'
    found = faults(bureau, parse_form(text))
    fields = [line.partition(":")[0] for line in found]
    assert fields == [
        *("shoe_size", "organization", "name", "person", "email", "phone", "reason"),
        *("addresses", "addresses", "keys", "agreement"),
    ]


def test_a_field_that_could_not_be_read_is_not_called_missing_too(bureau: Bureau):
    found = faults(bureau, parse_form('kind = "add"\nperson = 7\naddresses = [8]'))
    assert [line for line in found if line.startswith(("person", "addresses"))] == [
        "person: is a text in quotes",
        "addresses: each is a text, or a table of address, reason and until",
    ]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"organization": "nowhere"}, "organization: there is no organization nowhere"),
        ({"organization": ""}, "organization: is needed"),
        ({"person": " "}, "person: is needed"),
        ({"person": "Jane\nDoe"}, "person: a title or reason is one line"),
        ({"email": "jane"}, "email: 'jane' is not an e-mail address"),
        ({"email": ""}, "email: is needed"),
        ({"contact": "nobody"}, "contact: 'nobody' is not an e-mail address"),
        ({"phone": ""}, "phone: is needed"),
        ({"phone": "call me"}, "phone: 'call me' is no telephone number"),
        ({"phone": "(((((((("}, "phone: '((((((((' is no telephone number"),
        ({"reason": ""}, "reason: is needed"),
        ({"name": "Jane"}, "name: 'Jane' cannot be a user name"),
        ({"keys": ("nonsense",)}, "keys: "),
        ({"keys": (SOME_KEY, SOME_KEY)}, "is named twice"),
        ({"keys": (SOME_KEY,) * (MOST_KEYS + 1)}, f"keys: a request holds at most {MOST_KEYS}"),
    ],
)
def test_each_field_is_checked_by_itself(bureau: Bureau, changes, fault):
    (found,) = faults(bureau, **changes)
    assert fault in found


@pytest.mark.parametrize(
    "phone", ["+1 555 010 4477", "(555) 010-4477", "555.010.4477 ext. 12", "+49 40 5550104", "5550104 x1"]
)
def test_telephone_numbers_are_taken_as_people_write_them(bureau: Bureau, phone):
    assert bureau.submit(phone=f" {phone} ").phone == phone


@pytest.mark.fact("0.6")
@pytest.mark.parametrize("accepted", ["", "confidentiality-2025-01", AGREEMENT.upper()])
def test_a_new_account_needs_the_agreement_in_force_accepted_by_its_name(bureau: Bureau, accepted):
    (found,) = faults(bureau, agreement=accepted)
    assert found.startswith("agreement: ")
    assert AGREEMENT in found


@pytest.mark.fact("0.7")
def test_a_new_account_needs_at_least_one_address(bureau: Bureau):
    assert faults(bureau, addresses=()) == ["addresses: at least one public IPv4 address is needed"]
    (found,) = faults(bureau, addresses=(AskedAddress("2001:db8::1"),))
    assert "is not an IPv4 address" in found


@pytest.mark.fact("0.8")
@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("192.168.1.7", "private use"),
        ("10.0.0.0/8", "private use"),
        ("100.64.3.2", "shared by a provider's customers"),
        ("127.0.0.1", "loopback"),
        ("9.0.0.0/8", "an entry holds at most 65,536"),
        ("8.8.8.8/24", "names one address inside the network 8.8.8.0/24"),
        ("8.8.8.9-8.8.8.8", "comes after the last"),
        ("8.8.8.256", "at most 255"),
    ],
)
def test_an_address_that_is_never_listed_is_refused_with_the_sentence_why(bureau: Bureau, typed, why):
    (found,) = faults(bureau, addresses=(AskedAddress("8.8.4.4"), AskedAddress(typed)))
    assert found.startswith("addresses: ")
    assert why in found


@pytest.mark.fact("0.10")
def test_several_addresses_blocks_and_ranges_are_asked_for_at_once(bureau: Bureau):
    texts = ("8.8.8.8", "9.9.0.0/16", "1.1.1.1-1.1.1.9")
    made = bureau.submit(addresses=tuple(AskedAddress(f" {text} ", "clinic") for text in texts))
    assert [one.text for one in made.addresses] == list(texts)
    weighed = bureau.requests.weighed(made)
    assert [one.unfit for one in weighed] == [None, None, None]
    assert [one.waits is not None for one in weighed] == [False, True, False]
    assert "65,536 addresses" in str(weighed[1].waits)


def test_an_address_that_is_named_twice_over_already_or_one_too_many_is_refused(bureau: Bureau):
    twice = faults(bureau, addresses=(AskedAddress("8.8.8.8"), AskedAddress("8.8.8.8/32")))
    assert "8.8.8.8 is named twice" in twice[0]
    over = faults(bureau, addresses=(AskedAddress("8.8.8.8", until=bureau.gate.clock.now()),))
    assert "which is over" in over[0]
    many = faults(bureau, addresses=tuple(AskedAddress(f"8.8.8.{n}") for n in range(MOST_ADDRESSES + 1)))
    assert f"at most {MOST_ADDRESSES}" in many[0]


def test_many_small_addresses_wait_where_one_would_not(bureau: Bureau):
    blocks = tuple(AskedAddress(f"8.8.{n}.0/24") for n in range(17))
    waits = [one.waits for one in bureau.requests.weighed(bureau.submit(addresses=blocks))]
    assert waits[:16] == [None] * 16
    assert "the list would hold 4,352 addresses" in str(waits[16])


@pytest.mark.fact("1.15")
def test_a_mail_address_belongs_to_one_person_among_accounts_and_open_requests(bureau: Bureau):
    bureau.gate.account("bob")
    bureau.submit()
    asked = [
        ({"email": "BOB@example.org", "name": "rroe"}, "belongs to an account already"),
        ({"email": "Jane@Northwind.example", "name": "rroe"}, "stands in req_"),
        ({"name": "bob", "email": "rroe@northwind.example"}, "bob belongs to an account already"),
        ({"name": "jdoe", "email": "rroe@northwind.example"}, "jdoe is asked for by req_"),
    ]
    for changes, why in asked:
        with pytest.raises(Unfit, match=why):
            bureau.submit(**changes)
    assert len(bureau.requests.listing()) == 1


def test_a_name_or_mail_address_of_a_request_that_is_decided_or_expired_is_free_again(bureau: Bureau):
    first = bureau.submit()
    bureau.requests.withdraw(OLGA, first.id)
    second = bureau.submit()
    bureau.gate.clock.advance(days=90)
    assert bureau.submit().id not in {first.id, second.id}


@pytest.mark.fact("0.15")
def test_the_name_of_a_purged_account_is_never_asked_for_again(bureau: Bureau):
    bureau.gate.account("jdoe")
    bureau.gate.move("jdoe", AccountState.ACTIVE, AccountState.PURGED)
    (found,) = faults(bureau)
    assert found == "name: jdoe was purged, and its name is never handed out again; choose another"


@pytest.mark.fact("0.5")
def test_open_requests_take_seats_and_unattended_jobs_take_none(any_bureau: Bureau):
    any_bureau.organizations.set_seats(OLGA, "northwind", 2)
    any_bureau.gate.account("bob", password=None)
    first = any_bureau.submit()
    with pytest.raises(Exhausted, match=r"northwind has 2 of 2 seats \(1 of them asked for\); remove somebody"):
        any_bureau.submit(**OTHER)
    any_bureau.submit(name="job", email="job@northwind.example", purpose=Purpose.UNATTENDED)
    any_bureau.requests.deny(OLGA, first.id, "not needed")
    assert any_bureau.submit(**OTHER).state is RequestState.SUBMITTED


@pytest.mark.fact("0.5")
def test_a_request_nobody_decided_in_time_takes_no_seat(bureau: Bureau):
    bureau.organizations.set_seats(OLGA, "northwind", 1)
    bureau.submit()
    bureau.gate.clock.advance(days=90)
    assert bureau.submit(**OTHER).state is RequestState.SUBMITTED


@pytest.mark.parametrize("kind", [RequestKind.REMOVE, RequestKind.ADDRESSES])
def test_a_request_about_an_account_knows_whose_it_is(bureau: Bureau, kind):
    bob = bureau.gate.account("bob", person="Bob Roe", phone="555 010 1234")
    asked = (AskedAddress("9.9.9.9"),) if kind is RequestKind.ADDRESSES else ()
    made = bureau.about(kind, "bob", addresses=asked)
    assert (made.account, made.organization, made.person, made.email) == (
        bob.id,
        bob.organization,
        "Bob Roe",
        "bob@example.org",
    )
    assert made.signature is None


@pytest.mark.parametrize("kind", [RequestKind.REMOVE, RequestKind.ADDRESSES])
def test_a_request_about_an_account_is_refused_with_what_is_wrong(bureau: Bureau, kind):
    bureau.gate.account("bob")
    bureau.gate.account("gone")
    bureau.gate.move("gone", AccountState.ACTIVE, AccountState.PURGED)
    asked = (AskedAddress("9.9.9.9"),) if kind is RequestKind.ADDRESSES else ()
    fit = RequestForm(kind, name="bob", reason="moved", addresses=asked)
    cases = [
        ({"name": "nobody"}, "name: there is no account 'nobody'"),
        ({"name": "gone"}, "name: gone was purged; access is regained by a request for a new user name"),
        ({"organization": "acme"}, "organization: bob does not belong to acme"),
        ({"organization": "nowhere"}, "organization: bob does not belong to nowhere"),
        ({"reason": ""}, "reason: is needed"),
        ({"person": "Bob"}, "person: is for a new account; leave it out"),
        ({"keys": (SOME_KEY,)}, "keys: is for a new account; leave it out"),
        ({"agreement": AGREEMENT}, "agreement: is for a new account; leave it out"),
        ({"addresses": () if asked else (AskedAddress("9.9.9.9"),)}, "addresses: "),
    ]
    for changes, why in cases:
        (found,) = faults(bureau, replace(fit, **changes))
        assert found.startswith(why)
    assert bureau.submit(fit, organization="northwind").name == "bob"


@pytest.mark.fact("0.17")
def test_an_address_that_is_on_the_list_already_is_not_asked_for_again(bureau: Bureau):
    bureau.gate.account("bob", allow="8.8.8.8")
    form = RequestForm(RequestKind.ADDRESSES, name="bob", reason="moved", addresses=(AskedAddress("8.8.8.8"),))
    assert "on the list already" in faults(bureau, form)[0]


def test_the_same_about_one_account_is_open_once(any_bureau: Bureau):
    any_bureau.gate.account("jdoe", password=None)
    first = any_bureau.about(RequestKind.REMOVE)
    with pytest.raises(Conflict, match=f"{first.id} asks for that about jdoe already"):
        any_bureau.about(RequestKind.REMOVE)
    any_bureau.about(RequestKind.ADDRESSES, addresses=(AskedAddress("9.9.9.9"),))
    any_bureau.requests.deny(OLGA, first.id, "still needed")
    assert any_bureau.about(RequestKind.REMOVE).state is RequestState.SUBMITTED


def test_a_disabled_organization_gets_no_new_people(bureau: Bureau):
    bureau.organizations.set_enabled(OLGA, "northwind", enabled=False)
    assert faults(bureau) == ["organization: northwind is disabled"]

"""An approved request is done whole, in one transaction, by exactly one operator."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from mft.model.account import AccountState, CredentialKind, Purpose
from mft.model.errors import Conflict, Exhausted, Invalid, MftError, NotFound
from mft.model.event import Action
from mft.model.path import VirtualPath
from mft.model.request import AskedAddress, RequestKind, RequestState
from mft.model.rights import Right, format_rights
from mft.policy.signon import Admit, MustReplace, Reason, Refuse
from mft.store import credentials
from tests.requests.conftest import JANE, Bureau
from tests.support.gate import BETTER, HOME, OLGA, OTTO, SOME_KEY

SECOND = timedelta(seconds=1)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run all *acts* at the same time; return what each gave or raised."""
    gathered = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        gathered.wait()
        try:
            return act()
        except MftError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts))


def rights(bureau: Bureau, name: str) -> dict[str, str]:
    return {str(one.folder): format_rights(one.rights) for one in bureau.grants.of(bureau.accounts.get(name))}


def kinds(bureau: Bureau, name: str) -> list[CredentialKind]:
    with bureau.gate.store.read() as connection:
        return [one.kind for one in credentials.of_account(connection, bureau.accounts.get(name).id)]


@pytest.mark.fact("0.6")
@pytest.mark.fact("0.12")
async def test_approval_makes_the_account_its_addresses_rights_and_temporary_password(any_bureau: Bureau):
    made = any_bureau.submit(contact="it@northwind.example", keys=(SOME_KEY,))
    done = any_bureau.requests.approve(OTTO, made.id)
    account = any_bureau.accounts.get("jdoe")
    assert (account.person, account.email, account.phone) == (JANE.person, JANE.email, JANE.phone)
    assert (account.contact, account.state, account.created_by) == ("it@northwind.example", AccountState.ACTIVE, "otto")
    assert any_bureau.listed("jdoe") == ["8.8.8.8"]
    assert rights(any_bureau, "jdoe") == {"/Distribution/northwind": "list,read,delete"}
    assert sorted(kinds(any_bureau, "jdoe")) == [CredentialKind.KEY, CredentialKind.TEMPORARY]
    decided = any_bureau.requests.get(made.id)
    assert (decided.state, decided.decided_by, decided.account) == (RequestState.APPROVED, "otto", account.id)
    assert done.password is not None
    assert isinstance((await any_bureau.gate.enter("jdoe", done.password.secret)).verdict, MustReplace)


def test_approval_leaves_its_lines_and_letters_and_no_secret_in_either(bureau: Bureau):
    bureau.organizations.set_administrator(OLGA, "northwind", "ada@northwind.example")
    made = bureau.submit()
    before = len(bureau.actions())
    done = bureau.requests.approve(OTTO, made.id)
    assert done.password is not None
    assert bureau.actions()[before:] == [
        *("account.added", "address.added", "grant.given", "password.issued", "request.approved")
    ]
    line = bureau.gate.lines(Action.REQUEST_APPROVED)[-1].event
    assert (line.subject, line.actor.name, line.detail["request"]) == ("jdoe", "otto", made.id)
    assert line.detail["rights"] == "list,read,delete on /Distribution/northwind"
    told = [each for each in bureau.letters() if each.template == "request-approved"]
    assert {each.recipient for each in told} == {"jane@northwind.example", "ada@northwind.example"}
    assert {each.account for each in told} == {done.account.id}
    assert all("before 2026-11-24 09:00 UTC" in each.fields for each in told)
    assert done.password.secret not in str(bureau.letters()) + str(bureau.gate.lines()) + repr(done)


@pytest.mark.fact("0.12")
@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (timedelta(hours=48) - SECOND, MustReplace),
        (timedelta(hours=48), Reason.TEMPORARY_EXPIRED),
        (timedelta(hours=48) + SECOND, Reason.TEMPORARY_EXPIRED),
    ],
)
async def test_the_48_hours_run_from_the_approval_however_long_hashing_took(bureau: Bureau, after, verdict):
    made = bureau.submit()
    bureau.gate.passwords.before_seal = lambda: bureau.gate.clock.advance(hours=1)
    done = bureau.requests.approve(OTTO, made.id)
    assert done.password is not None
    assert done.password.expires_at == bureau.gate.clock.now() + timedelta(hours=48)
    bureau.gate.clock.advance(seconds=after.total_seconds())
    given = (await bureau.gate.enter("jdoe", done.password.secret)).verdict
    assert given == Refuse(verdict) if isinstance(verdict, Reason) else isinstance(given, verdict)


@pytest.mark.fact("0.13")
async def test_after_48_hours_the_service_desk_resets_and_the_person_gets_in(bureau: Bureau):
    done = bureau.requests.approve(OTTO, bureau.submit().id)
    assert done.password is not None
    bureau.gate.clock.advance(hours=48)
    assert (await bureau.gate.enter("jdoe", done.password.secret)).verdict == Refuse(Reason.TEMPORARY_EXPIRED)
    issued = bureau.gate.credentials.issue_temporary(OLGA, "jdoe")
    outcome = await bureau.gate.signon.replace_password(bureau.gate.knock("jdoe", HOME), issued.secret, BETTER)
    assert isinstance(getattr(outcome, "verdict", None), Admit)


def test_hashing_holds_up_no_writer(any_bureau: Bureau):
    made = any_bureau.submit()

    def another_writer() -> None:
        with any_bureau.gate.store.write():
            pass

    any_bureau.gate.passwords.before_seal = another_writer
    assert any_bureau.requests.approve(OTTO, made.id).password is not None


def test_of_operators_who_approve_at_once_one_does(any_bureau: Bureau):
    made = any_bureau.submit()
    answers = at_once(*[lambda: any_bureau.requests.approve(OTTO, made.id)] * 8)
    assert sorted(type(answer).__name__ for answer in answers) == ["Approved"] + ["Conflict"] * 7
    assert any_bureau.actions().count("request.approved") == 1
    assert any_bureau.actions().count("account.added") == 1
    assert kinds(any_bureau, "jdoe") == [CredentialKind.TEMPORARY]


def test_of_one_who_approves_and_one_who_denies_one_is_heard(any_bureau: Bureau):
    for number in range(6):
        made = any_bureau.submit(name=f"user{number}", email=f"user{number}@northwind.example")
        approve = lambda made=made: any_bureau.requests.approve(OTTO, made.id)  # noqa: E731
        deny = lambda made=made: any_bureau.requests.deny(OLGA, made.id, "no")  # noqa: E731
        answers = at_once(approve, deny)
        assert [isinstance(answer, Conflict) for answer in answers].count(True) == 1
        there = f"user{number}" in {one.name for one in any_bureau.accounts.listing()}
        assert there is (any_bureau.requests.get(made.id).state is RequestState.APPROVED)


@pytest.mark.fact("0.5")
def test_the_last_seat_goes_to_one_and_for_the_other_nothing_is_changed(any_bureau: Bureau):
    made = [any_bureau.submit(name=f"user{n}", email=f"user{n}@northwind.example") for n in range(4)]
    any_bureau.organizations.set_seats(OLGA, "northwind", 1)
    before = len(any_bureau.letters())
    answers = at_once(*[lambda one=one: any_bureau.requests.approve(OTTO, one.id) for one in made])
    assert sorted(type(answer).__name__ for answer in answers) == ["Approved"] + ["Exhausted"] * 3
    assert len(any_bureau.accounts.listing()) == 1
    assert [one.state for one in any_bureau.requests.listing()].count(RequestState.SUBMITTED) == 3
    assert any_bureau.actions().count("account.added") == 1
    assert len(any_bureau.letters()) == before + 1


@pytest.mark.fact("0.5")
def test_a_seat_taken_meanwhile_is_missed_at_approval(bureau: Bureau):
    made = bureau.submit()
    bureau.organizations.set_seats(OLGA, "northwind", 0)
    with pytest.raises(Exhausted, match="northwind has 0 of 0 seats"):
        bureau.requests.approve(OTTO, made.id)
    bureau.organizations.set_seats(OLGA, "northwind", None)
    assert bureau.requests.approve(OTTO, made.id).account.name == "jdoe"


@pytest.mark.parametrize("spoil", ["name", "email", "end", "folder", "view"])
def test_an_approval_that_cannot_be_done_whole_changes_nothing(any_bureau: Bureau, spoil: str):
    end = any_bureau.gate.clock.now() + timedelta(days=1) if spoil == "end" else None
    made = any_bureau.submit(addresses=(AskedAddress("9.9.9.9"), AskedAddress("8.8.8.8", until=end)))
    given = None
    if spoil == "end":
        any_bureau.gate.clock.advance(days=1)
    elif spoil in {"folder", "view"}:
        folder = "/Distribution/northwind/missing" if spoil == "folder" else "/Partners/acme/Inbound"
        given = ((VirtualPath.parse(folder), Right.LIST),)
    else:
        taken = {"name": {"name": "jdoe"}, "email": {"name": "other", "email": JANE.email}}[spoil]
        any_bureau.gate.account(password=None, allow=None, **taken)
    accounts, lines = any_bureau.accounts.listing(), len(any_bureau.actions())
    with pytest.raises((Conflict, Invalid, NotFound)):
        any_bureau.requests.approve(OTTO, made.id, given)
    assert any_bureau.accounts.listing() == accounts
    assert len(any_bureau.actions()) == lines
    assert any_bureau.requests.get(made.id) == made


@pytest.mark.parametrize(
    ("organization", "expected"),
    [
        ("northwind", {"/Distribution/northwind": "list,read,delete"}),
        ("acme", {"/Partners/acme/Inbound": "all", "/Partners/acme/Outbound": "list,read,delete"}),
        ("plan", {}),
    ],
)
def test_a_newcomer_may_do_what_the_organizations_kind_says(bureau: Bureau, organization, expected):
    done = bureau.requests.approve(OTTO, bureau.submit(organization=organization).id)
    assert rights(bureau, "jdoe") == expected
    assert len(done.grants) == len(expected)


def test_an_operator_may_say_other_rights_or_none(bureau: Bureau):
    folder = VirtualPath.parse("/Partners/acme/Outbound")
    bureau.requests.approve(OTTO, bureau.submit(organization="acme").id, ((folder, Right.LIST | Right.READ),))
    assert rights(bureau, "jdoe") == {"/Partners/acme/Outbound": "list,read"}
    bureau.requests.approve(OTTO, bureau.submit(name="rroe", email="rroe@acme.example").id, ())
    assert rights(bureau, "rroe") == {}


@pytest.mark.parametrize(
    ("purpose", "keys", "asked", "expected"),
    [
        (Purpose.PERSON, (), False, True),
        (Purpose.PERSON, (SOME_KEY,), False, True),
        (Purpose.UNATTENDED, (), False, True),
        (Purpose.UNATTENDED, (SOME_KEY,), False, False),
        (Purpose.UNATTENDED, (SOME_KEY,), True, True),
    ],
)
def test_a_job_with_keys_gets_a_password_only_when_asked(bureau: Bureau, purpose, keys, asked, expected):
    made = bureau.submit(purpose=purpose, keys=keys)
    done = bureau.requests.approve(OTTO, made.id, password=asked)
    assert (done.password is not None) is expected
    assert (CredentialKind.TEMPORARY in kinds(bureau, "jdoe")) is expected
    assert kinds(bureau, "jdoe").count(CredentialKind.KEY) == len(keys)
    assert bureau.requests.get(made.id).keys == ()


def test_the_warnings_of_a_job_go_where_its_request_said(bureau: Bureau):
    made = bureau.submit(purpose=Purpose.UNATTENDED, contact="IT@northwind.example")
    assert [each.recipient for each in bureau.letters()] == ["it@northwind.example"]
    assert bureau.requests.approve(OTTO, made.id).account.warned_at == "it@northwind.example"


@pytest.mark.fact("0.10")
async def test_a_wide_address_admits_nobody_until_another_person_approved_it(bureau: Bureau):
    made = bureau.submit(addresses=(AskedAddress("8.8.0.0/16"), AskedAddress("9.9.9.9")))
    done = bureau.requests.approve(OTTO, made.id)
    (waiting,) = done.waiting
    assert (str(waiting.addresses), waiting.approved_by) == ("8.8.0.0/16", None)
    assert "1." in next(each.fields for each in bureau.letters() if each.template == "request-approved")
    assert done.password is not None
    refused = await bureau.gate.enter("jdoe", done.password.secret)
    assert refused.verdict == Refuse(Reason.SOURCE_NOT_LISTED)
    bureau.gate.allowlists.approve(OLGA, waiting.id)
    assert isinstance((await bureau.gate.enter("jdoe", done.password.secret)).verdict, MustReplace)


@pytest.mark.fact("0.17")
def test_more_addresses_are_added_with_their_ends_and_replace_nothing(any_bureau: Bureau):
    any_bureau.gate.account("jdoe", password=None, allow="8.8.8.8")
    end = any_bureau.gate.clock.now() + timedelta(days=30)
    asked = (AskedAddress("9.9.9.9", until=end), AskedAddress("1.1.1.1-1.1.1.9", "the new clinic"))
    made = any_bureau.about(RequestKind.ADDRESSES, addresses=asked)
    any_bureau.gate.clock.advance(seconds=1)
    done = any_bureau.requests.approve(OTTO, made.id)
    assert (done.password, done.grants) == (None, ())
    entries = any_bureau.gate.allowlists.listing("jdoe")
    found = {str(one.addresses): (one.until, one.reason) for one in entries}
    assert found == {
        "8.8.8.8": (None, ""),
        "9.9.9.9": (end, f"request {made.id}"),
        "1.1.1.1-1.1.1.9": (None, "the new clinic"),
    }
    assert any_bureau.actions()[-3:] == ["address.added", "address.added", "request.approved"]


def test_more_addresses_come_with_no_rights_and_no_password(bureau: Bureau):
    bureau.gate.account("jdoe")
    made = bureau.about(RequestKind.ADDRESSES, addresses=(AskedAddress("9.9.9.9"),))
    for options in ({"rights": ()}, {"password": True}):
        with pytest.raises(Invalid, match="no new account"):
            bureau.requests.approve(OTTO, made.id, **options)


def test_more_addresses_for_an_account_purged_meanwhile_are_refused(bureau: Bureau):
    bureau.gate.account("jdoe")
    asked = bureau.about(RequestKind.ADDRESSES, addresses=(AskedAddress("9.9.9.9"),))
    bureau.requests.approve(OTTO, bureau.about(RequestKind.REMOVE).id)
    with pytest.raises(Conflict, match="purged"):
        bureau.requests.approve(OTTO, asked.id)
    assert bureau.requests.get(asked.id).addresses == ()
    assert bureau.requests.withdraw(OTTO, asked.id).state is RequestState.WITHDRAWN


def test_a_purge_leaves_nobodys_mail_address_in_what_was_asked_about_the_account(any_bureau: Bureau):
    asked = any_bureau.submit(purpose=Purpose.UNATTENDED, contact="it@northwind.example", keys=(SOME_KEY,))
    any_bureau.requests.approve(OTTO, asked.id)
    waits = any_bureau.about(RequestKind.ADDRESSES, addresses=(AskedAddress("9.9.9.9"),))
    assert waits.contact == "it@northwind.example"
    any_bureau.requests.approve(OTTO, any_bureau.about(RequestKind.REMOVE).id)
    assert any_bureau.requests.get(waits.id).contact == ""
    any_bureau.requests.deny(OTTO, waits.id, "too late")
    assert [each.template for each in any_bureau.letters() if each.recipient] == []


@pytest.mark.fact("0.6")
async def test_an_approved_removal_ends_the_account_and_leaves_evidence(any_bureau: Bureau):
    any_bureau.organizations.set_administrator(OLGA, "northwind", "ada@northwind.example")
    any_bureau.gate.account("jdoe")
    any_bureau.requests.approve(OTTO, (made := any_bureau.about(RequestKind.REMOVE)).id)
    account = any_bureau.accounts.get("jdoe")
    assert (account.state, account.purged_why) == (AccountState.PURGED, f"access removed, request {made.id}")
    assert (account.email, any_bureau.listed("jdoe"), kinds(any_bureau, "jdoe")) == ("", [], [])
    decided = any_bureau.requests.get(made.id)
    assert (decided.state, decided.decided_by, decided.reason) == (RequestState.APPROVED, "otto", "on leave")
    assert (decided.person, decided.email, decided.phone) == ("", "", "")
    assert any_bureau.actions()[-2:] == ["account.purged", "request.approved"]
    assert (await any_bureau.gate.enter("jdoe")).verdict == Refuse(Reason.ACCOUNT_PURGED)
    told = [(each.template, each.recipient) for each in any_bureau.letters()]
    assert sorted(told) == [
        ("request-approved", "ada@northwind.example"),
        ("request-received", "ada@northwind.example"),
    ]


def test_a_removal_of_an_account_purged_meanwhile_is_refused(bureau: Bureau):
    bureau.gate.account("jdoe")
    made = bureau.about(RequestKind.REMOVE)
    bureau.gate.move("jdoe", AccountState.ACTIVE, AccountState.PURGED)
    with pytest.raises(Conflict, match=f"purged already; withdraw {made.id}"):
        bureau.requests.approve(OTTO, made.id)
    assert bureau.requests.get(made.id).state is RequestState.SUBMITTED


@pytest.mark.fact("0.15")
async def test_access_is_regained_by_a_new_request_under_a_new_name_only(any_bureau: Bureau):
    first = any_bureau.requests.approve(OTTO, any_bureau.submit().id)
    any_bureau.requests.approve(OTTO, any_bureau.about(RequestKind.REMOVE).id)
    with pytest.raises(MftError, match="never handed out again"):
        any_bureau.submit()
    again = any_bureau.requests.approve(OTTO, any_bureau.submit(name="jdoe2").id)
    assert again.account.id != first.account.id
    assert any_bureau.accounts.get("jdoe").id == first.account.id
    assert first.password is not None
    assert again.password is not None
    assert isinstance((await any_bureau.gate.enter("jdoe", first.password.secret)).verdict, Refuse)
    assert isinstance((await any_bureau.gate.enter("jdoe2", again.password.secret)).verdict, MustReplace)


def test_a_removed_person_leaves_their_seat(bureau: Bureau):
    bureau.organizations.set_seats(OLGA, "northwind", 1)
    bureau.requests.approve(OTTO, bureau.submit().id)
    with pytest.raises(Exhausted):
        bureau.submit(name="rroe", email="rroe@northwind.example")
    bureau.requests.approve(OTTO, bureau.about(RequestKind.REMOVE).id)
    assert bureau.requests.approve(OTTO, bureau.submit(name="rroe", email="rroe@northwind.example").id)

"""Denied, withdrawn, expired, listed: what becomes of a request that is not approved."""

from datetime import timedelta

import pytest

from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.event import Action
from mft.model.request import RequestState
from mft.model.session import Door
from mft.store import requests
from tests.requests.conftest import Bureau
from tests.support.gate import OLGA, OTTO, SOME_KEY

SECOND = timedelta(seconds=1)
EXPIRES = timedelta(days=90)


def other(bureau: Bureau, name: str, **changes):
    return bureau.submit(name=name, email=f"{name}@northwind.example", **changes)


def test_a_denial_needs_a_reason_and_leaves_evidence(any_bureau: Bureau):
    made = any_bureau.submit(keys=(SOME_KEY,))
    for reason in ("", "  ", "two\nlines"):
        with pytest.raises(Invalid):
            any_bureau.requests.deny(OTTO, made.id, reason)
    denied = any_bureau.requests.deny(OTTO, made.id, " no contract ")
    assert (denied.state, denied.decided_by, denied.decision) == (RequestState.DENIED, "otto", "no contract")
    assert (denied.decided_at, denied.keys, denied.signature) == (any_bureau.gate.clock.now(), (), made.signature)
    line = any_bureau.gate.lines(Action.REQUEST_DENIED)[-1].event
    assert (line.subject, line.detail["reason"], line.detail["request"]) == ("jdoe", "no contract", made.id)
    (letter,) = [each for each in any_bureau.letters() if each.template == "request-denied"]
    assert letter.recipient == "jane@northwind.example"
    assert "no contract" in letter.fields
    assert any_bureau.accounts.listing() == []


def test_a_withdrawn_request_is_over_and_nobody_is_written_to(bureau: Bureau):
    made = bureau.submit()
    before = len(bureau.letters())
    withdrawn = bureau.requests.withdraw(OLGA, made.id, "left the clinic")
    assert (withdrawn.state, withdrawn.decision) == (RequestState.WITHDRAWN, "left the clinic")
    assert bureau.gate.lines(Action.REQUEST_WITHDRAWN)[-1].event.actor.name == "olga"
    assert len(bureau.letters()) == before


@pytest.mark.parametrize("first", ["approve", "deny", "withdraw"])
def test_what_is_decided_is_decided_once(any_bureau: Bureau, first):
    acts = {
        "approve": lambda one: any_bureau.requests.approve(OTTO, one.id),
        "deny": lambda one: any_bureau.requests.deny(OTTO, one.id, "no"),
        "withdraw": lambda one: any_bureau.requests.withdraw(OTTO, one.id),
    }
    made = any_bureau.submit()
    acts[first](made)
    decided, lines = any_bureau.requests.get(made.id), len(any_bureau.actions())
    for act in acts.values():
        with pytest.raises(Conflict, match=r"by otto already; a new request is needed"):
            act(made)
    assert any_bureau.requests.get(made.id) == decided
    assert len(any_bureau.actions()) == lines


@pytest.mark.parametrize("act", ["approve", "deny", "withdraw"])
@pytest.mark.parametrize(("after", "late"), [(EXPIRES - SECOND, False), (EXPIRES, True), (EXPIRES + SECOND, True)])
def test_an_expired_request_is_decided_by_nobody_tidied_or_not(bureau: Bureau, act, after, late):
    made = bureau.submit()
    bureau.gate.clock.advance(seconds=after.total_seconds())
    decide = {
        "approve": lambda: bureau.requests.approve(OTTO, made.id),
        "deny": lambda: bureau.requests.deny(OTTO, made.id, "no"),
        "withdraw": lambda: bureau.requests.withdraw(OTTO, made.id),
    }[act]
    if not late:
        decide()
        return
    for _ in range(2):
        with pytest.raises(Conflict, match="expired on 2027-02-20; a new request is needed"):
            decide()
        bureau.requests.tidy()
    assert bureau.accounts.listing() == []


def test_that_a_request_expired_is_written_down_once(any_bureau: Bureau):
    made = any_bureau.submit(keys=(SOME_KEY,))
    decided = other(any_bureau, "rroe")
    any_bureau.requests.withdraw(OLGA, decided.id)
    any_bureau.gate.clock.advance(days=90, seconds=-1)
    assert any_bureau.requests.tidy() == 0
    any_bureau.gate.clock.advance(seconds=1)
    assert [any_bureau.requests.tidy() for _ in range(3)] == [1, 0, 0]
    (line,) = any_bureau.gate.lines(Action.REQUEST_EXPIRED)
    assert (line.event.subject, line.event.actor.door, line.event.detail["request"]) == ("jdoe", Door.JOBS, made.id)
    expired = any_bureau.requests.get(made.id)
    assert (expired.state, expired.decided_at, expired.keys) == (RequestState.EXPIRED, None, ())


def test_a_backlog_longer_than_a_page_is_tidied_whole(bureau: Bureau, monkeypatch):
    monkeypatch.setattr("mft.requests.desk._PAGE", 2)
    for number in range(5):
        other(bureau, f"user{number}")
    bureau.gate.clock.advance(days=90)
    assert bureau.requests.tidy() == 5


@pytest.mark.fact("0.11")
def test_the_list_has_what_is_overdue_first_and_is_cut_by_state_and_organization(bureau: Bureau):
    expired = other(bureau, "expired")
    bureau.gate.clock.advance(days=76)
    overdue = other(bureau, "overdue")
    bureau.gate.clock.advance(days=1)
    denied = bureau.requests.deny(OTTO, other(bureau, "denied").id, "no")
    bureau.gate.clock.advance(days=13)
    waiting = other(bureau, "waiting", organization="acme")
    assert bureau.requests.listing() == [overdue, waiting, expired, denied]
    assert bureau.requests.listing(RequestState.SUBMITTED) == [overdue, waiting]
    assert bureau.requests.listing(RequestState.EXPIRED) == [expired]
    assert bureau.requests.listing(organization="acme") == [waiting]
    assert bureau.requests.listing(RequestState.DENIED, "northwind") == [denied]
    with pytest.raises(NotFound):
        bureau.requests.listing(organization="nowhere")


def test_a_request_of_no_such_id_is_not_found(bureau: Bureau):
    for act in (
        lambda: bureau.requests.get("req_nothing"),
        lambda: bureau.requests.approve(OTTO, "req_nothing"),
        lambda: bureau.requests.deny(OTTO, "req_nothing", "no"),
        lambda: bureau.requests.withdraw(OTTO, "req_nothing"),
    ):
        with pytest.raises(NotFound, match="mft request list"):
            act()


def test_the_statement_itself_moves_an_open_request_only(any_bureau: Bureau):
    store, now = any_bureau.gate.store, any_bureau.gate.clock.now()
    made = any_bureau.submit()
    late = other(any_bureau, "rroe")
    with store.write() as connection:
        moved = [
            requests.decide(connection, number, RequestState.DENIED, "otto", at, "no")
            for number, at in ((late.id, late.expires_at), (made.id, now), (made.id, now), (late.id, now))
        ]
    assert moved == [False, True, False, True]

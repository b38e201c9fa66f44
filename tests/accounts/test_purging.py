"""What a purge leaves of an account: its name, that it was, why and when; nothing to sign on with and nobody's data."""

from datetime import timedelta

import pytest
from sqlalchemy import Table, insert, select

from mft.accounts.allowlists import NewAddress
from mft.accounts.provisioning import Accounts, NewAccount
from mft.accounts.purging import purge
from mft.model.account import Account, AccountState
from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.event import Action
from mft.model.ids import GrantId, new_id
from mft.model.letter import Letter
from mft.model.rights import ALL, Grant
from mft.model.session import Actor, Door
from mft.policy.signon import Admit, Reason, Refuse
from mft.store import accounts, catalog, grants, notices, outbox, slowdowns
from mft.store.tables import access_request, allowlist_entry, credential, folder_grant, letter, notice, slowdown
from mft.vfs.folders import make_home
from tests.support.gate import HOME, OLGA, SOME_KEY, Gate
from tests.support.passes import Calendar

pytestmark = pytest.mark.fact("0.15")

CALENDAR = Actor(Door.JOBS, "accounts")
TRACES = (credential, allowlist_entry, folder_grant, letter, notice, slowdown)


def ended(gate: Gate, account: Account, **changes: timedelta) -> bool:
    """Purge *account*; unused_before is given as how long ago."""
    now = gate.clock.now()
    before = {name: now - ago for name, ago in changes.items()}
    with gate.store.write() as connection:
        return purge(connection, gate.trail, CALENDAR, account, "unused", now, **before)


def rows(gate: Gate, table: Table) -> int:
    with gate.store.read() as connection:
        return len(connection.execute(select(table)).all())


def leave_traces(gate: Gate, account: Account) -> None:
    """Leave a row of *account* in every table that a purge clears, and a request it came from."""
    now = gate.clock.now()
    gate.credentials.add_key(OLGA, account.name, SOME_KEY)
    gate.allowlists.add(OLGA, account.name, NewAddress("9.9.9.0/24"))
    with gate.store.write() as connection:
        notices.tell(connection, account.id, now, 30, now)
        slowdowns.count(connection, HOME, account.name, now, now)
        outbox.queue(connection, Letter("account-dormant", account.email, {"name": account.name}, account.id), now)
        outbox.queue(connection, Letter("account-purged", account.email, {"name": account.name}), now)
        connection.execute(
            insert(access_request).values(
                id="req_1", kind="add", state="approved", organization=account.organization, name=account.name,
                account=account.id, purpose="person", person="Alice Ng", email=account.email, phone="612-555-0100",
                addresses="[]", reason="care coordination", submitted_by="olga", submitted_at=now, due_at=now,
                expires_at=now,
            )
        )  # fmt: skip


async def test_every_trace_goes_and_the_tombstone_stays(any_gate: Gate):
    gate = any_gate
    account = gate.account(person="Alice Ng", phone="612-555-0100", contact="lee@northwind.example")
    other = gate.account("bob")
    assert isinstance((await gate.enter()).verdict, Admit)
    leave_traces(gate, account)
    account = gate.current()
    assert ended(gate, account)
    left = gate.current()
    assert (left.state, left.purged_at, left.purged_why) == (AccountState.PURGED, gate.clock.now(), "unused")
    assert (left.email, left.person, left.phone, left.contact, left.last_signon_source) == ("", "", "", "", None)
    assert {table.name: rows(gate, table) for table in TRACES} == {
        "credential": 1,  # Bob's.
        "allowlist_entry": 1,
        "folder_grant": 0,
        "letter": 1,  # What tells its owner, and is about nobody.
        "notice": 0,
        "slowdown": 0,
    }
    with gate.store.read() as connection:
        [request] = connection.execute(select(access_request)).mappings()
    assert {request[name] for name in ("person", "email", "phone", "addresses")} == {None}
    assert request["reason"] == "care coordination"
    assert gate.current("bob").email == other.email


def test_grants_go_and_those_of_others_stay(gate: Gate):
    account, other = gate.account(), gate.account("bob")
    organization = gate.organization()
    with gate.store.write() as connection:
        make_home(connection, organization, "olga", gate.clock.now())
        folder = catalog.resolve(connection, organization.home).entry
        assert folder is not None
        for one in (account, other):
            grant = Grant(GrantId(new_id("grt")), organization.home, ALL, one.id, None, "olga", gate.clock.now())
            grants.put_grant(connection, folder.id, grant)
    assert ended(gate, account)
    with gate.store.read() as connection:
        assert [one.account for one in grants.all_grants(connection)] == [other.id]


async def test_its_live_sessions_end_and_it_can_never_sign_on_again(gate: Gate):
    gate.account()
    inside = await gate.enter()
    assert inside.session is not None
    assert ended(gate, gate.current())
    assert isinstance(gate.signon.recheck(inside.session), Refuse)
    assert [one.end_requested for one in gate.sessions.listing()] == ["accounts: the account was purged"]
    assert (await gate.enter()).verdict == Refuse(Reason.ACCOUNT_PURGED)


def test_the_trail_says_by_whom_why_and_how_long_unused_and_holds_no_address(gate: Gate):
    account = gate.account()
    gate.clock.advance(days=120)
    assert ended(gate, account)
    [line] = gate.lines(Action.ACCOUNT_PURGED)
    assert (line.event.actor.name, line.event.subject) == ("accounts", "alice")
    assert line.event.detail == {
        "reason": "unused",
        "organization": "northwind",
        "used_at": account.created_at.isoformat(),
        "never_signed_on": True,
    }


async def test_who_was_used_meanwhile_stays_whole(any_gate: Gate):
    gate = any_gate
    stale = gate.account()
    gate.clock.advance(days=119)
    assert isinstance((await gate.enter()).verdict, Admit)
    gate.clock.advance(days=1)
    assert not ended(gate, stale, unused_before=timedelta(days=120))
    assert gate.lines(Action.ACCOUNT_PURGED) == []
    assert isinstance((await gate.enter()).verdict, Admit)


@pytest.mark.parametrize(("ago", "gone"), [(119, 1), (120, 1), (121, 0)])
def test_the_statement_itself_counts_from_the_creation_of_who_never_signed_on(gate: Gate, ago: int, gone: int):
    account = gate.account()
    gate.clock.advance(days=120)
    assert ended(gate, account, unused_before=timedelta(days=ago)) == bool(gone)


def test_it_happens_once(gate: Gate):
    account = gate.account()
    assert [ended(gate, account), ended(gate, account), ended(gate, gate.current())] == [True, False, False]
    assert len(gate.lines(Action.ACCOUNT_PURGED)) == 1


def test_the_name_is_never_handed_out_again_and_the_address_is_free(gate: Gate):
    account = gate.account()
    assert ended(gate, account)
    rooms = Accounts(gate.store, gate.trail, gate.clock, gate.allowlists, gate.credentials)
    with pytest.raises(Conflict):
        rooms.add(OLGA, NewAccount("alice", "northwind", "else@example.org"))
    assert rooms.add(OLGA, NewAccount("alice2", "northwind", "alice@example.org")).email == "alice@example.org"


def test_by_hand_it_wants_a_reason_and_a_living_account(gate: Gate):
    gate.account()
    room = Calendar(gate).purging
    for reason in ("", "  ", "two\nlines"):
        with pytest.raises(Invalid):
            room.purge(OLGA, "alice", reason)
    with pytest.raises(NotFound):
        room.purge(OLGA, "nobody", "left")
    room.purge(OLGA, "alice", "left the clinic")
    assert gate.current().purged_why == "left the clinic"
    with pytest.raises(Conflict):
        room.purge(OLGA, "alice", "left the clinic")


def test_who_is_due_is_found_to_the_microsecond_and_the_longest_unused_first(any_gate: Gate):
    gate = any_gate
    gate.account("late", password=None, allow=None, created_at=gate.clock.now() - timedelta(days=5))
    gate.account("early", password=None, allow=None, created_at=gate.clock.now() - timedelta(days=6))
    gate.account("never", password=None, allow=None)
    gate.clock.advance(days=115)
    with gate.store.read() as connection:
        now = gate.clock.now()
        assert [one.name for one in accounts.due(connection, now, gate.terms, 9)] == ["early", "late"]
        assert [one.name for one in accounts.due(connection, now, gate.terms, 1)] == ["early"]
        before = now - timedelta(microseconds=1)
        assert [one.name for one in accounts.due(connection, before, gate.terms, 9)] == ["early"]
        assert accounts.count_due(connection, now, gate.terms) == 2

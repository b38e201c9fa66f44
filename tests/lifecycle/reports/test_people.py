"""The access review and the report on disuse."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from mft.accounts.allowlists import Allowlists, NewAddress
from mft.accounts.credentials import Credentials
from mft.accounts.fitness import Fitness
from mft.accounts.purging import purge
from mft.audit.trail import Trail
from mft.crypto.passwords import Passwords
from mft.lifecycle.reports.people import Access
from mft.lifecycle.reports.room import Reports
from mft.lifecycle.reviews import Reviews
from mft.model.account import Purpose
from mft.model.errors import NotFound
from mft.model.review import Answer
from mft.model.rights import Right
from mft.model.session import Door
from mft.policy.allowlist import AllowlistRules
from mft.policy.passwords import PasswordRules
from mft.policy.signon import Terms
from mft.store import accounts, organizations
from tests.support.gate import SOME_KEY
from tests.support.world import OPERATOR, World, p

TRAIL = Trail("n1")


@pytest.fixture
def signed_on(world: World) -> Callable[[str], None]:
    def sign_on(name: str) -> None:
        with world.store.write() as connection:
            source = IPv4Address("8.8.4.4")
            accounts.signed_on(connection, world.accounts[name].id, world.clock.now(), Door.SFTP, source)

    return sign_on


@pytest.fixture
def allowlists(world: World) -> Allowlists:
    return Allowlists(world.store, TRAIL, world.clock, AllowlistRules(), ())


def by_name(found: list[Access]) -> dict[str, Access]:
    return {one.account.name: one for one in found}


def test_the_access_review_tells_of_everybody_all_that_lets_them_in(world, reports, signed_on, allowlists):
    until = world.clock.now() + timedelta(days=30)
    allowlists.add(OPERATOR, "alice", NewAddress("8.8.8.8", "clinic", until))
    world.clock.advance(seconds=1)
    allowlists.add(OPERATOR, "alice", NewAddress("9.9.9.0/24"))
    rules = Fitness(world.store, PasswordRules(), "payer")
    credentials = Credentials(
        world.store, TRAIL, Passwords(memory_kib=8, passes=1), world.clock, rules, timedelta(hours=48)
    )
    credentials.add_key(OPERATOR, "alice", SOME_KEY)
    world.grants.give(OPERATOR, p("/Distribution/northwind"), world.organizations["northwind"], Right.LIST)
    signed_on("alice")
    found = by_name(reports.access_review())
    assert set(found) == {"alice", "anna", "bot", "sven"}
    alice = found["alice"]
    assert (alice.organization, alice.account.last_signon_source) == ("northwind", IPv4Address("8.8.4.4"))
    assert [(str(one.addresses), one.until) for one in alice.addresses] == [("8.8.8.8", until), ("9.9.9.0/24", None)]
    assert [one.fingerprint[:7] for one in alice.keys] == ["SHA256:"]
    assert [(str(one.folder), one.account is None) for one in alice.grants] == [
        ("/Distribution/northwind", False),
        ("/Distribution/northwind", True),
    ]
    # What everyone of the organization has, each of them has; nobody else.
    assert len(found["anna"].grants) == 1
    assert (found["sven"].grants, found["sven"].addresses, found["sven"].keys) == ((), (), ())


def test_the_access_review_holds_the_answers_of_the_latest_recertification_only(world, reports):
    reviews = Reviews(world.store, TRAIL, world.clock, timedelta(days=30))
    with world.store.write() as connection:
        organizations.set_administrator(connection, world.organizations["northwind"].id, "adam@example.org")
    reviews.open_due()
    reviews.keep(OPERATOR, "northwind", "anna")
    asked = {name: one.recertified for name, one in by_name(reports.access_review()).items()}
    assert (asked["alice"].answer, asked["alice"].month) == (None, "2026-11")
    assert (asked["anna"].answer, asked["anna"].by) == (Answer.KEEP, "olivia")
    assert asked["sven"] is None
    world.clock.advance(days=20)
    reviews.open_due()
    # An earlier month's, written down later: the month decides, not the order of rows.
    world.clock.jump(days=-60)
    reviews.open_due()
    asked = {name: one.recertified for name, one in by_name(reports.access_review()).items()}
    assert (asked["anna"].answer, asked["anna"].month) == (None, "2026-12")


def test_who_is_purged_has_no_access_and_an_unknown_organization_is_no_answer(world, reports):
    with world.store.write() as connection:
        assert purge(connection, TRAIL, OPERATOR, world.accounts["anna"], "gone", world.clock.now())
    assert set(by_name(reports.access_review("northwind"))) == {"alice"}
    assert [one.account.name for one in reports.dormant(timedelta(days=400), "northwind")] == ["alice"]
    with pytest.raises(NotFound, match="westwind"):
        reports.access_review("westwind")


@pytest.mark.fact("0.15")
def test_disuse_is_told_by_the_rule_that_purges_the_first_first(world, reports, signed_on):
    world.clock.advance(days=91)
    signed_on("sven")
    world.clock.advance(days=-1)
    # Created 90 days ago: 30 days are left, to the microsecond.
    assert [(one.account.name, one.days_left) for one in reports.dormant(timedelta(days=30))] == [
        ("alice", 30),
        ("anna", 30),
        ("bot", 30),
    ]
    assert reports.dormant(timedelta(days=30, microseconds=-1)) == []
    world.clock.advance(days=31)
    past = reports.dormant(timedelta(0))
    assert [(one.account.name, one.days_left) for one in past] == [("alice", -1), ("anna", -1), ("bot", -1)]
    assert past[0].purge_at == world.accounts["alice"].created_at + timedelta(days=120)
    assert [one.account.name for one in reports.dormant(timedelta(days=90))][-1] == "sven"


def test_unattended_accounts_go_by_their_own_term(world):
    reports = Reports(world.store, world.clock, Terms(dormant_after_unattended=timedelta(days=400)))
    with world.store.write() as connection:
        connection.execute(
            accounts.table.update().where(accounts.table.c.name == "bot").values(purpose=Purpose.UNATTENDED.value)
        )
    found = [(one.account.name, one.days_left) for one in reports.dormant(timedelta(days=500))]
    assert found == [("alice", 120), ("anna", 120), ("sven", 120), ("bot", 400)]

"""The roll of the staff: who has which role, who may change it, what a refusal leaves."""

from collections.abc import Callable

import pytest

from mft.accounts.staff import StaffRoll
from mft.audit.search import Wanted, search
from mft.audit.trail import Trail
from mft.model.errors import Conflict, Forbidden, Invalid, NotFound
from mft.model.event import Action, AuditEvent
from mft.model.session import Actor, Door
from mft.model.staff import Act, Role
from mft.store.engine import Store
from tests.support.clock import MovingClock

OLGA = Actor(Door.CLI, "olga")
DORA = Actor(Door.CLI, "dora")


@pytest.fixture
def roll(any_store: Store) -> StaffRoll:
    return StaffRoll(any_store, Trail("n1"), MovingClock())


@pytest.fixture
def lines(any_store: Store) -> Callable[[Action], list[AuditEvent]]:
    return lambda action: search(any_store, Wanted(action=action.value), 100)


def staffed(roll: StaffRoll) -> StaffRoll:
    roll.add(OLGA, "olga", Role.OPERATOR)
    roll.add(OLGA, "dora", Role.SERVICE_DESK)
    return roll


def test_on_the_first_day_whoever_opens_the_server_is_operator(roll):
    assert roll.held_by("anybody").role is Role.OPERATOR
    roll.require(DORA, [Act.CHANGE_STAFF], "mft staff add")


def test_once_somebody_has_a_role_whoever_has_none_is_refused(roll):
    staffed(roll)
    assert roll.held_by("mallory").role is None
    with pytest.raises(Forbidden, match=r"mallory has no role here.*; ask somebody who is operator.*olga"):
        roll.require(Actor(Door.CLI, "mallory"), [Act.SEE_ACCOUNTS], "mft account list")


@pytest.mark.fact("0.18")
def test_a_name_that_was_said_lends_no_role(roll):
    staffed(roll)
    roll.require(Actor(Door.CLI, "mallory", user="olga"), [Act.CHANGE_STAFF], "mft staff add")
    with pytest.raises(Forbidden):
        roll.require(Actor(Door.CLI, "olga", user="mallory"), [Act.SEE_ACCOUNTS], "mft account list")
    with pytest.raises(Forbidden):
        roll.require(Actor(Door.CLI, "root", user="dora"), [Act.READ_FILES], "mft file get")


def test_root_is_operator_whatever_the_roll_says(roll):
    staffed(roll)
    assert roll.held_by("root").role is Role.OPERATOR
    with pytest.raises(Invalid, match="always operator"):
        roll.add(OLGA, "root", Role.AUDITOR)


@pytest.mark.fact("0.18")
def test_a_refusal_is_in_the_trail_and_says_who_may(roll, lines):
    staffed(roll).add(OLGA, "lina", Role.LIAISON)
    with pytest.raises(Forbidden, match=r"dora is service-desk.*; ask somebody who is operator or liaison: lina, olga"):
        roll.require(DORA, [Act.SEE_ACCOUNTS, Act.CHANGE_ADDRESSES], "mft allow add")
    (refused,) = lines(Action.ACT_REFUSED)
    assert (refused.event.actor.name, refused.event.subject) == ("dora", "mft allow add")
    assert refused.event.detail == {"act": Act.CHANGE_ADDRESSES.value, "role": "service-desk"}


def test_what_is_allowed_leaves_no_refusal(roll, lines):
    staffed(roll).require(DORA, [Act.RESET_PASSWORD], "mft account temp-password")
    assert lines(Action.ACT_REFUSED) == []


def test_the_first_on_the_roll_is_an_operator(roll):
    with pytest.raises(Conflict, match="operator"):
        roll.add(DORA, "dora", Role.SERVICE_DESK)
    assert roll.listing() == []


@pytest.mark.parametrize(
    "change",
    [lambda roll: roll.remove(OLGA, "olga"), lambda roll: roll.add(OLGA, "olga", Role.AUDITOR)],
    ids=["removed", "demoted"],
)
def test_the_last_operator_stays_while_others_are_on_the_roll(roll, change):
    staffed(roll)
    with pytest.raises(Conflict, match="mft staff add"):
        change(roll)
    assert roll.held_by("olga").role is Role.OPERATOR
    roll.add(OLGA, "otto", Role.OPERATOR)
    change(roll)
    assert roll.held_by("olga").role is not Role.OPERATOR


def test_the_last_on_the_roll_can_go(roll):
    roll.add(OLGA, "olga", Role.OPERATOR)
    roll.remove(OLGA, "olga")
    assert roll.listing() == []
    with pytest.raises(NotFound, match="mft staff list"):
        roll.remove(OLGA, "olga")


def test_a_role_given_again_takes_the_place_of_the_first_and_the_trail_says_both(roll, lines):
    staffed(roll).add(OLGA, "dora", Role.LIAISON)
    assert [(one.name, one.role, one.added_by) for one in roll.listing()] == [
        ("dora", Role.LIAISON, "olga"),
        ("olga", Role.OPERATOR, "olga"),
    ]
    assert lines(Action.STAFF_ADDED)[0].event.detail == {"role": "liaison", "before": "service-desk"}
    with pytest.raises(Conflict, match="already"):
        roll.add(OLGA, "dora", Role.LIAISON)
    roll.remove(OLGA, "dora")
    assert lines(Action.STAFF_REMOVED)[0].event.subject == "dora"


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "x" * 65])
def test_what_is_no_users_name_gets_no_role(roll, name):
    with pytest.raises(Invalid):
        roll.add(OLGA, name, Role.OPERATOR)

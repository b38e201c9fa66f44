"""Roles that come by groups of the directory: beside the roll, behind it, and while nothing answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mft.accounts.staff import StaffRoll
from mft.accounts.staff_groups import GroupRoles
from mft.audit.search import Wanted, search
from mft.audit.trail import Trail
from mft.crypto.passwords import Passwords
from mft.directory import trial
from mft.directory.trial import TrialDirectory
from mft.model.errors import Forbidden
from mft.model.event import Action, AuditEvent
from mft.model.session import Actor, Door
from mft.model.staff import Act, Held, Role, RoleSource
from mft.store.engine import Store
from tests.support.clock import MovingClock

QUICK = Passwords(memory_kib=8, passes=1)
OLGA = Actor(Door.CLI, "olga")
DORA = Actor(Door.CLI, "dora")
MAPPING = {"operators": Role.OPERATOR, "desk": Role.SERVICE_DESK}

pytestmark = pytest.mark.fact("0.18")


@dataclass
class Asked(TrialDirectory):
    """The trial directory, and whom it was asked about."""

    file: Path
    users: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(self.file, QUICK)

    async def groups(self, user: str) -> frozenset[str]:
        self.users.append(user)
        return await super().groups(user)


@pytest.fixture
def directory(tmp_path: Path) -> Asked:
    file = tmp_path / "people.json"
    trial.add(file, QUICK, "dora", "x", ["desk", "choir"])
    trial.add(file, QUICK, "otto", "x", ["operators"])
    trial.add(file, QUICK, "both", "x", ["operators", "desk"])
    trial.add(file, QUICK, "carl", "x", ["choir"])
    trial.add(file, QUICK, "root", "x", ["desk"])
    trial.add(file, QUICK, "1004", "x", ["operators"])
    return Asked(file)


@pytest.fixture
def roll_with(any_store: Store, directory: Asked) -> Callable[[Mapping[str, Role]], StaffRoll]:
    return lambda mapping: StaffRoll(any_store, Trail("n1"), MovingClock(), GroupRoles(directory, mapping))


@pytest.fixture
def roll(roll_with: Callable[[Mapping[str, Role]], StaffRoll]) -> StaffRoll:
    return roll_with(MAPPING)


@pytest.fixture
def refusals(any_store: Store) -> Callable[[], list[AuditEvent]]:
    return lambda: search(any_store, Wanted(action=Action.ACT_REFUSED.value), 100)


def test_whoever_is_not_on_the_roll_has_the_role_of_their_group(roll):
    assert roll.held_by("dora") == Held(Role.SERVICE_DESK, RoleSource.DIRECTORY, "desk", ("desk",))
    assert roll.held_by("otto").role is Role.OPERATOR
    roll.require(DORA, [Act.RESET_PASSWORD], "mft account temp-password")
    with pytest.raises(Forbidden, match=r"dora is service-desk by the group desk.*; ask .*: people of operators$"):
        roll.require(DORA, [Act.CHANGE_ACCOUNTS], "mft account add")


def test_several_groups_give_the_lesser_role(roll):
    assert roll.held_by("both") == Held(Role.SERVICE_DESK, RoleSource.DIRECTORY, "desk", ("desk", "operators"))


def test_with_groups_named_nobody_is_operator_for_want_of_a_roll(roll, refusals):
    assert roll.listing() == []
    for name in ("carl", "stranger"):
        assert roll.held_by(name) == Held(None, None)
        with pytest.raises(Forbidden, match="neither on the roll nor by a group"):
            roll.require(Actor(Door.CLI, name), [Act.SEE_ACCOUNTS], "mft account list")
    assert [one.event.detail["role"] for one in refusals()] == [None, None]


def test_the_roll_comes_before_the_directory_which_is_not_asked(roll, directory):
    roll.add(OLGA, "olga", Role.OPERATOR)
    roll.add(OLGA, "otto", Role.AUDITOR)
    assert roll.held_by("otto") == Held(Role.AUDITOR, RoleSource.ROLL)
    with pytest.raises(Forbidden):
        roll.require(Actor(Door.CLI, "otto"), [Act.CHANGE_ACCOUNTS], "mft account add")
    assert directory.users == []
    roll.remove(OLGA, "otto")
    assert roll.held_by("otto").role is Role.OPERATOR


def test_the_directory_is_asked_once_for_a_command_whatever_it_does(roll, directory):
    roll.require(Actor(Door.CLI, "otto"), [Act.SEE_ACCOUNTS, Act.CHANGE_ACCOUNTS], "mft account add")
    assert directory.users == ["otto"]


def test_root_is_operator_and_not_asked_about(roll, directory):
    assert roll.held_by("root") == Held(Role.OPERATOR, RoleSource.SUPERUSER)
    assert directory.users == []


def test_a_name_that_was_said_lends_no_groups(roll, directory):
    with pytest.raises(Forbidden):
        roll.require(Actor(Door.CLI, "otto", user="carl"), [Act.SEE_ACCOUNTS], "mft account list")
    assert directory.users == ["carl"]


def test_a_user_that_the_system_has_no_name_for_is_nobody_of_the_directory(roll, directory):
    assert roll.held_by("1004") == Held(None, None)
    assert directory.users == []


def test_a_directory_that_does_not_answer_gives_no_role_and_says_what_to_do(roll, directory, refusals):
    directory.file.unlink()
    with pytest.raises(Forbidden, match=r"^otto is not on the roll.*cannot be read.*; .*mft staff add otto"):
        roll.require(Actor(Door.CLI, "otto"), [Act.SEE_ACCOUNTS], "mft account list")
    (refused,) = refusals()
    assert refused.event.detail["role"] is None
    assert "cannot be read" in str(refused.event.detail["trouble"])
    assert roll.require(Actor(Door.CLI, "root"), [Act.CHANGE_STAFF], "mft staff add").role == "operator"
    roll.add(Actor(Door.CLI, "root"), "otto", Role.OPERATOR)
    assert roll.require(Actor(Door.CLI, "otto"), [Act.SEE_ACCOUNTS], "mft account list").role_from == "roll"


def test_an_empty_table_gives_nobody_anything(roll_with):
    roll = roll_with({})
    assert roll.held_by("otto") == Held(None, None)


def test_whoever_leaves_a_group_or_is_disabled_loses_the_role_with_the_next_command(roll, directory):
    trial.put_into(directory.file, "dora", ["choir"])
    trial.disable(directory.file, "otto")
    assert (roll.held_by("dora").role, roll.held_by("otto").role) == (None, None)


@pytest.mark.parametrize(
    ("name", "role", "origin"),
    [
        ("dora", "service-desk", "directory: desk"),
        ("olga", "operator", "roll"),
        ("root", "operator", "superuser"),
    ],
)
def test_an_act_is_recorded_with_the_role_and_what_gave_it(roll, name, role, origin):
    roll.add(OLGA, "olga", Role.OPERATOR)
    known = roll.require(Actor(Door.CLI, name), [Act.RESET_PASSWORD], "mft account temp-password")
    assert (known.name, known.role, known.role_from) == (name, role, origin)


def test_a_refused_act_is_recorded_with_them_too(roll, refusals):
    with pytest.raises(Forbidden):
        roll.require(DORA, [Act.CHANGE_ACCOUNTS], "mft account add")
    (refused,) = refusals()
    assert (refused.event.actor.role, refused.event.actor.role_from) == ("service-desk", "directory: desk")


def test_without_groups_an_empty_roll_is_said_to_be_why(any_store):
    roll = StaffRoll(any_store, Trail("n1"), MovingClock())
    assert roll.require(DORA, [Act.CHANGE_STAFF], "mft staff add").role_from == "empty roll"

"""Which role may do what: the table, written out a second time by hand, and who has which role."""

import pytest

from mft.model.staff import Act, Held, Role, RoleSource
from mft.policy.roles import LESSER_FIRST, led, may, role_by, role_in

OPERATOR, DESK, LIAISON, AUDITOR = Role.OPERATOR, Role.SERVICE_DESK, Role.LIAISON, Role.AUDITOR

# From fact 0.18 and the charge of each role, not from the table under test: o operator, d service desk, l liaison,
# a auditor.
WRITTEN_OUT = {
    "SEE_ACCOUNTS": "odla",
    "RESET_PASSWORD": "od",
    "UNLOCK": "odl",
    "CHANGE_ADDRESSES": "ol",
    "CHANGE_ACCOUNTS": "o",
    "CHANGE_ORGANIZATIONS": "o",
    "SEE_REQUESTS": "odla",
    "SUBMIT_REQUESTS": "ol",
    "DECIDE_REQUESTS": "o",
    "SEE_REVIEWS": "ola",
    "ANSWER_REVIEWS": "o",
    "SEE_REPORTS": "oa",
    "SEE_TREE": "oa",
    "READ_FILES": "o",
    "CHANGE_FILES": "o",
    "SEE_RETENTION": "oa",
    "CHANGE_RETENTION": "o",
    "READ_AUDIT": "oa",
    "SEE_JOBS": "oa",
    "RUN_JOBS": "o",
    "SEE_STAFF": "oa",
    "CHANGE_STAFF": "o",
    "KEEP_SERVER": "o",
}
LETTERS = {"o": OPERATOR, "d": DESK, "l": LIAISON, "a": AUDITOR}
CHANGING = {act for act in Act if not act.name.startswith(("SEE_", "READ_"))}


@pytest.mark.fact("0.18")
@pytest.mark.parametrize("act", list(Act), ids=lambda act: act.name)
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_is_written_here_and_nothing_else(role, act):
    assert may(role, act) is (role in {LETTERS[letter] for letter in WRITTEN_OUT[act.name]})


@pytest.mark.parametrize("act", list(Act), ids=lambda act: act.name)
def test_nobody_without_a_role_may_do_anything(act):
    assert not may(None, act)


@pytest.mark.fact("0.13")
@pytest.mark.fact("0.18")
def test_the_service_desk_resets_passwords_and_neither_sees_files_nor_changes_addresses():
    assert may(DESK, Act.RESET_PASSWORD)
    assert not [act for act in (Act.SEE_TREE, Act.READ_FILES, Act.CHANGE_FILES) if may(DESK, act)]
    assert not may(DESK, Act.CHANGE_ADDRESSES)


@pytest.mark.fact("0.18")
def test_the_liaison_team_helps_with_signing_on_and_issues_no_password():
    assert may(LIAISON, Act.SEE_ACCOUNTS)
    assert may(LIAISON, Act.CHANGE_ADDRESSES)
    assert not may(LIAISON, Act.RESET_PASSWORD)


def test_an_auditor_changes_nothing_and_opens_no_file():
    assert not [act for act in CHANGING if may(AUDITOR, act)]
    assert not may(AUDITOR, Act.READ_FILES)


def test_an_empty_roll_makes_everybody_operator_and_a_roll_with_one_person_only_that_one():
    assert role_in({}, "bob") == Held(OPERATOR, RoleSource.EMPTY_ROLL)
    roll = {"olga": OPERATOR, "dora": DESK}
    assert [role_in(roll, name).role for name in ("bob", "dora", "Dora")] == [None, DESK, None]
    assert role_in(roll, "dora").source is RoleSource.ROLL


def test_with_groups_mapped_an_empty_roll_makes_nobody_operator_but_root():
    assert role_in({}, "bob", mapped=True) == Held(None, None)
    assert role_in({}, "root", mapped=True) == Held(OPERATOR, RoleSource.SUPERUSER)
    assert role_in({"bob": DESK}, "bob", mapped=True) == Held(DESK, RoleSource.ROLL)


def test_the_superuser_is_always_operator():
    assert role_in({"root": AUDITOR, "olga": OPERATOR}, "root").role is OPERATOR


def test_a_roll_needs_an_operator_unless_it_is_empty():
    assert led({})
    assert led({"olga": OPERATOR, "dora": DESK})
    assert not led({"dora": DESK})


def test_the_lesser_role_is_the_one_that_changes_less():
    assert sorted(LESSER_FIRST) == sorted(Role)
    changes = [len([act for act in CHANGING if may(role, act)]) for role in LESSER_FIRST]
    assert changes == sorted(set(changes))


MAPPING = {
    "cn=ops,ou=groups,dc=plan,dc=example": OPERATOR,
    "desk": DESK,
    "cn=audit,ou=groups,dc=plan,dc=example": AUDITOR,
}


@pytest.mark.fact("0.18")
@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ([], None),
        (["cn=others,ou=groups,dc=plan,dc=example"], None),
        (["cn=ops,ou=other,dc=plan,dc=example"], None),
        (["cn=ops,ou=groups,dc=plan,dc=example"], OPERATOR),
        (["CN=Desk,OU=Groups,DC=plan,DC=example"], DESK),
        (["desk", "cn=ops,ou=groups,dc=plan,dc=example"], DESK),
        (["cn=audit,ou=groups,dc=plan,dc=example", "desk", "cn=ops,ou=groups,dc=plan,dc=example"], AUDITOR),
    ],
)
def test_groups_give_the_lesser_of_their_roles_and_groups_that_are_not_named_none(groups, role):
    held = role_by(groups, MAPPING)
    assert held.role is role
    assert held.source is (RoleSource.DIRECTORY if role else None)


def test_the_group_that_decided_is_said_beside_all_that_were_looked_at():
    held = role_by(["desk", "cn=ops,ou=groups,dc=plan,dc=example", "others"], MAPPING)
    assert (held.group, held.groups) == ("desk", ("cn=ops,ou=groups,dc=plan,dc=example", "desk"))
    assert held.origin == "directory: desk"


def test_without_a_mapping_no_group_gives_a_role():
    assert role_by(["desk", ""], {}) == Held(None, None)

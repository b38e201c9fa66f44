"""Which role may do what: one table, read by the command line and the portal (fact 0.18).  Pure."""

from collections.abc import Collection, Mapping
from typing import Final

from mft.model.staff import Act, Held, Role, RoleSource
from mft.policy.groups import is_meant

_ALL: Final = frozenset(Role)
_OPERATOR: Final = frozenset({Role.OPERATOR})
_DESK: Final = frozenset({Role.OPERATOR, Role.SERVICE_DESK})
_LIAISON: Final = frozenset({Role.OPERATOR, Role.LIAISON})
_HELP: Final = _DESK | _LIAISON
_READS: Final = frozenset({Role.OPERATOR, Role.AUDITOR})

ALLOWED: Final[Mapping[Act, frozenset[Role]]] = {
    Act.SEE_ACCOUNTS: _ALL,
    Act.RESET_PASSWORD: _DESK,
    Act.UNLOCK: _HELP,
    Act.CHANGE_ADDRESSES: _LIAISON,
    Act.CHANGE_ACCOUNTS: _OPERATOR,
    Act.CHANGE_ORGANIZATIONS: _OPERATOR,
    Act.SEE_REQUESTS: _ALL,
    Act.SUBMIT_REQUESTS: _LIAISON,
    Act.DECIDE_REQUESTS: _OPERATOR,
    Act.SEE_REVIEWS: _READS | _LIAISON,
    Act.ANSWER_REVIEWS: _OPERATOR,
    Act.SEE_REPORTS: _READS,
    Act.SEE_TREE: _READS,
    Act.READ_FILES: _OPERATOR,
    Act.CHANGE_FILES: _OPERATOR,
    Act.SEE_RETENTION: _READS,
    Act.CHANGE_RETENTION: _OPERATOR,
    Act.READ_AUDIT: _READS,
    Act.SEE_JOBS: _READS,
    Act.RUN_JOBS: _OPERATOR,
    Act.SEE_STAFF: _READS,
    Act.CHANGE_STAFF: _OPERATOR,
    Act.KEEP_SERVER: _OPERATOR,
}

LESSER_FIRST: Final = (Role.AUDITOR, Role.SERVICE_DESK, Role.LIAISON, Role.OPERATOR)
"""The roles by how much they let somebody change, the least first."""

SUPERUSER: Final = "root"
"""The operating system's superuser: nothing on the machine can be kept from it, so it has every right."""


def role_in(roll: Mapping[str, Role], user: str, *, mapped: bool = False) -> Held:
    """Return the role that the operating system's *user* has without a directory being asked.

    While the *roll* is empty everybody is operator, unless groups of a directory are *mapped* to roles:
    then it is said already who has one.
    """
    if user == SUPERUSER:
        return Held(Role.OPERATOR, RoleSource.SUPERUSER)
    if not roll and not mapped:
        return Held(Role.OPERATOR, RoleSource.EMPTY_ROLL)
    role = roll.get(user)
    return Held(role, RoleSource.ROLL if role else None)


def role_by(groups: Collection[str], mapping: Mapping[str, Role]) -> Held:
    """Return the role that somebody in *groups* has by the *mapping* of groups to roles.

    One person has one role, and no role is the sum of two others.  So several groups give the lesser:
    a group too many never lets somebody do more than one of them was meant to, and an auditor stays one
    who changes nothing, whatever else they are put into.  Who has to do more is put on the roll.
    """
    named = {one: role for one, role in mapping.items() if any(is_meant(one, group) for group in groups)}
    if not named:
        return Held(None, None)
    group = min(named, key=lambda one: (LESSER_FIRST.index(named[one]), one))
    return Held(named[group], RoleSource.DIRECTORY, group, tuple(sorted(named)))


def led(roll: Mapping[str, Role]) -> bool:
    """Return whether somebody on the *roll* may change it; an empty one needs nobody."""
    return not roll or Role.OPERATOR in roll.values()


def may(role: Role | None, act: Act) -> bool:
    """Return whether somebody with *role* may do *act*; nobody without a role may do anything."""
    return role in ALLOWED.get(act, frozenset())

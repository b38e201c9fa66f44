"""Which role may do what: one table, read by the command line and the portal (fact 0.18).  Pure."""

from collections.abc import Mapping
from typing import Final

from mft.model.staff import Act, Role

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

SUPERUSER: Final = "root"
"""The operating system's superuser: nothing on the machine can be kept from it, so it has every right."""


def role_in(roll: Mapping[str, Role], user: str) -> Role | None:
    """Return the role of the operating system's *user*, or None; while the *roll* is empty, everybody is operator."""
    if user == SUPERUSER or not roll:
        return Role.OPERATOR
    return roll.get(user)


def led(roll: Mapping[str, Role]) -> bool:
    """Return whether somebody on the *roll* may change it; an empty one needs nobody."""
    return not roll or Role.OPERATOR in roll.values()


def may(role: Role | None, act: Act) -> bool:
    """Return whether somebody with *role* may do *act*; nobody without a role may do anything."""
    return role in ALLOWED.get(act, frozenset())

"""What somebody of the staff is told whose role does not allow what they tried: why, and who may do it."""

from collections.abc import Mapping
from typing import Final

from mft.model.staff import Act, Held, Role
from mft.policy.roles import ALLOWED, SUPERUSER

_NAMED: Final = 5
"""How many people, and how many groups, a refusal names at most."""


def refusal(user: str, held: Held, act: Act, roll: Mapping[str, Role], mapping: Mapping[str, Role]) -> str:
    """Return why *user* may not do *act*, and what to do about it."""
    if held.trouble:
        return _unanswered(user, held.trouble)
    roles = ALLOWED.get(act, frozenset())
    by = f" by the group {held.group}" if held.group else ""
    whose = f"{user} is {held.role.value}{by}, and so may not" if held.role else _without(user, mapping)
    able = " or ".join(one.value for one in Role if one in roles)
    people = [name for name in sorted(roll) if roll[name] in roles][:_NAMED]
    groups = [f"people of {name}" for name in sorted(mapping) if mapping[name] in roles][:_NAMED]
    return f"{whose} {act.value}; ask somebody who is {able}: {', '.join([*people, *groups]) or SUPERUSER}"


def _without(user: str, mapping: Mapping[str, Role]) -> str:
    by = ", neither on the roll nor by a group of the directory" if mapping else ""
    return f"{user} has no role here{by}, and may not"


def _unanswered(user: str, trouble: str) -> str:
    what, _, mend = trouble.partition("; ")
    return (
        f"{user} is not on the roll, and what knows their groups gives no answer, so that they have no role: {what}; "
        f"{mend or 'try again'}; until then {SUPERUSER} may put them on the roll: mft staff add {user} --role ROLE"
    )

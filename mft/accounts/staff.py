"""Who runs the server, and as what: the roll of the staff, and the check before each of their acts (fact 0.18).

* Roles are given to users of the operating system.  The user is who logged in, as the kernel or sudo
  tells it; a name said with ``--as`` is recorded, and never lends its role.
* One person has one role.  Which role may do what stands in ``mft.policy.roles``, in one table.
* While nobody is on the roll, whoever can open the server is operator: so it is on the first day.  Once
  somebody is, whoever is not has no role, and every act is refused to them.
* The system's superuser ``root`` is always operator and never on the roll: nothing on the machine can be
  kept from it, so that pretending to would only mislead.
* A roll with anybody on it has an operator on it: the first must be one, and the last one can be neither
  removed nor given another role while others are left.
* A refused act leaves an event in the audit trail, and names who may do it.

Whom the system lets start the program at all is not decided here, but by its own permissions and sudo.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.errors import Conflict, Forbidden, Invalid, NotFound
from mft.model.event import Action, Event
from mft.model.session import Actor
from mft.model.staff import Act, Role, StaffMember
from mft.policy.roles import ALLOWED, SUPERUSER, led, may, role_in
from mft.store import staff
from mft.store.engine import Connection, Store

_LONGEST: Final = 64
"""Characters of a name; the operating system allows 32."""
_NAMED: Final = 5
"""How many people a refusal names at most."""


class StaffRoll:
    """The roll as the command line and the portal's staff pages use it."""

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock

    def listing(self) -> list[StaffMember]:
        """Return everybody on the roll, by name; empty while whoever can open the server is operator."""
        with self._store.read() as connection:
            return staff.listing(connection)

    def role_of(self, user: str) -> Role | None:
        """Return the role of the operating system's *user*, or None if there is none."""
        with self._store.read() as connection:
            return role_in(_roll(connection), user)

    def require(self, actor: Actor, acts: Iterable[Act], doing: str) -> None:
        """Return if *actor* may do each of *acts*.  Raises Forbidden, with the refusal of *doing* in the trail."""
        with self._store.read() as connection:
            roll = _roll(connection)
        user = _user(actor)
        role = role_in(roll, user)
        refused = next((act for act in acts if not may(role, act)), None)
        if refused is None:
            return
        with self._store.write() as connection:
            detail = {"act": refused.value, "role": role.value if role else None}
            self._trail.record(connection, Event(Action.ACT_REFUSED, actor, doing, detail), self._clock.now())
        raise Forbidden(_refusal(user, role, refused, roll))

    def add(self, actor: Actor, name: str, role: Role) -> StaffMember:
        """Give *role* to the system's user *name*, in place of the one it has.  Raises Invalid, Conflict."""
        name = _checked(name)
        with self._store.write() as connection:
            now = self._clock.now()
            before = _roll(connection)
            if before.get(name) is role:
                raise Conflict(f"{name} is {role.value} already; see mft staff list")
            _keep_led({**before, name: role}, name)
            added = StaffMember(name, role, actor.name, now)
            staff.put(connection, added)
            held = before.get(name)
            detail = {"role": role.value, "before": held.value if held else None}
            self._trail.record(connection, Event(Action.STAFF_ADDED, actor, name, detail), now)
        return added

    def remove(self, actor: Actor, name: str) -> None:
        """Take the role from *name*, who may do nothing from then on.  Raises NotFound, Conflict."""
        with self._store.write() as connection:
            before = _roll(connection)
            if name not in before:
                raise NotFound(f"{name} is not on the roll; see mft staff list")
            _keep_led({other: role for other, role in before.items() if other != name}, name)
            staff.remove(connection, name)
            event = Event(Action.STAFF_REMOVED, actor, name, {"role": before[name].value})
            self._trail.record(connection, event, self._clock.now())


def _roll(connection: Connection) -> dict[str, Role]:
    return {one.name: one.role for one in staff.listing(connection)}


def _user(actor: Actor) -> str:
    """Return the operating system's user who acts: the one behind a name that was said, if one was."""
    return actor.user or actor.name


def _checked(name: str) -> str:
    """Return *name* if a user of the operating system may be called so.  Raises Invalid."""
    if name == SUPERUSER:
        raise Invalid(f"{SUPERUSER} is always operator; name the person who logs in")
    if not name or len(name) > _LONGEST or not name.isprintable() or " " in name:
        raise Invalid(f"{name!r} is no user's name; give the name that the person logs in by, as id -un shows it")
    return name


def _keep_led(after: Mapping[str, Role], name: str) -> None:
    """Raise Conflict if the roll as it would be *after* had people on it, and nobody to change it."""
    if not led(after):
        raise Conflict(
            f"with this change of {name} nobody on the roll would be operator; first mft staff add NAME --role operator"
        )


def _refusal(user: str, role: Role | None, act: Act, roll: Mapping[str, Role]) -> str:
    roles = ALLOWED.get(act, frozenset())
    whose = f"{user} is {role.value}, and so may not" if role else f"{user} has no role here, and may not"
    able = " or ".join(one.value for one in Role if one in roles)
    people = [name for name in sorted(roll) if roll[name] in roles][:_NAMED]
    return f"{whose} {act.value}; ask somebody who is {able}: {', '.join(people) or SUPERUSER}"

"""Who runs the server, and as what: the roll of the staff, and the check before each of their acts (fact 0.18).

* Roles are given to users of the operating system.  The user is who logged in, as the kernel or sudo
  tells it; a name said with ``--as`` is recorded, and never lends its role.
* One person has one role.  Which role may do what stands in ``mft.policy.roles``, in one table.
* While nobody is on the roll, whoever can open the server is operator: so it is on the first day.  Once
  somebody is, whoever is not has no role, and every act is refused to them.
* Where groups of a directory give roles, whoever is not on the roll has the role of theirs, and nobody is
  operator for want of a roll.  The roll comes first: whom it knows, the directory is not asked about.
* The system's superuser ``root`` is always operator and never on the roll: nothing on the machine can be
  kept from it, so that pretending to would only mislead.
* A roll with anybody on it has an operator on it: the first must be one, and the last one can be neither
  removed nor given another role while others are left.
* A refused act leaves an event in the audit trail, and names who may do it.  An allowed one is recorded
  with the role it was done in, and what gave that role.

Whom the system lets start the program at all is not decided here, but by its own permissions and sudo.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from mft.accounts.staff_groups import GroupRoles
from mft.accounts.staff_refusal import refusal
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.errors import Conflict, Forbidden, Invalid, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.session import Actor
from mft.model.staff import Act, Held, Role, StaffMember
from mft.policy.roles import SUPERUSER, led, may, role_in
from mft.store import staff
from mft.store.engine import Connection, Store

_LONGEST: Final = 64
"""Characters of a name; the operating system allows 32."""


class StaffRoll:
    """The roll as the command line and the portal's staff pages use it."""

    def __init__(self, store: Store, trail: Trail, clock: Clock, groups: GroupRoles | None = None) -> None:
        """Keep the parts; *groups* where those of a directory give roles."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._groups = groups

    def listing(self) -> list[StaffMember]:
        """Return everybody on the roll, by name; empty while whoever can open the server is operator."""
        with self._store.read() as connection:
            return staff.listing(connection)

    @property
    def mapping(self) -> Mapping[str, Role]:
        """The groups of the directory that give a role; empty where none does."""
        return self._groups.mapping if self._groups else {}

    def held_by(self, user: str) -> Held:
        """Return the role of the operating system's *user*, and what gave it; the directory may be asked."""
        with self._store.read() as connection:
            roll = _roll(connection)
        return self._held(roll, user)

    def require(self, actor: Actor, acts: Iterable[Act], doing: str) -> Actor:
        """Return *actor* with their role, if they may do each of *acts*.

        Raises Forbidden, with the refusal of *doing* in the trail.
        """
        with self._store.read() as connection:
            roll = _roll(connection)
        user = _user(actor)
        held = self._held(roll, user)
        known = replace(actor, role=held.role.value if held.role else "", role_from=held.origin)
        refused = next((act for act in acts if not may(held.role, act)), None)
        if refused is None:
            return known
        detail: dict[str, DetailValue] = {"act": refused.value, "role": known.role or None}
        detail |= {"trouble": held.trouble} if held.trouble else {}
        with self._store.write() as connection:
            self._trail.record(connection, Event(Action.ACT_REFUSED, known, doing, detail), self._clock.now())
        raise Forbidden(refusal(user, held, refused, roll, self.mapping))

    def _held(self, roll: Mapping[str, Role], user: str) -> Held:
        held = role_in(roll, user, mapped=self._groups is not None)
        return self._groups.held_by(user) if held.role is None and self._groups else held

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

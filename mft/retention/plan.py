"""Plans: what a pass at some moment would remove, told beforehand by the queries that the passes use; and releases.

Drawing a plan touches nothing.  Releasing one writes down exactly its victims, so that the passes remove
these though removing stands still; each is looked at once more when its turn comes.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mft.model.account import Account
from mft.model.errors import Conflict, Invalid
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import PlanId, VersionId
from mft.model.path import VirtualPath
from mft.model.session import Actor
from mft.policy.breaker import BreakerRules, Cause, Halt, too_many_accounts, too_many_files
from mft.policy.retention import RetentionClass
from mft.policy.signon import Terms
from mft.retention.breaker import explanation
from mft.store import accounts, due, halts, releases
from mft.store.due import Doomed
from mft.store.engine import Connection
from mft.store.releases import ACCOUNT, FILE, Kind
from mft.store.types import EPOCH
from mft.vfs.parts import Parts

_MOMENT: Final = "%Y%m%dT%H%M%SZ"
_ID: Final = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]{16}", re.ASCII)
_ALL: Final = 1 << 31
"""A limit that no server's accounts reach."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pass at *moment* would remove."""

    id: PlanId
    """The moment and a digest of the victims: whoever confirms it has seen exactly these."""
    moment: datetime
    files: tuple[VersionId, ...]
    bytes: int
    """In these files."""
    accounts: tuple[Account, ...]
    halts: tuple[Halt, ...]
    """What would stop such a pass; the clock's halt as it stands now."""


@dataclass(frozen=True, slots=True)
class Share:
    """The files of a plan that are in one folder."""

    folder: VirtualPath
    retention: RetentionClass
    files: int
    bytes: int
    oldest: datetime
    """When the first of them was received."""


class Retention:
    """For operators: see what would go, and say that it may."""

    def __init__(self, parts: Parts, terms: Terms, rules: BreakerRules) -> None:
        """Keep the parts of ``Files``, the terms of accounts and the breaker's numbers."""
        self._parts = parts
        self._terms = terms
        self._rules = rules

    def plan(self, moment: datetime | None = None) -> Plan:
        """Return what a pass at *moment* would remove if nobody did anything until then; None is now.

        Moments count in whole seconds, so that an id can be typed.  Raises Invalid for one before 1970.
        """
        at = (moment or self._parts.clock.now()).astimezone(UTC).replace(microsecond=0)
        with self._parts.store.read() as connection:
            return self._drawn(connection, at)

    def halted(self) -> list[Halt]:
        """Return why removing stands still, as it was noted; nothing when it does not."""
        with self._parts.store.read() as connection:
            return list(halts.standing(connection).values())

    def files(self, plan: Plan) -> Iterator[Doomed]:
        """Yield what is known of each file of *plan* that still stands in the tree."""
        with self._parts.store.read() as connection:
            yield from due.shown(connection, plan.files)

    def shares(self, plan: Plan) -> list[Share]:
        """Return the files of *plan* counted by folder, in the order of paths."""
        found: dict[VirtualPath, Share] = {}
        for file in self.files(plan):
            folder = file.path.parent
            share = found.get(folder, Share(folder, file.retention, 0, 0, file.received_at))
            oldest = min(share.oldest, file.received_at)
            found[folder] = Share(folder, file.retention, share.files + 1, share.bytes + file.size, oldest)
        return [found[folder] for folder in sorted(found, key=lambda path: path.names)]

    def release(self, actor: Actor, plan: PlanId) -> bool:
        """Let the passes remove what *plan* names; return False if it was released before, and is gone on with.

        Every halt is lifted by it: whoever confirms a plan has seen what it would remove and why that was
        stopped.  Raises Invalid for what is no plan's id or lies in the future, Conflict if it changed.
        """
        moment = _moment_of(plan)
        with self._parts.store.write() as connection:
            now = self._parts.clock.now()
            if releases.is_known(connection, plan):
                return False
            if moment > now:
                raise Invalid(f"{plan} is of a moment to come; only what is over already can be released")
            drawn = self._drawn(connection, moment)
            if drawn.id != plan:
                raise Conflict("the plan changed since it was shown; look again: mft retention plan")
            releases.add(connection, plan, moment, _victims(drawn), by=actor.name, at=now)
            event = Event(Action.RETENTION_RELEASED, actor, plan, _detail(connection, drawn))
            self._parts.trail.record(connection, event, now)
        return True

    def _drawn(self, connection: Connection, moment: datetime) -> Plan:
        if moment < EPOCH:
            raise Invalid(f"{moment:%Y-%m-%d} is before 1970, when nothing was here; name a later moment")
        files = due.victims(connection, moment)
        doomed = tuple(accounts.due(connection, moment, self._terms, _ALL))
        halted = halts.standing(connection).get(Cause.CLOCK)
        many = too_many_files(len(files), due.count_there(connection), self._rules)
        found = (halted, many, too_many_accounts(len(doomed), self._rules))
        return Plan(
            id=_id_of(moment, [number for number, _ in files], doomed),
            moment=moment,
            files=tuple(number for number, _ in files),
            bytes=sum(size for _, size in files),
            accounts=doomed,
            halts=tuple(halt for halt in found if halt is not None),
        )


def _detail(connection: Connection, plan: Plan) -> dict[str, DetailValue]:
    """Lift every halt, and return what the trail keeps of the release."""
    return {
        "files": len(plan.files),
        "bytes": plan.bytes,
        "accounts": len(plan.accounts),
        "halts": " ".join(halts.lift_all(connection)),
        **explanation(connection),
    }


def _victims(plan: Plan) -> list[tuple[Kind, str]]:
    files: list[tuple[Kind, str]] = [(FILE, str(number)) for number in plan.files]
    return [*files, *((ACCOUNT, account.id) for account in plan.accounts)]


def _id_of(moment: datetime, files: list[VersionId], doomed: tuple[Account, ...]) -> PlanId:
    digest = hashlib.sha256()
    for number in files:
        digest.update(f"file {number}\n".encode())
    for account in sorted(account.id for account in doomed):
        digest.update(f"account {account}\n".encode())
    return PlanId(f"{moment.astimezone(UTC):{_MOMENT}}-{digest.hexdigest()[:16]}")


def _moment_of(plan: PlanId) -> datetime:
    found = _ID.fullmatch(plan)
    try:
        return datetime.strptime(found[1], _MOMENT).replace(tzinfo=UTC) if found else _no_plan(plan)
    except ValueError:
        return _no_plan(plan)


def _no_plan(plan: PlanId) -> datetime:
    raise Invalid(f"{plan!r} is not a plan's id; mft retention plan shows it")

"""Plans that an operator released, as rows: exactly which files and accounts may go though removing stands still.

A victim's row is struck once it is gone or was left out; a release without a victim is finished.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Integer, Select, cast, delete, exists, insert, select, update

from mft.model.ids import PlanId
from mft.store.tables import release, release_victim

Kind = Literal["file", "account"]
"""What a victim is: a version, by its number, or an account, by its id."""

FILE: Final = "file"
ACCOUNT: Final = "account"


@dataclass(frozen=True, slots=True)
class Released:
    """One victim that is still to go."""

    victim: str
    moment: datetime
    """What was due at this moment is what its plan names."""


def add(
    connection: Connection,
    plan: PlanId,
    moment: datetime,
    victims: Sequence[tuple[Kind, str]],
    *,
    by: str,
    at: datetime,
) -> None:
    """Keep that *by* released *plan*, with its victims."""
    connection.execute(insert(release).values(plan=plan, moment=moment, released_by=by, released_at=at))
    if victims:
        rows = [{"plan": plan, "kind": kind, "victim": victim} for kind, victim in victims]
        connection.execute(insert(release_victim), rows)


def is_known(connection: Connection, plan: PlanId) -> bool:
    """Return whether *plan* was released, finished or not."""
    return connection.execute(select(release.c.plan).where(release.c.plan == plan)).first() is not None


def open_victims(connection: Connection, kind: Kind, limit: int) -> list[str]:
    """Return up to *limit* victims that are still to go, each once."""
    return list(dict.fromkeys(one.victim for one in page(connection, kind, limit)))


def page(connection: Connection, kind: Kind, limit: int) -> list[Released]:
    """Return up to *limit* victims that are still to go, plan by plan, each with its plan's moment."""
    rows = connection.execute(
        select(release_victim.c.victim, release.c.moment)
        .join(release, release.c.plan == release_victim.c.plan)
        .where(release_victim.c.kind == kind)
        .order_by(release_victim.c.plan, release_victim.c.victim)
        .limit(limit)
    )
    return [Released(row.victim, row.moment) for row in rows]


def numbers() -> Select[Any]:
    """Return the query for the numbers of the versions that are released and still to go."""
    return select(cast(release_victim.c.victim, Integer)).where(release_victim.c.kind == FILE)


def strike(connection: Connection, kind: Kind, victim: str) -> None:
    """Note that *victim* is gone, or was left out: no plan names it any more."""
    strike_all(connection, kind, [victim])


def strike_all(connection: Connection, kind: Kind, victims: Collection[str]) -> None:
    """Strike all of *victims*."""
    these = (release_victim.c.kind == kind) & release_victim.c.victim.in_(victims)
    connection.execute(delete(release_victim).where(these))


def unfinished(connection: Connection) -> list[PlanId]:
    """Return the plans that nobody noted as finished, the oldest release first."""
    waiting = select(release.c.plan).where(release.c.finished_at.is_(None)).order_by(release.c.released_at)
    return [PlanId(plan) for plan in connection.execute(waiting).scalars()]


def finish(connection: Connection, at: datetime) -> list[PlanId]:
    """Note *at* as the end of every release that has no victim left, and return their plans."""
    left = exists().where(release_victim.c.plan == release.c.plan)
    done = update(release).where(release.c.finished_at.is_(None), ~left).values(finished_at=at)
    return [PlanId(plan) for plan in connection.execute(done.returning(release.c.plan)).scalars()]

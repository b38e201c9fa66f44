"""Visits to the portal, as rows.  Of a browser's token only the digest is here."""

from datetime import datetime
from ipaddress import IPv4Address

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, insert, or_, select, update

from mft.model.ids import AccountId, CredentialId, SessionId
from mft.model.portal import Stage, Visit
from mft.policy.portal import VisitTerms
from mft.store.tables import visit as table

_SIGNED_IN = and_(table.c.stage == Stage.SIGNED_IN.value, table.c.signed_in_at.is_not(None))


def visit_of(row: RowMapping) -> Visit:
    """Return the visit in *row*."""
    return Visit(
        token_sha256=row["token_sha256"],
        stage=Stage(row["stage"]),
        account=row["account"],
        session=row["session"],
        proven=frozenset(CredentialId(word) for word in row["proven"].split(",") if word),
        factors=tuple(word for word in row["factors"].split(",") if word),
        source=IPv4Address(row["source"]),
        began_at=row["began_at"],
        touched_at=row["touched_at"],
        signed_in_at=row["signed_in_at"],
        attempts=row["attempts"],
        oidc=row["oidc"],
    )


def add(connection: Connection, visit: Visit) -> None:
    """Keep a new visit."""
    connection.execute(insert(table).values(_columns(visit)))


def make_room(connection: Connection, source: IPv4Address, most: int) -> None:
    """Forget the oldest visits of nobody yet from *source*, until a further one makes *most*."""
    open_ones = and_(table.c.source == int(source), table.c.stage == Stage.OPEN.value)
    young = (table.c.began_at.desc(), table.c.token_sha256)
    oldest = select(table.c.token_sha256).where(open_ones).order_by(*young).offset(most - 1)
    connection.execute(delete(table).where(table.c.token_sha256.in_(oldest)))


def by_token(connection: Connection, token_sha256: bytes) -> Visit | None:
    """Return the visit with the token of that digest."""
    row = connection.execute(select(table).where(table.c.token_sha256 == token_sha256)).mappings().first()
    return visit_of(row) if row else None


def by_session(connection: Connection, session: SessionId) -> Visit | None:
    """Return the visit beside a session of the portal."""
    row = connection.execute(select(table).where(table.c.session == session)).mappings().first()
    return visit_of(row) if row else None


def replace(connection: Connection, old: bytes, new: Visit) -> bool:
    """Write *new* in the place of the visit with the digest *old*.  Return False if that is not there any more."""
    return connection.execute(update(table).where(table.c.token_sha256 == old).values(_columns(new))).rowcount == 1


def touch(connection: Connection, token_sha256: bytes, at: datetime) -> None:
    """Note that something was asked at that moment; a clock that runs behind takes nothing back."""
    later = (table.c.token_sha256 == token_sha256, table.c.touched_at < at)
    connection.execute(update(table).where(*later).values(touched_at=at))


def count_attempt(connection: Connection, token_sha256: bytes) -> None:
    """Count one more wrong secret."""
    counted = update(table).where(table.c.token_sha256 == token_sha256)
    connection.execute(counted.values(attempts=table.c.attempts + 1))


def keep_oidc(connection: Connection, token_sha256: bytes, oidc: str | None) -> None:
    """Keep what is needed when the browser comes back from the provider; None forgets it."""
    connection.execute(update(table).where(table.c.token_sha256 == token_sha256).values(oidc=oidc))


def remove(connection: Connection, token_sha256: bytes) -> bool:
    """Forget a visit.  Return False if it was gone."""
    return connection.execute(delete(table).where(table.c.token_sha256 == token_sha256)).rowcount == 1


def of_account(connection: Connection, account: AccountId) -> list[Visit]:
    """Return the visits that an account's secret was proven in."""
    rows = connection.execute(select(table).where(table.c.account == account)).mappings()
    return [visit_of(row) for row in rows]


def over(connection: Connection, now: datetime, terms: VisitTerms, limit: int) -> list[Visit]:
    """Return up to *limit* visits that are over at *now*, as ``mft.policy.portal.lives`` says it."""
    rows = connection.execute(select(table).where(_over(now, terms)).limit(limit)).mappings()
    return [visit_of(row) for row in rows]


def forget_all(connection: Connection) -> None:
    """Forget every visit, as after a restore: who had left would be in again."""
    connection.execute(delete(table))


def _over(now: datetime, terms: VisitTerms) -> ColumnElement[bool]:
    idle = or_(table.c.touched_at <= now - terms.idle, table.c.signed_in_at <= now - terms.absolute)
    return or_(and_(_SIGNED_IN, idle), and_(~_SIGNED_IN, table.c.began_at <= now - terms.before))


def _columns(visit: Visit) -> dict[str, object]:
    return {
        "token_sha256": visit.token_sha256,
        "stage": visit.stage.value,
        "account": visit.account,
        "session": visit.session,
        "proven": ",".join(sorted(visit.proven)),
        "factors": ",".join(visit.factors),
        "source": int(visit.source),
        "began_at": visit.began_at,
        "touched_at": visit.touched_at,
        "signed_in_at": visit.signed_in_at,
        "attempts": visit.attempts,
        "oidc": visit.oidc,
    }

"""The download ledger: who took which version, whole or in part."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address

from sqlalchemy import Connection, insert, select, update

from mft.model.ids import AccountId, SessionId, VersionId
from mft.store.tables import download, version


@dataclass(frozen=True, slots=True)
class Taken:
    """One download, as the ledger keeps it."""

    version: VersionId
    account: AccountId | None
    account_name: str
    session: SessionId | None
    source: IPv4Address | None
    started_at: datetime
    ended_at: datetime
    bytes: int
    whole: bool


def record(connection: Connection, taken: Taken) -> None:
    """Write *taken* into the ledger; a whole one counts on the version."""
    connection.execute(
        insert(download).values(
            version=taken.version,
            account=taken.account,
            account_name=taken.account_name,
            session=taken.session,
            source=None if taken.source is None else int(taken.source),
            started_at=taken.started_at,
            ended_at=taken.ended_at,
            bytes=taken.bytes,
            whole=taken.whole,
        )
    )
    if taken.whole:
        counted = update(version).where(version.c.id == taken.version)
        connection.execute(counted.values(downloads=version.c.downloads + 1))


def of_version(connection: Connection, number: VersionId) -> list[Taken]:
    """Return the ledger's lines about one version, oldest first."""
    rows = connection.execute(select(download).where(download.c.version == number).order_by(download.c.id))
    return [
        Taken(
            row.version,
            row.account,
            row.account_name,
            row.session,
            None if row.source is None else IPv4Address(row.source),
            row.started_at,
            row.ended_at,
            row.bytes,
            row.whole,
        )
        for row in rows
    ]

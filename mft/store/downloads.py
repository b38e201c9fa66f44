"""The download ledger: who took which version, whole or in part."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update

from mft.model.ids import AccountId, SessionId, VersionId
from mft.store.prepared import Prepared, new_values
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


_LINE: Final = (
    download.c.version,
    download.c.account,
    download.c.account_name,
    download.c.session,
    download.c.source,
    download.c.started_at,
    download.c.ended_at,
    download.c.bytes,
    download.c.whole,
)
_RECORD: Final = Prepared(insert(download).values(new_values(_LINE)))
_COUNT: Final = Prepared(
    update(version).where(version.c.id == bindparam("which")).values(downloads=version.c.downloads + 1)
)


def record(connection: Connection, taken: Taken) -> None:
    """Write *taken* into the ledger; a whole one counts on the version."""
    _RECORD.run(
        connection,
        new_version=taken.version,
        new_account=taken.account,
        new_account_name=taken.account_name,
        new_session=taken.session,
        new_source=None if taken.source is None else int(taken.source),
        new_started_at=taken.started_at,
        new_ended_at=taken.ended_at,
        new_bytes=taken.bytes,
        new_whole=taken.whole,
    )
    if taken.whole:
        _COUNT.run(connection, which=taken.version)


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

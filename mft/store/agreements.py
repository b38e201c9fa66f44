"""Texts that somebody accepted, as rows: each as it was, under its name and digest, for ever."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from mft.store.tables import agreement as table


def kept(connection: Connection, name: str) -> tuple[bytes, str] | None:
    """Return the digest and the text that were accepted under *name*; None while nobody accepted it."""
    row = connection.execute(select(table.c.sha256, table.c.text).where(table.c.name == name)).first()
    return (row.sha256, row.text) if row else None


def keep(connection: Connection, name: str, sha256: bytes, text: str, at: datetime) -> None:
    """Keep a text that is accepted for the first time."""
    connection.execute(insert(table).values(name=name, sha256=sha256, text=text, first_seen_at=at))

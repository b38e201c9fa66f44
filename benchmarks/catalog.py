"""Rows put straight into a server's database: what nobody has the patience to upload.

What is made here has no bytes and, unless it is to be destroyed, no key; nothing that is measured asks for them.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from benchmarks.peers.launch import name_of
from mft.model.path import VirtualPath
from mft.settings.load import load
from mft.store import catalog
from mft.store.engine import Store, open_store
from mft.store.tables import account, allowlist_entry, credential, entry, organization, version

BLOCK: Final = 10_000
_TERM: Final = 7_689_600
"""Seconds over which the ends of files are spread, so that the index is as long as it would be."""


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """Give the database of the server in *folder*, beside the server."""
    store = open_store(load(folder / "mft.toml").settings.store_url)
    try:
        yield store
    finally:
        store.close()


def place_row(number: int, parent: int, name: str, kind: str, owner: str, at: datetime) -> dict[str, Any]:
    """Return an entry of the tree."""
    return {
        "id": number,
        "parent": parent,
        "name": name,
        "kind": kind,
        "organization": owner,
        "created_at": at,
        "creator": "bench",
    }


def version_row(number: int, place: int, owner: str, at: datetime, *, goes: bool) -> dict[str, Any]:
    """Return what stands at *place*; it has a key to be destroyed if it *goes*."""
    return {
        "entry": place,
        "organization": owner,
        "blob": secrets.token_hex(16),
        "wrapped_key": secrets.token_bytes(60) if goes else None,
        "master": "bench",
        "size": 1_000,
        "sha256": secrets.token_bytes(32),
        "creator": "bench",
        "created_at": at,
        "received_at": at,
        "received_from": "cli",
        "expires_at": at + timedelta(days=1, seconds=number % _TERM),
        "client_mtime": None,
    }


def fill_folder(store: Store, home: str, folder: str, count: int) -> None:
    """Make *folder* in *home*, with *count* files in it."""
    now = datetime.now(UTC)
    with store.write() as connection:
        above = catalog.resolve(connection, VirtualPath.parse(home)).step
        if above is None:
            raise SystemExit(f"there is no {home}")
        owner = connection.execute(select(organization.c.id)).scalar_one()
        first = (connection.execute(select(func.max(entry.c.id))).scalar() or 0) + 1
        connection.execute(insert(entry), [place_row(first, above.id, folder, "folder", owner, now)])
        for numbers in blocks(count):
            places = [place_row(first + 1 + n, first, name_of(n), "file", owner, now) for n in numbers]
            connection.execute(insert(entry), places)
            rows = [version_row(n, first + 1 + n, owner, now, goes=False) for n in numbers]
            connection.execute(insert(version), rows)
        kept = organization.c.used_files + count, organization.c.used_bytes + count * 1_000
        connection.execute(update(organization).values(used_files=kept[0], used_bytes=kept[1]))


def fill_accounts(store: Store, count: int) -> None:
    """Add *count* accounts, each with a key and two addresses: ``user-0000000`` may come from 198.51.0.0/16."""
    now = datetime.now(UTC)
    with store.write() as connection:
        owner = connection.execute(select(organization.c.id)).scalar_one()
        for numbers in blocks(count):
            _add_accounts(connection, list(numbers), owner, now)


def account_name(number: int) -> str:
    """Return what the account of that number is called."""
    return f"user-{number:07}"


_LISTED: Final = (0xC6330000, 0xC633FFFF)  # 198.51.0.0/16
_OFFICE: Final = (0xCB007101, 0xCB007101)  # 203.0.113.1


def _add_accounts(connection: Connection, numbers: list[int], owner: str, now: datetime) -> None:
    told = {"created_at": now, "created_by": "bench"}
    people = [
        {
            "id": f"acc-bench-{n}",
            "name": account_name(n),
            "email": f"user-{n}@example.org",
            "organization": owner,
            "purpose": "person",
            "state": "active",
            **told,
        }
        for n in numbers
    ]
    keys = [
        {
            "id": f"cre-bench-{n}",
            "account": f"acc-bench-{n}",
            "kind": "key",
            "verifier": f"ssh-ed25519 {n}",
            "fingerprint": f"SHA256:{n}",
            **told,
        }
        for n in numbers
    ]
    connection.execute(insert(account), people)
    connection.execute(insert(credential), keys)
    connection.execute(insert(allowlist_entry), [row for n in numbers for row in _addresses(n, now)])


def _addresses(number: int, now: datetime) -> Iterator[dict[str, Any]]:
    for which, (first, last) in enumerate((_LISTED, _OFFICE)):
        yield {
            "id": f"alw-bench-{number}-{which}",
            "account": f"acc-bench-{number}",
            "first": first,
            "last": last,
            "added_by": "bench",
            "added_at": now,
            "approved_by": "bench",
            "approved_at": now,
        }


def blocks(count: int) -> Iterable[range]:
    """Cut *count* numbers into ranges that one statement takes."""
    return (range(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK))

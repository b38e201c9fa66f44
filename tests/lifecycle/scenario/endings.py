"""What must be true when five hundred days are over, whatever happened in them."""

import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from mft.audit.verify import verify_store
from mft.model.event import Action
from mft.policy.trail import event_in
from mft.store.tables import (
    account,
    allowlist_entry,
    audit_event,
    credential,
    folder_grant,
    letter,
    metadata,
    tombstone,
    version,
)
from tests.lifecycle.scenario.life import Life
from tests.lifecycle.scenario.papers import Paper

MARKER = re.compile(rb"pat\d{3}@mail-of-[a-z]+\.example|\+1 612 555 \d{4} ext \d{4}")
"""What only personal fields hold: the mail addresses and telephones of the script's people."""
OWNED = (credential, allowlist_entry, folder_grant)


def check_endings(life: Life) -> None:
    check_trail(life)
    check_certificates(life)
    check_purged(life)
    check_told(life)


def check_trail(life: Life) -> None:
    """The trail, signed once more, verifies."""
    house = life.server.house
    house.checkpoints.make(house.clock.now())
    report = verify_store(house.store, house.signer.public_bytes)
    assert report.sound, report


def check_certificates(life: Life) -> None:
    """Every destroyed file has one certificate, and nothing else has any."""
    with life.server.house.store.read() as connection:
        bodies = connection.execute(
            select(audit_event.c.body).where(audit_event.c.action == Action.FILE_DESTROYED.value)
        ).scalars()
        certified = Counter(event_in(body)[3].detail["version"] for body in bodies)
        destroyed = set(connection.execute(select(version.c.id).where(version.c.wrapped_key.is_(None))).scalars())
        undated = (
            select(func.count())
            .select_from(tombstone.join(version))
            .where(version.c.wrapped_key.is_(None), tombstone.c.destroyed_at.is_(None))
        )
        assert connection.execute(undated).scalar_one() == 0
    assert set(certified) == destroyed
    assert set(certified.values()) == {1}
    blobs = sum(1 for _ in life.server.house.blobs.published())
    assert blobs == len(life.oracle.files.here) + len(life.oracle.files.gone)


def check_purged(life: Life) -> None:
    """Of a purged account nothing is left but its name, who signed, and the trail."""
    gone = {name for name, person in life.oracle.people.items() if person.purged is not None}
    with life.server.house.store.read() as connection:
        rows = connection.execute(select(account.c.name, account.c.id).where(account.c.name.in_(gone))).all()
        ids = {row.name: row.id for row in rows}
        assert set(ids) == gone
        for owned in OWNED:
            assert connection.scalar(select(func.count()).where(owned.c.account.in_(ids.values()))) == 0, owned.name
        unsent = letter.c.account.in_(ids.values()) & letter.c.sent_at.is_(None)
        assert connection.scalar(select(func.count()).where(unsent)) == 0
    papers = {each.name: each for each in life.oracle.papers.values() if each.kind == "add" and each.name in gone}
    assert set(papers) == gone
    texts = _texts(life)
    trail = Counter(MARKER.findall(texts.pop(audit_event.name).encode()))
    raw = Counter(MARKER.findall(_compacted(life)))
    for paper in papers.values():
        _check_forgotten(paper, texts)
        for marker in (paper.phone.encode(), paper.email.encode()):
            assert raw[marker] <= trail[marker], f"{marker!r} of {paper.name} is in the file, and in no table"


def _check_forgotten(paper: Paper, texts: Mapping[str, str]) -> None:
    """No table but the trail names the mail address, the telephone or an address of *paper*'s person."""
    for marker in (paper.phone, paper.email, *(f'"{text}"' for text, _ in paper.addresses)):
        found = [name for name, text in texts.items() if marker in text]
        assert found == [], f"{marker} of {paper.name} is left in {found}"


def _compacted(life: Life) -> bytes:
    """Return the bytes of the database once its pages were written anew.

    Before that a page that SQLite split may keep, in the part that nothing uses, what moved to the other half.
    """
    life.server.house.store.scrub()
    kept = Path(str(life.server.house.store.engine.url.database))
    copy = kept.with_name("compacted.db")
    shutil.copyfile(kept, copy)
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("VACUUM")
    return copy.read_bytes()


def _texts(life: Life) -> dict[str, str]:
    """Return everything that is written in each table, as one text a table."""
    texts = {}
    with life.server.house.store.read() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(select(table)).all()
            texts[table.name] = "\n".join(value for row in rows for value in row if isinstance(value, str))
    return texts


def check_told(life: Life) -> None:
    """Nobody was purged for disuse who had not been told, to their own address, in the month before."""
    own = {person.name: person.mail for person in life.oracle.people.values()}
    unused = [person for person in life.oracle.people.values() if person.purged and person.purged >= person.ends]
    assert unused
    for person in unused:
        told = [
            at
            for at, mail in life.mail
            if (mail.what, mail.to, mail.name) == ("account-dormant", own[person.name], person.name)
            and person.ends - timedelta(days=31) <= at < person.ends
        ]
        assert told, f"{person.name} was purged on {person.purged} and never told"

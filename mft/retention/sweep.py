"""The sweep: tidies what is over.  It decides no validity: what has expired was not there before it came.

Each page is a short transaction of its own, with a pause behind it: writers and the doors' threads come
first.  Several sweeps at once do everything once.  While the breaker halts removing, only what an
operator released goes, and nothing else.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mft.model.event import Action, DetailValue, Event
from mft.model.file import Entry
from mft.model.path import VirtualPath
from mft.policy.breaker import Cause
from mft.retention.breaker import Breaker
from mft.retention.destroy import destroy
from mft.retention.pace import Pace
from mft.retention.released import work_off
from mft.store import catalog, due, halts, tombstones, uploads
from mft.store.engine import Connection
from mft.store.tombstones import Buried
from mft.store.uploads import Staged
from mft.vfs.ending import RETENTION, expire_files
from mft.vfs.parts import Parts

_PAGE: Final = 50
"""Files in one write transaction that tells of each: some ten milliseconds."""
_DESTROYED: Final = 500
"""Tombstones worked on together: each folder of blobs is synced once for all of them."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    expired: int
    """Files whose term had ended."""
    uploads: int
    """Uploads that broke off and were not resumed in time."""
    destroyed: int
    """Tombstones under which nothing is left."""
    halted: str = ""
    """Why nothing else was removed; empty when nothing held it up."""


class Sweep:
    """Run now and then; how often changes nothing that anybody may see."""

    def __init__(self, parts: Parts, breaker: Breaker, rest: Callable[[float], None] = time.sleep) -> None:
        """Keep the parts of ``Files``, and what says whether removing may go on."""
        self._parts = parts
        self._breaker = breaker
        self._pace = Pace(parts.clock, rest)

    def run(self) -> Swept:
        """Remove what was released; then expire, drop and destroy everything that is due, if the breaker permits."""
        self._breaker.look()
        expired, destroyed = work_off(self._parts, self._pace)
        moment = self._parts.clock.now()
        most, halted = self._permitted(moment)
        swept = Swept(expired, 0, destroyed, halted)
        if not halted:
            fresh, dropped = self._expire(most, moment), self._drop_uploads()
            swept = Swept(expired + fresh, dropped, destroyed + self._destroy())
        if swept.destroyed:
            self._parts.store.scrub()  # The keys were overwritten in the database, not yet in its log.
        return swept

    def run_released(self) -> Swept:
        """Remove what released plans name and nothing else."""
        expired, destroyed = work_off(self._parts, self._pace)
        if destroyed:
            self._parts.store.scrub()
        return Swept(expired, 0, destroyed)

    def _permitted(self, moment: datetime) -> tuple[int, str]:
        """Return how many files may expire, and why nothing may go; everything there is counted only if it matters."""
        with self._parts.store.read() as connection:
            most = due.count(connection, moment, moment)
            there = due.count_there(connection) if most > self._breaker.rules.files else most
        with self._parts.store.write() as connection:
            if self._breaker.permits_files(connection, most, there):
                return most, ""
            standing = halts.standing(connection)
        return 0, " and ".join(halt.why for cause, halt in standing.items() if cause is not Cause.ACCOUNTS)

    def _expire(self, most: int, moment: datetime) -> int:
        """Expire what was due at *moment*, no more than the breaker was asked about."""
        done, last = 0, None
        while done < most and self._breaker.steady():
            with self._pace.step():
                page = self._expire_page(moment, min(most - done, _PAGE), last)
            if not page:
                break
            done, last = done + len(page), page[-1]
        return done

    def _expire_page(self, moment: datetime, limit: int, after: Entry | None) -> list[Entry]:
        with self._parts.store.write() as connection:
            now = self._parts.clock.now()
            page = due.page(connection, moment, now, limit, after)
            expire_files(connection, self._parts.trail, self._parts.rules.terms, page, now)
        return page

    def _drop_uploads(self) -> int:
        done = 0
        while self._breaker.steady():
            with self._pace.step():
                dropped = self._drop_page()
            if not dropped:
                break
            done += dropped
        return done

    def _drop_page(self) -> int:
        with self._parts.store.write() as connection:
            before = self._parts.clock.now() - self._parts.rules.terms.unfinished
            page = uploads.stale(connection, before, _PAGE)
            for row in page:
                self._drop_one(connection, row)
        if page:
            self._parts.blobs.discard_all(row.blob for row in page)
        return len(page)

    def _drop_one(self, connection: Connection, row: Staged) -> None:
        uploads.drop(connection, row.id, row.lease)
        folder = catalog.path_of(connection, row.parent) or VirtualPath()
        path = VirtualPath((*folder.names, row.name))
        detail: dict[str, DetailValue] = {"size": row.size, "owner": row.owner_name}
        event = Event(Action.UPLOAD_EXPIRED, RETENTION, str(path), detail)
        self._parts.trail.record(connection, event, self._parts.clock.now())

    def _destroy(self) -> int:
        done = 0
        last: Buried | None = None
        while self._breaker.steady():
            with self._parts.store.read() as connection:
                page = tombstones.due(connection, self._parts.clock.now(), _DESTROYED, last)
            if not page:
                break
            last = page[-1]
            done += destroy(self._parts, self._pace, [one.tombstone.id for one in page])
        return done

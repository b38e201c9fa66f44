"""Work off what an operator released: exactly the files that the plan named, each looked at once more.

What is held by now, has another term, is gone or was brought back is left out.  A file is struck off
its plan once it is destroyed or left out, so that whoever is stopped, or kills this, goes on there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from mft.model.ids import VersionId
from mft.retention.destroy import destroy
from mft.retention.pace import Pace
from mft.store import due, releases, tombstones
from mft.store.releases import FILE, Released
from mft.vfs.ending import expire_files
from mft.vfs.parts import Parts

_PAGE: Final = 500
"""Victims that are struck off together."""
_EXPIRED: Final = 50
"""Of these, so many leave the tree in one transaction."""


def work_off(parts: Parts, pace: Pace) -> tuple[int, int]:
    """Remove what released plans name; return how many files expired, and how many were destroyed."""
    expired = destroyed = 0
    while True:
        with parts.store.read() as connection:
            page = releases.page(connection, FILE, _PAGE)
        if not page:
            break
        for first in range(0, len(page), _EXPIRED):
            with pace.step():
                expired += _expire(parts, page[first : first + _EXPIRED])
        destroyed += _destroy(parts, pace, page)
    _finish(parts)
    return expired, destroyed


def _expire(parts: Parts, victims: Sequence[Released]) -> int:
    """Take out of the tree what was due at its plan's moment and that nothing holds now."""
    moments: dict[int, datetime] = {int(one.victim): one.moment for one in victims}
    with parts.store.write() as connection:
        now = parts.clock.now()
        standing = due.among(connection, [VersionId(number) for number in moments], now)
        over = [one for one in standing if one.file and one.file.expires_at <= moments[one.file.id]]
        return expire_files(connection, parts.trail, parts.rules.terms, over, now)


def _destroy(parts: Parts, pace: Pace, victims: Sequence[Released]) -> int:
    numbers = [VersionId(int(one.victim)) for one in victims]
    with parts.store.read() as connection:
        stones = tombstones.due_over(connection, numbers, parts.clock.now())
    destroyed = destroy(parts, pace, stones)
    with parts.store.write() as connection:
        releases.strike_all(connection, FILE, [one.victim for one in victims])
    return destroyed


def _finish(parts: Parts) -> None:
    with parts.store.read() as connection:
        waiting = releases.unfinished(connection)
    if waiting:
        with parts.store.write() as connection:
            releases.finish(connection, parts.clock.now())

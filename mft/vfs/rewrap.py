"""After a rotation: wrap every key by the current generation of the master key, page by page.

The bytes stay as they are.  Stopped half-way, it goes on where it was; done twice, it finds nothing.
"""

from collections.abc import Callable
from typing import Final

from mft.model.event import Action, Event
from mft.model.ids import UploadId, VersionId
from mft.model.session import Actor
from mft.store import uploads, versions
from mft.vfs.parts import Parts

_PAGE: Final = 200


def rewrap(parts: Parts, actor: Actor, others: Callable[[], int]) -> int:
    """Wrap every key by the current generation and return how many that were; *others* does so with no file's.

    Raises Unavailable when the generation of one is not in the master key's file.
    """
    done = _versions(parts) + _uploads(parts) + others()
    with parts.store.write() as connection:
        event = Event(Action.MASTERKEY_REWRAPPED, actor, parts.master.current, {"keys": done})
        parts.trail.record(connection, event, parts.clock.now())
    return done


def _versions(parts: Parts) -> int:
    master, done, last = parts.master, 0, VersionId(0)
    while True:
        with parts.store.write() as connection:
            found = versions.keys_under_other_masters(connection, master.current, last, _PAGE)
            for number, old in found:
                done += versions.set_key(connection, number, old, master.wrap(master.unwrap(old)))
        if not found:
            return done
        last = found[-1][0]


def _uploads(parts: Parts) -> int:
    master, done, last = parts.master, 0, UploadId("")
    while True:
        with parts.store.write() as connection:
            found = uploads.keys_under_other_masters(connection, master.current, last, _PAGE)
            for number, old in found:
                done += uploads.set_key(connection, number, old, master.wrap(master.unwrap(old)))
        if not found:
            return done
        last = found[-1][0]

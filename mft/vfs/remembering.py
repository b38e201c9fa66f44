"""What reads found lately, for as long as nothing was committed since.

A session asks for the same folder, the same rights and often the same file again and again.  The
store names the moment that a read sees (``Store.stamp``); what was found at an equal moment is true
now, whoever would have changed it: this process, another worker, the command line.

Only what the database says is kept, never what was made of it.  Whether a file has expired, is held
back or held, and what a caller may do, is decided at each use, with the clock of that use.

**Who may use a moment.**  A moment belongs to the connection in its stamp, and only who holds that
connection, between ``Store.read``'s beginning and end, reads it or adds to it.  So no lock is needed:
two threads hold two connections, whose stamps differ, and the one that comes later puts its own
moment in place of the other's, which the other goes on using by itself and leaves behind.  The
stamp is the first statement of the read, and everything added is read in the same transaction, so
nothing newer and nothing older gets under its name.

**What it takes.**  One moment a process, of at most ``PLACES`` places of about 2 KiB; a session that
is idle keeps nothing.  On PostgreSQL moments have no names, and each read begins with nothing.
"""

from collections.abc import Callable, Hashable
from typing import Any, Final

from mft.model.path import VirtualPath
from mft.model.rights import Grant
from mft.store import catalog
from mft.store.catalog import Found, Step
from mft.store.engine import Connection, Stamp, Store

PLACES: Final = 2048
"""Most places that are remembered at once."""
_HOLDERS: Final = 512


class Moment:
    """What was found at one moment of the database."""

    __slots__ = ("_grants", "_places", "_ways", "stamp")

    def __init__(self, stamp: Stamp | None) -> None:
        """Know nothing yet of the moment named *stamp*."""
        self.stamp = stamp
        self._places: dict[tuple[str, ...], Found] = {}
        self._ways: dict[tuple[str, ...], tuple[Step, ...]] = {}
        """By each folder's names: all folders down to it, itself included."""
        self._grants: dict[Hashable, tuple[Grant, ...]] = {}

    def __len__(self) -> int:
        """Return how many places are remembered."""
        return max(len(self._places), len(self._ways))

    def grants(
        self, connection: Connection, holder: Hashable, ask: Callable[[Connection], tuple[Grant, ...]]
    ) -> tuple[Grant, ...]:
        """Return the rights of *holder*, which *ask* reads."""
        held = self._grants.get(holder)
        if held is None:
            held = _keep(self._grants, _HOLDERS, holder, ask(connection))
        return held

    def found(self, connection: Connection, place: VirtualPath) -> Found:
        """Return what the catalog's *place* leads to."""
        names = place.names
        found = self._places.get(names)
        if found is None:
            found = _keep(self._places, PLACES, names, self._resolved(connection, place))
        return found

    def _resolved(self, connection: Connection, place: VirtualPath) -> Found:
        """Return what *place* leads to, going on from its folder where that is known."""
        above = place.names[:-1]
        way = self._ways.get(above)
        if way is not None and place.names:
            return catalog.resolve(connection, place, way)
        found = catalog.resolve(connection, place)
        if found.parent is not None:
            _keep(self._ways, PLACES, above, found.way)
        return found


def _keep(kept: dict[Any, Any], most: int, key: Any, value: Any) -> Any:
    """Keep *value* and return it; what was kept first is forgotten when there are *most*."""
    if len(kept) >= most:
        del kept[next(iter(kept))]
    kept[key] = value
    return value


class Memory:
    """What one process remembers."""

    def __init__(self, store: Store) -> None:
        """Remember nothing yet of *store*."""
        self._store = store
        self._latest = Moment(None)

    def at(self, connection: Connection) -> Moment:
        """Return what is known of the moment that *connection* sees.  Ask first thing after ``Store.read``."""
        stamp = self._store.stamp(connection)
        latest = self._latest
        if stamp is None or latest.stamp != stamp:
            latest = self._latest = Moment(stamp)
        return latest

"""Put the house together: open its parts in order, close them in reverse.

Everything that acts is built here, once, and handed its parts.  Nothing here decides anything.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from mft.clock import Clock, SystemClock
from mft.offload import Offload
from mft.settings.model import Settings
from mft.store.engine import Store, open_store


@dataclass(frozen=True, slots=True)
class House:
    """The open parts, by the names the doors and the command line know them by."""

    settings: Settings
    clock: Clock
    offload: Offload
    store: Store


@contextmanager
def open_house(settings: Settings, clock: Clock | None = None) -> Iterator[House]:
    """Give the open house.  Raises Unavailable when the database or its schema is not what it must be."""
    with ExitStack() as opened:
        store = open_store(settings.store_url)
        opened.callback(store.close)
        offload = Offload(
            inline_reads=store.is_sqlite,
            writers=1 if store.is_sqlite else 8,
            hashers=settings.passwords.hashers,
        )
        opened.callback(offload.close)
        yield House(settings, clock or SystemClock(), offload, store)

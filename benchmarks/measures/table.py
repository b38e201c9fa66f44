"""Every measure, in the order in which they are taken."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.measures import decide, idle, listing, parallel, patience, refused, signon, small, transfers
from benchmarks.measures.field import Field


@dataclass(frozen=True)
class Group:
    """Measures that are taken together."""

    names: tuple[str, ...]
    take: Callable[[Field], None]


GROUPS: Final = (
    Group((transfers.DOWN, transfers.UP), transfers.measure),
    Group((signon.NAME,), signon.measure),
    Group(small.NAMES, small.measure),
    Group((listing.NAME,), listing.measure),
    Group((idle.NAME,), idle.measure),
    Group(tuple(way.name for way in parallel.WAYS), parallel.measure),
    Group((decide.NAME,), decide.measure),
    Group((patience.TRANSFER,), patience.beside_transfer),
    Group((patience.SWEEP,), patience.beside_sweep),
    Group((refused.NAME,), refused.measure),
)
NAMES: Final = tuple(name for group in GROUPS for name in group.names)

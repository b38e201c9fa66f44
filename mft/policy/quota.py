"""Is there room?  Pure."""

from dataclasses import dataclass
from typing import Final

GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Quota:
    """What an organization may keep; None is without limit."""

    bytes: int | None = None
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """What is kept, or what comes on top; negative when something goes."""

    bytes: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Reserve:
    """Room on the disk that uploads leave free: the smaller of the two."""

    bytes: int = GIB
    percent: int = 5

    def of(self, total: int) -> int:
        """Return the bytes to leave free on a disk of *total* bytes."""
        return min(self.bytes, total * self.percent // 100)


def excess(quota: Quota, use: Use, growth: Use) -> str | None:
    """Return why *growth* does not fit beside *use*, or None.  What shrinks always fits."""
    if quota.bytes is not None and growth.bytes > 0 and use.bytes + growth.bytes > quota.bytes:
        return f"the organization's quota of {quota.bytes} bytes is reached"
    if quota.files is not None and growth.files > 0 and use.files + growth.files > quota.files:
        return f"the organization's quota of {quota.files} files is reached"
    return None


def shortage(free: int, total: int, coming: int, reserve: Reserve) -> str | None:
    """Return why *coming* bytes do not fit on a disk with *free* of *total* bytes, or None."""
    kept = reserve.of(total)
    if free - coming < kept:
        return f"the disk has {free} bytes free and keeps {kept} in reserve"
    return None

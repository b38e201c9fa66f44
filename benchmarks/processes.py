"""What a server costs: the CPU time and the memory of its whole process tree, read from /proc.

A process that ended counts through its parent, once the parent has waited for it; a server that
forks for every connection is therefore read after its children are gone (``Tree.rest``).
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
TICKS: Final = os.sysconf("SC_CLK_TCK")
_SPENT: Final = slice(11, 15)  # utime, stime, cutime, cstime, counted from behind the command's name.
_PARENT: Final = 1
_LOOK: Final = 0.05
"""Seconds between two looks at whether anybody works."""
_AT_REST: Final = 1
"""Ticks in between, of all of them together, that are no work."""


@dataclass(frozen=True, slots=True)
class Process:
    """One line of /proc/PID/stat, as far as it matters here."""

    pid: int
    parent: int
    ticks: int
    """Its own time and that of the children it waited for, user and system."""


def parse_stat(text: str) -> Process:
    """Return the process that *text* describes.  Its command may hold spaces and brackets."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return Process(int(head.split("(", 1)[0]), int(fields[_PARENT]), sum(map(int, fields[_SPENT])))


def processes(proc: Path = PROC) -> dict[int, Process]:
    """Return every process that can be read now."""
    found = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                one = parse_stat((folder / "stat").read_text())
            except OSError:  # It ended meanwhile.
                continue
            found[one.pid] = one
    return found


def family(root: int, everybody: dict[int, Process]) -> set[int]:
    """Return *root* and all below it."""
    children: dict[int, list[int]] = {}
    for one in everybody.values():
        children.setdefault(one.parent, []).append(one.pid)
    found, waiting = set(), [root] if root in everybody else []
    while waiting:
        pid = waiting.pop()
        found.add(pid)
        waiting.extend(child for child in children.get(pid, ()) if child not in found)
    return found


@dataclass(frozen=True, slots=True)
class Tree:
    """The processes of one server: the one that was started, and all it made."""

    root: int
    proc: Path = PROC

    def pids(self) -> set[int]:
        """Return who is in it now."""
        return family(self.root, processes(self.proc))

    def cpu(self) -> float:
        """Return the CPU seconds spent so far, by the living and by those who were waited for."""
        everybody = processes(self.proc)
        return sum(everybody[pid].ticks for pid in family(self.root, everybody)) / TICKS

    def memory(self) -> int:
        """Return the bytes in use: each process's proportional share (PSS), so that shared pages count once."""
        return sum(_share(self.proc / str(pid) / "smaps_rollup") for pid in self.pids())

    def rest(self, count: int, seconds: float = 5.0, pause: Callable[[float], None] = time.sleep) -> bool:
        """Wait until no more than *count* processes are left, and return whether it came to that."""
        until = time.monotonic() + seconds
        while len(self.pids()) > count:
            if time.monotonic() > until:
                return False
            pause(0.02)
        return True


@dataclass(frozen=True, slots=True)
class Trees:
    """Several servers that run side by side."""

    roots: Sequence[int]
    proc: Path = PROC

    def settle(self, seconds: float = 5.0, pause: Callable[[float], None] = time.sleep) -> bool:
        """Wait until none of them works: what one does for itself must not take from what is measured at another."""
        until = time.monotonic() + seconds
        last = self._spent()
        while True:
            pause(_LOOK)
            spent = self._spent()
            if spent - last <= _AT_REST:
                return True
            if time.monotonic() > until:
                return False
            last = spent

    def _spent(self) -> int:
        everybody = processes(self.proc)
        return sum(everybody[pid].ticks for root in self.roots for pid in family(root, everybody))


def _share(file: Path) -> int:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))

"""What was measured: every run as it came, the rows made of them, and the file that holds both."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

LATEST: Final = Path(__file__).parent / "results" / "latest.json"
_GIT: Final = "git"
_ROOT: Final = Path(__file__).parents[1]
_PLACES: Final = 6

Key = tuple[str, str, str]
"""Measure, variant, server."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one measure against one server."""

    measure: str
    variant: str
    server: str
    number: int
    figures: Mapping[str, float]
    wanted: str = ""
    """SHA-256 of what was to be moved; empty where nothing was."""
    moved: str = ""
    """SHA-256 of what arrived."""

    @property
    def key(self) -> Key:
        """What it is a run of."""
        return self.measure, self.variant, self.server

    def as_json(self) -> dict[str, Any]:
        """Return it as the results file has it."""
        named = {"measure": self.measure, "variant": self.variant, "server": self.server, "run": self.number}
        digests = {"wanted": self.wanted, "moved": self.moved} if self.wanted else {}
        return named | {name: round(value, _PLACES) for name, value in self.figures.items()} | digests


NOT_FIGURES: Final = frozenset({"measure", "variant", "server", "run", "wanted", "moved"})


@dataclass
class Book:
    """Where measures write down what they find."""

    runs: list[Run] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)
    """Seconds that measures took, with all that was set up for them."""

    def add(self, run: Run) -> None:
        """Keep one run, and say so."""
        self.runs.append(run)
        told = ", ".join(f"{name} {value:.4g}" for name, value in run.figures.items())
        self.say(f"{run.measure:18} {run.variant:12} {run.server:14} #{run.number + 1}  {told}")

    def say(self, line: str) -> None:
        """Tell whoever watches."""
        print(line, flush=True)  # noqa: T201

    def skip(self, measure: str, variant: str, server: str, why: str) -> None:
        """Keep that there is no figure, and why."""
        self.skipped.append({"measure": measure, "variant": variant, "server": server, "why": why})
        self.say(f"{measure:18} {variant:12} {server:14} --  {why.splitlines()[0] if why else 'no reason given'}")


def rows_of(runs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each measure, variant and server: the medians of the raw figures in *runs*."""
    grouped: dict[Key, list[Mapping[str, Any]]] = {}
    for run in runs:
        grouped.setdefault((run["measure"], run["variant"], run["server"]), []).append(run)
    # What is compared stands together, in the order in which it was first measured.
    kinds = list(dict.fromkeys(key[:2] for key in grouped))
    return [_row(key, grouped[key]) for key in sorted(grouped, key=lambda key: kinds.index(key[:2]))]


def _row(key: Key, runs: list[Mapping[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = dict(zip(("measure", "variant", "server"), key, strict=True))
    for name in dict.fromkeys(name for run in runs for name in run if name not in NOT_FIGURES):
        row[name] = round(statistics.median(run[name] for run in runs if name in run), _PLACES)
    return row | {"runs": len(runs)}


def digests_agree(runs: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether something was moved, and all of it arrived as it was sent."""
    moved = [run["wanted"] == run["moved"] for run in runs if "wanted" in run]
    return bool(moved) and all(moved)


def report(book: Book, versions: Mapping[str, str], form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the results file holds."""
    runs = [run.as_json() for run in book.runs]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "commit": commit(),
        "form": dict(form),
        "versions": dict(versions),
        "digests_agree": digests_agree(runs),
        "rows": rows_of(runs),
        "skipped": book.skipped,
        "took_s": {name: round(seconds, 1) for name, seconds in book.took.items()},
        "runs": runs,
    }


def machine() -> str:
    """Return what kind of machine this is, and what Python."""
    kind = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"{kind}, {os.cpu_count()} cores, Python {platform.python_version()}"


def commit() -> str:
    """Return the commit that is measured, marked when the tree differs from it."""
    head = _git("rev-parse", "HEAD")
    return f"{head} with changes" if head and _git("status", "--porcelain", "--untracked-files=no") else head


def _git(*words: str) -> str:
    done = subprocess.run((_GIT, *words), cwd=_ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip()


def write(found: Mapping[str, Any], file: Path) -> None:
    """Write the results file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n")


def read(file: Path) -> dict[str, Any]:
    """Return a results file."""
    found: dict[str, Any] = json.loads(file.read_text())
    return found

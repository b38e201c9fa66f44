"""Measure our server beside others, print the tables, write the results and the chart.

    python -m benchmarks.run [--short] [--measures A,B] [--servers A,B] [--ciphers A,B] [--rounds N]

Whatever is left out of a run is left out of its results; docs/performance.md is written from a full one.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from benchmarks import chart, page, results
from benchmarks.grounds import Grounds, grounds
from benchmarks.measures.field import Field
from benchmarks.measures.table import GROUPS, NAMES
from benchmarks.peers.table import PEERS
from benchmarks.plan import CIPHERS, FULL, MIB, SHORT, USUAL
from benchmarks.table import show_rows, show_targets
from benchmarks.targets import doubts, judge, load_targets

_ROUNDS: Final = {False: 3, True: 1}
_RESULTS: Final = results.LATEST.parent
_PARTIAL: Final = _RESULTS / "partial.json"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what was asked for."""
    asked = argparse.ArgumentParser(prog="benchmarks.run", description="Measure our server beside others.")
    asked.add_argument("--short", action="store_true", help="small sizes, one round: a look, in under 3 minutes")
    asked.add_argument("--measures", type=_some(NAMES), default=list(NAMES), metavar="A,B")
    asked.add_argument("--servers", type=_some(PEERS), default=list(PEERS), metavar="A,B")
    asked.add_argument("--ciphers", type=_some(CIPHERS), metavar="A,B")
    asked.add_argument("--rounds", type=int)
    asked.add_argument("--mib", type=int, help="size of one stream, and of all parallel ones together")
    asked.add_argument("--folder", type=Path, help="where servers keep their files; else the temporary folder")
    asked.add_argument("--write", type=Path, help="the results file; else latest.json for a full run")
    chosen = asked.parse_args(words)
    chosen.ciphers = chosen.ciphers or list(USUAL[:1] if chosen.short else USUAL)
    chosen.rounds = chosen.rounds or _ROUNDS[chosen.short]
    return chosen


class _some:  # noqa: N801  (reads as a verb where it stands)
    """Takes a list of known names, split by commas."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = list(known)

    def __call__(self, text: str) -> list[str]:
        names = text.split(",")
        unknown = set(names) - set(self._known)
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(self._known)}")
        return [name for name in self._known if name in names]


def measure(chosen: argparse.Namespace, place: Grounds) -> results.Book:
    """Take every measure that was asked for; one that breaks is written down and does not take the rest with it."""
    sizes = SHORT if chosen.short else FULL
    if chosen.mib:
        sizes = replace(sizes, transfer=chosen.mib * MIB, parallel=chosen.mib * MIB)
    wanted = frozenset(chosen.measures)
    peers = [PEERS[name] for name in chosen.servers]
    field = Field(place, peers, chosen.ciphers, sizes, chosen.rounds, results.Book(), wanted)
    for group in GROUPS:
        if wanted & set(group.names):
            began = time.monotonic()
            try:
                group.take(field)
            except (SystemExit, Exception) as trouble:  # noqa: BLE001
                for name in group.names:
                    field.book.skip(name, "", "", f"{type(trouble).__name__}: {trouble}")
            together = ", ".join(group.names)
            field.book.took[together] = time.monotonic() - began
            field.book.say(f"{together}: {field.book.took[together]:.0f} s in all")
    return field.book


def whole(chosen: argparse.Namespace) -> bool:
    """Return whether nothing was left out or made smaller."""
    everything = chosen.measures == list(NAMES) and chosen.servers == list(PEERS) and set(USUAL) <= set(chosen.ciphers)
    return everything and not chosen.short and not chosen.mib


def main() -> None:
    """Measure, print, write."""
    chosen = arguments()
    # Ended from outside, it ends its servers too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with grounds(chosen.folder) as place:
        book = measure(chosen, place)
    sizes = asdict(SHORT if chosen.short else FULL) | ({"transfer": chosen.mib * MIB} if chosen.mib else {})
    form = {"short": chosen.short, "rounds": chosen.rounds, "sizes": sizes}
    found = results.report(book, {name: PEERS[name].version() for name in chosen.servers}, form)
    show_rows(found)
    show_targets(judge(found, load_targets()))
    target = chosen.write or (results.LATEST if whole(chosen) else _PARTIAL)
    results.write(found, target)
    if whole(chosen):
        chart.write(found, chart.PICTURE)
        page.PAGE.write_text(page.written(page.PAGE.read_text(), found))
    said = doubts(found)
    print(f"written to {target}", *said, sep="\n")  # noqa: T201
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main()

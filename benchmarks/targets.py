"""The targets, and whether a results file meets them: every ratio is made anew from the raw runs.

    python -m benchmarks.targets [RESULTS]

Exits with 1 when a row is not what its runs say, or when what was moved did not arrive whole.
"""

import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.results import LATEST, digests_agree, read, rows_of

TARGETS: Final = Path(__file__).with_name("targets.toml")

Rows = Mapping[tuple[str, str, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Target:
    """One comparison; ``variants`` are judged one by one."""

    name: str
    measure: str
    variants: tuple[str, ...]
    figure: str
    server: str = "mft"
    over: str = ""
    beside: str = ""
    most: float | None = None
    least: float | None = None

    def __post_init__(self) -> None:
        """Demand exactly one bound, and at most one thing to compare with."""
        if (self.most is None) == (self.least is None) or (self.over and self.beside) or not self.variants:
            raise ValueError(f"target {self.name!r}: one bound, at most one of over and beside, some variant")

    def reached(self, rows: Rows, variant: str) -> float | None:
        """Return the ratio, or the figure where nothing is compared; None where a figure is missing."""
        figure = _figure(rows, (self.measure, variant, self.server), self.figure)
        if not self.over and not self.beside:
            return figure
        other = _figure(rows, (self.measure, variant, self.over or self.server), self.beside or self.figure)
        return figure / other if figure is not None and other else None

    def met_by(self, value: float | None) -> bool:
        """Return whether *value* is good enough; none is not."""
        if value is None:
            return False
        return value <= self.most if self.most is not None else value >= (self.least or 0.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one variant of a target came to."""

    target: Target
    variant: str
    value: float | None
    met: bool


def load_targets(file: Path = TARGETS) -> list[Target]:
    """Return the targets that *file* names."""
    told = tomllib.loads(file.read_text())["target"]
    return [Target(**{**one, "variants": tuple(one["variants"])}) for one in told]


def judge(found: Mapping[str, Any], targets: list[Target]) -> list[Verdict]:
    """Return the verdict on each variant of each target."""
    rows = {(row["measure"], row["variant"], row["server"]): row for row in rows_of(found["runs"])}
    verdicts = []
    for target in targets:
        for variant in target.variants:
            value = target.reached(rows, variant)
            verdicts.append(Verdict(target, variant, value, target.met_by(value)))
    return verdicts


def doubts(found: Mapping[str, Any]) -> list[str]:
    """Return what in a results file is not what its own raw runs say."""
    said = []
    if found["rows"] != rows_of(found["runs"]):
        said.append("the rows are not the medians of the runs")
    agree = digests_agree(found["runs"])
    if not agree:
        said.append("what was moved did not arrive as it was sent, or nothing was moved")
    if found["digests_agree"] != agree:
        said.append("digests_agree is not what the runs say")
    return said


def _figure(rows: Rows, key: tuple[str, str, str], name: str) -> float | None:
    value = rows.get(key, {}).get(name)
    return None if value is None else float(value)


def main() -> None:
    """Print the verdicts on a results file."""
    from benchmarks.table import show_targets  # noqa: PLC0415  (the table reads verdicts)

    found = read(Path(sys.argv[1]) if len(sys.argv) > 1 else LATEST)
    show_targets(judge(found, load_targets()))
    said = doubts(found)
    for line in said:
        print(line, file=sys.stderr)  # noqa: T201
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main()

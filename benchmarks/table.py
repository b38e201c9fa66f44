"""The tables that a person reads: every row, and every target."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.results import NOT_FIGURES
from benchmarks.targets import Verdict

_WIDTH: Final = 150
ORDER: Final = (
    *("cpu_s_per_gib", "mb_per_s", "ops_per_s", "kib_per_session", "p99_ms", "median_ms", "idle_median_ms"),
    *("latency_ms", "cpu_ms", "cpu_us", "cpu_s", "client_cpu_s", "wall_s"),
)
"""Which figures are shown, the most telling first."""


def show_rows(found: Mapping[str, Any], console: Console | None = None) -> None:
    """Print one line for each measure, variant and server, with what it was compared beside."""
    table = Table(title=f"{found['machine']}, commit {found['commit'][:12]}", title_justify="left")
    for name in ("measure", "variant", "server", "figures", "to openssh"):
        table.add_column(name, justify="right" if name == "to openssh" else "left", no_wrap=name != "figures")
    rows = found["rows"]
    for at, row in enumerate(rows):
        new = at > 0 and (row["measure"], row["variant"]) != (rows[at - 1]["measure"], rows[at - 1]["variant"])
        if new:
            table.add_section()
        table.add_row(row["measure"], row["variant"], row["server"], _figures(row), _ratio(row, rows))
    out = console or Console(width=_WIDTH)
    out.print(table)
    for one in found["skipped"]:
        out.print(f"no figure: {one['measure']} {one['variant']} {one['server']}: {one['why']}", markup=False)


def _figures(row: Mapping[str, Any]) -> str:
    shown = [name for name in ORDER if name in row and name not in NOT_FIGURES]
    return "  ".join(f"{name} {row[name]:,.4g}" for name in shown)


def first_figure(row: Mapping[str, Any]) -> str | None:
    """Return the name of the figure by which *row* is compared first."""
    return next((name for name in ORDER if name in row), None)


def _ratio(row: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> str:
    name = first_figure(row)
    for other in rows:
        same = (other["measure"], other["variant"]) == (row["measure"], row["variant"])
        if same and other["server"] == "openssh" and name is not None and other.get(name):
            return f"{row[name] / other[name]:.2f}"
    return ""


def show_targets(verdicts: list[Verdict], console: Console | None = None) -> None:
    """Print one line for each target and variant."""
    table = Table(title="targets", title_justify="left")
    for name in ("target", "variant", "reached", "asked", "met"):
        table.add_column(name, justify="right" if name in {"reached", "asked"} else "left")
    for one in verdicts:
        reached = "no figure" if one.value is None else f"{one.value:.2f}"
        table.add_row(one.target.name, one.variant, reached, asked(one), "yes" if one.met else "NO")
    out = console or Console(width=_WIDTH)
    out.print(table)
    out.print(f"{sum(one.met for one in verdicts)} of {len(verdicts)} met")


def asked(one: Verdict) -> str:
    """Return what the target asks for, as people write it."""
    target = one.target
    return f"≤ {target.most:g}" if target.most is not None else f"≥ {target.least:g}"

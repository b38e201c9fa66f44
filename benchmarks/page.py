"""The tables of docs/performance.md, written between two marks from what was measured.

python -m benchmarks.page [RESULTS]
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.results import LATEST, NOT_FIGURES, read
from benchmarks.table import ORDER, asked
from benchmarks.targets import Verdict, judge, load_targets

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN: Final = "<!-- measured: written by python -m benchmarks.page; nothing here is written by hand -->"
END: Final = "<!-- /measured -->"
_NOT_SHOWN: Final = NOT_FIGURES | {"runs", "sessions", "requests"}
_PICTURE: Final = "![Each server beside the others](pictures/performance.svg)"
_MINUTE: Final = 60.0


def render(found: Mapping[str, Any]) -> str:
    """Return what stands between the marks: how it was measured, each target, each row."""
    verdicts = judge(found, load_targets())
    parts = ["\n".join(_about(found)), "### Targets", "\n".join(_targets(verdicts)), "### Figures", _PICTURE]
    for measure in dict.fromkeys(row["measure"] for row in found["rows"]):
        rows = [row for row in found["rows"] if row["measure"] == measure]
        parts += [f"`{measure}`", "\n".join(_rows(rows))]
    return "\n\n".join([*parts, *_missing(found["skipped"])])


def _about(found: Mapping[str, Any]) -> Iterable[str]:
    yield f"* {found['machine']}; {found['at']}; commit `{found['commit']}`"
    yield "* " + ", ".join(f"{server} {version}" for server, version in found["versions"].items())
    agree = "agree" if found["digests_agree"] else "DO NOT AGREE"
    minutes = sum(found["took_s"].values()) / _MINUTE
    yield f"* digests of everything moved {agree}; the whole run took {minutes:.0f} minutes"


def _targets(verdicts: Sequence[Verdict]) -> Iterable[str]:
    yield from _table(
        ("target", "variant", "reached", "asked", "met"),
        (
            (
                one.target.name,
                one.variant,
                _number(one.value) or "no figure",
                asked(one),
                "yes" if one.met else "**no**",
            )
            for one in verdicts
        ),
    )
    yield ""
    yield f"{sum(one.met for one in verdicts)} of {len(verdicts)} met."


def _verdict(one: Verdict) -> Sequence[str]:
    reached = _number(one.value) or "no figure"
    return one.target.name, one.variant, reached, asked(one), "yes" if one.met else "**no**"


def _rows(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    known = dict.fromkeys((*ORDER, *(name for row in rows for name in row)))
    figures = [name for name in known if name not in _NOT_SHOWN and any(name in row for row in rows)]
    return _table(
        ("variant", "server", *figures, "runs"),
        (
            (row["variant"], row["server"], *(_number(row.get(name)) for name in figures), str(row["runs"]))
            for row in rows
        ),
    )


def _missing(skipped: Sequence[Mapping[str, str]]) -> Iterable[str]:
    for one in skipped:
        why = " ".join(one["why"].split())
        yield f"No figure: `{one['measure']}` {one['variant']} {one['server']}: {why}"


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for line in lines:
        yield f"| {' | '.join(line)} |"


def _number(value: float | None) -> str:
    """Return a figure with as many digits as it has meaning."""
    if value is None:
        return ""
    if abs(value) >= 100:  # noqa: PLR2004  (where a fraction says nothing)
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"


def written(page: str, found: Mapping[str, Any]) -> str:
    """Return *page* with what stands between its marks made anew.  Raises ValueError if it has no marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for what was measured")
    return f"{before}{BEGIN}\n\n{render(found)}\n\n{END}{after}"


def main() -> None:
    """Write the page's tables."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else LATEST
    PAGE.write_text(written(PAGE.read_text(), read(source)))


if __name__ == "__main__":
    main()

"""The chart for docs/performance.md: bars that say how each server compares, drawn as plain SVG.

python -m benchmarks.chart [RESULTS] [SVG]
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

from benchmarks.plan import FIRST
from benchmarks.results import LATEST, read

PICTURE: Final = Path(__file__).parents[1] / "docs" / "pictures" / "performance.svg"


@dataclass(frozen=True)
class Panel:
    """One group of bars."""

    title: str
    measure: str
    variant: str
    figure: str
    better: str


PANELS: Final = (
    Panel("Download, CPU s/GiB", "download", FIRST, "cpu_s_per_gib", "less is better"),
    Panel("Upload, CPU s/GiB", "upload", FIRST, "cpu_s_per_gib", "less is better"),
    Panel("Download, MB/s", "download", FIRST, "mb_per_s", "more is better"),
    Panel("Upload, MB/s", "upload", FIRST, "mb_per_s", "more is better"),
    Panel("Sign-ons per second, key", "signon", "key", "ops_per_s", "more is better"),
    Panel("Listing, seconds", "list", FIRST, "wall_s", "less is better"),
    Panel("Stat, per second", "small_stat", FIRST, "ops_per_s", "more is better"),
    Panel("Idle session, KiB", "idle", FIRST, "kib_per_session", "less is better"),
)
_COLUMNS: Final = 2
_WIDE, _BAR, _GAP, _HEAD, _NAME, _NUMBER = 460, 16, 5, 34, 110, 70
_OURS: Final = {"mft": "#0b6e4f", "mft-plain": "#6fb98f"}
_OTHERS: Final = "#9aa5b1"
_INK: Final = "#1f2933"


def draw(found: Mapping[str, Any]) -> str:
    """Return the SVG of a results file; a panel without figures is left out."""
    filled = [(panel, bars) for panel in PANELS if (bars := bars_of(found["rows"], panel))]
    tallest = max((len(bars) for _, bars in filled), default=0)
    height = _HEAD + tallest * (_BAR + _GAP) + 2 * _GAP
    lines = -(-len(filled) // _COLUMNS)
    parts = [
        _panel(panel, bars, (at % _COLUMNS) * _WIDE, (at // _COLUMNS) * height)
        for at, (panel, bars) in enumerate(filled)
    ]
    size = f"{_COLUMNS * _WIDE} {max(1, lines) * height}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" font-family="sans-serif" font-size="12">'
    what = escape(f"{found['machine']}, commit {found['commit'][:12]}")
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join((head, f"<title>{what}</title>", ground, *parts, "</svg>", ""))


def bars_of(rows: Sequence[Mapping[str, Any]], panel: Panel) -> list[tuple[str, float]]:
    """Return each server with its figure, in the order of the rows."""
    wanted = (panel.measure, panel.variant)
    return [
        (row["server"], float(row[panel.figure]))
        for row in rows
        if (row["measure"], row["variant"]) == wanted and panel.figure in row
    ]


def _panel(panel: Panel, bars: list[tuple[str, float]], left: int, top: int) -> str:
    most = max(value for _, value in bars) or 1.0
    title = escape(f"{panel.title} ({panel.better})")
    parts = [f'<text x="{left + 10}" y="{top + 20}" font-weight="bold" fill="{_INK}">{title}</text>']
    for at, (server, value) in enumerate(bars):
        y = top + _HEAD + at * (_BAR + _GAP)
        wide = max(1.0, value / most * (_WIDE - _NAME - _NUMBER))
        colour = _OURS.get(server, _OTHERS)
        parts.append(
            f'<text x="{left + _NAME - 6}" y="{y + 12}" text-anchor="end" fill="{_INK}">{escape(server)}</text>'
        )
        parts.append(f'<rect x="{left + _NAME}" y="{y}" width="{wide:.1f}" height="{_BAR}" fill="{colour}"/>')
        parts.append(f'<text x="{left + _NAME + wide + 4:.1f}" y="{y + 12}" fill="{_INK}">{value:,.3g}</text>')
    return "\n".join(parts)


def main() -> None:
    """Draw a results file."""
    told = [Path(word) for word in sys.argv[1:]]
    source, target = (told + [LATEST, PICTURE][len(told) :])[:2]
    write(read(source), target)


def write(found: Mapping[str, Any], target: Path) -> None:
    """Draw *found* into the file *target*."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(draw(found))


if __name__ == "__main__":
    main()

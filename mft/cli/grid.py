"""Cells in columns: a table as wide as the terminal, or one line a row in a pipe.

Never breaks a word of a table: rows too long for the terminal stand field by field instead.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

import click

_GAP: Final = 2
"""Between two columns."""


def print_rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print *rows* below their *headings*."""
    if not sys.stdout.isatty():
        _aligned([headings, *rows])
    elif not _table(headings, rows):
        for number, row in enumerate(rows):
            if number:
                click.echo()
            print_fields(list(zip(headings, row, strict=True)))


def print_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Print one thing, a line for each of its *fields*."""
    if not sys.stdout.isatty():
        _aligned(fields)
    else:
        _draw((), fields, ())


def shares(least: Sequence[int], full: Sequence[int], room: int) -> list[int] | None:
    """Return how wide each column is in *room*: never below *least*, never above *full*; None if even that is more."""
    widths, spare = list(least), room - sum(least)
    if spare < 0:
        return None
    for _ in range(min(spare, sum(full) - sum(least))):
        neediest = max(range(len(widths)), key=lambda column: full[column] - widths[column])
        widths[neediest] += 1
    return widths


def _aligned(lines: Sequence[Sequence[str]]) -> None:
    """Print one line a row and two spaces between columns, so that awk and cut can read it."""
    flat = [[" ".join(cell.splitlines()) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*flat, strict=True)]
    for line in flat:
        click.echo((" " * _GAP).join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Draw a table unless a word would have to be broken; return whether it was drawn."""
    # Loaded here, as below: a quarter of a second that a pipe and --help need not pay.
    from rich.console import Console  # noqa: PLC0415

    columns = list(zip(headings, *rows, strict=True))
    least = [_widest(word for cell in column for word in cell.split()) for column in columns]
    full = [_widest(line for cell in column for line in cell.splitlines()) for column in columns]
    widths = shares(least, full, Console().width - _GAP * (len(headings) - 1))
    if widths is None:
        return False
    _draw(headings, rows, widths)
    return True


def _draw(headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, show_header=bool(headings), show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(Text(heading), overflow="fold", width=width)
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console().print(table)


def _widest(texts: Iterable[str]) -> int:
    from rich.cells import cell_len  # noqa: PLC0415

    return max(map(cell_len, texts), default=1)

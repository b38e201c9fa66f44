"""An answer of rows as CSV, for a spreadsheet: every field, under its JSON name, and nothing that it would compute."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from mft.audit.export import csv_line
from mft.cli.show import Fields, as_json_text

_BETWEEN: Final = "; "
"""Between the members of a list in one cell."""


def csv_lines(columns: Iterable[str], rows: Iterable[Fields]) -> Iterator[str]:
    """Yield *rows* as lines of CSV below a line that names *columns*."""
    columns = tuple(columns)
    yield csv_line(columns)
    for row in rows:
        yield csv_line([_cell(row[name]) for name in columns])


def _cell(value: Any) -> str | float:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return value  # A negative number is no formula.
        case list() | tuple():
            return _BETWEEN.join(str(_cell(member)) for member in value)
        case datetime() | timedelta():
            return as_json_text(value).strip('"')
        case _:
            return str(value)

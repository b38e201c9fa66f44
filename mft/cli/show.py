"""How an answer looks: a table on a terminal, aligned columns in a pipe, or JSON.

A command returns an answer and never prints it.  Field names are the JSON's and stay as they are;
headings are made from them.  Times are UTC.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

import click

from mft.cli.grid import print_fields, print_rows

Fields = Mapping[str, Any]
"""One thing's fields, by the names that scripts read."""

_SIZES: Final = frozenset(
    {"size", "bytes", "quota_bytes", "used_bytes", "free", "total"}
    | {"uploaded_bytes", "whole_bytes", "partial_bytes", "unfetched_bytes", "byte_days", "byte_days_before"}
)
"""Fields that count bytes, and are shortened for people at a terminal."""
_SECONDS: Final = frozenset({"took"})
"""Fields that count seconds."""
_UNITS: Final = ("B", "KB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Record:
    """One thing, shown field by field; JSON holds *whole* where that says more."""

    fields: Fields
    code: int = 0
    whole: Any = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Several things of a kind.  *columns* are shown to people; JSON holds every field, or *whole*."""

    columns: Sequence[str]
    rows: Sequence[Fields]
    nothing: str = "There is nothing to show."
    code: int = 0
    whole: Any = None
    below: str = ""
    """For people, after the rows."""
    fields: Sequence[str] = ()
    """Every field of a row, as a sheet's heading names them, rows or none."""


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was done, in one sentence and as fields."""

    sentence: str
    fields: Fields = field(default_factory=dict)
    code: int = 0


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret: alone on standard output, once; the sentence about it goes to standard error."""

    value: str
    sentence: str
    fields: Fields = field(default_factory=dict)
    code: int = 0


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer that was written while it was made, and its exit code."""

    code: int = 0


Answer = Record | Rows | Done | Secret | Streamed


def show(answer: Answer, *, as_json: bool) -> None:
    """Write *answer* on standard output."""
    if as_json:
        _show_json(answer)
        return
    match answer:
        case Record(fields):
            print_fields([(_heading(name), _said(value, name)) for name, value in fields.items()])
        case Rows():
            _show_rows(answer)
        case Done(sentence):
            click.echo(printable(sentence))
        case Secret(value, sentence):
            click.echo(printable(sentence), err=True)
            click.echo(value)
        case Streamed():
            pass


def _show_rows(answer: Rows) -> None:
    if answer.rows:
        cells = [[_said(row.get(name), name) for name in answer.columns] for row in answer.rows]
        print_rows([_heading(name) for name in answer.columns], cells)
    else:
        click.echo(answer.nothing)
    if answer.below:
        click.echo(printable(answer.below))


def _show_json(answer: Answer) -> None:
    match answer:
        case Rows(rows=rows, whole=whole):
            click.echo(as_json_text([dict(row) for row in rows] if whole is None else whole))
        case Secret(value, fields=fields):
            click.echo(as_json_text({**fields, "secret": value}))
        case Record(fields=fields, whole=whole):
            click.echo(as_json_text(dict(fields) if whole is None else whole))
        case Done(fields=fields):
            click.echo(as_json_text(dict(fields)))
        case Streamed():
            pass


def as_json_text(value: Any, indent: int | None = 2) -> str:
    """Return *value* as JSON: moments in ISO 8601 with a Z, digests in hexadecimal."""
    return json.dumps(value, default=_plain, indent=indent, ensure_ascii=False)


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.hex()
        case Enum():
            return value.value
        case set() | frozenset():
            return sorted(str(_plain(member)) for member in value)
        case _:
            return str(value)


def _said(value: Any, name: str) -> str:
    """Return *value* as people read it."""
    if value is None or (isinstance(value, Collection) and not value):
        return "-"
    if isinstance(value, int) and name in _SIZES and sys.stdout.isatty():
        return size_text(value)
    if isinstance(value, float) and name in _SECONDS:
        return f"{value:.2f} s"
    return printable(
        next((said(value) for kind, said in _SAYINGS if isinstance(value, kind)), "") or str(_plain(value))
    )


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(_said(value, "") for value in values)


_SAYINGS: Final[tuple[tuple[Any, Callable[[Any], str]], ...]] = (
    (bool, lambda value: "yes" if value else "no"),
    (datetime, lambda value: value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
    (str, str),
    (Mapping, lambda value: ", ".join(f"{key} {_said(inner, key)}" for key, inner in value.items())),
    ((list, tuple, set, frozenset), _listed),
)
"""Each kind of value and how people read it; the first that fits counts."""


def size_text(size: float) -> str:
    """Return *size* in bytes with one decimal, as the pages write it: ``9.3 KB`` (fact 0.21)."""
    unit = 0
    while size >= 1024 and unit < len(_UNITS) - 1:  # noqa: PLR2004  (bytes in a KB, as people count them)
        size /= 1024
        unit += 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{int(size)} B"


def printable(text: str) -> str:
    """Return *text* fit for a terminal: what a stranger typed may hold its control sequences."""
    return "".join(
        ch if ch == "\n" or unicodedata.category(ch)[0] != "C" else ch.encode("unicode_escape").decode() for ch in text
    )


def _heading(name: str) -> str:
    return name.replace("_", " ")

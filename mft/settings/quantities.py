"""Durations and sizes as people write them: ``48 h``, ``120 d``, ``64 MiB``.

A bare number would leave its unit to memory, so a duration without one is refused.
"""

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer

from mft.policy.retention import Months, Term

_WRITTEN: Final = re.compile(r"\s*([0-9]+)\s*([A-Za-z]*)\s*", re.ASCII)
_MONTHS: Final = re.compile(r"\s*([0-9]{1,4})\s*months?\s*", re.ASCII)
_LONGEST: Final = timedelta(days=36_525)
"""A hundred years: no term leads beyond the calendar."""
_LONGEST_MONTHS: Final = 1200
_SPANS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_SIZES: Final = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def _read(value: Any, units: dict[str, int], example: str) -> int:
    written = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    if written is None or written[2] not in units:
        raise ValueError(f"is a whole number and a unit ({', '.join(units)}), such as {example!r}")
    return int(written[1]) * units[written[2]]


def _write(amount: int, units: dict[str, int]) -> str:
    factor, unit = max((factor, unit) for unit, factor in units.items() if amount % factor == 0)
    return f"{amount // factor} {unit}"


def read_span(value: Any) -> timedelta:
    """Return the duration that *value* writes; one that is a timedelta already is kept."""
    return value if isinstance(value, timedelta) else timedelta(seconds=_read(value, _SPANS, "48 h"))


def write_span(span: timedelta) -> str:
    """Return *span* in the largest unit that holds it exactly; up to three days in hours, as people say it."""
    seconds = int(span.total_seconds())
    units = _SPANS if span > timedelta(days=3) else {unit: n for unit, n in _SPANS.items() if unit != "d"}
    return _write(seconds, units) if seconds else "0 s"


def read_size(value: Any) -> int:
    """Return the number of bytes that *value* writes; a number is bytes already."""
    return value if isinstance(value, int) and not isinstance(value, bool) else _read(value, _SIZES, "64 MiB")


def write_size(size: int) -> str:
    """Return *size* in the largest unit that holds it exactly."""
    return _write(size, _SIZES) if size else "0 B"


def read_kept(value: Any) -> Term:
    """Return the term that *value* writes: a duration, or calendar months.  Longer than nothing."""
    if isinstance(value, timedelta | Months):
        return value
    months = _MONTHS.fullmatch(value) if isinstance(value, str) else None
    term = Months(int(months[1])) if months else read_span(value)
    if term in (Months(0), timedelta(0)):
        raise ValueError("is longer than nothing")
    if not (term.count <= _LONGEST_MONTHS if isinstance(term, Months) else term <= _LONGEST):
        raise ValueError("is at most a hundred years; what must stay for ever is put on hold")
    return term


def write_kept(term: Term) -> str:
    """Return *term* as it is written."""
    return f"{term.count} months" if isinstance(term, Months) else write_span(term)


Span = Annotated[timedelta, BeforeValidator(read_span), PlainSerializer(write_span, return_type=str)]
"""A duration in the configuration."""

Size = Annotated[int, BeforeValidator(read_size), PlainSerializer(write_size, return_type=str)]
"""A number of bytes in the configuration."""

Kept = Annotated[timedelta | Months, BeforeValidator(read_kept), PlainSerializer(write_kept, return_type=str)]
"""How long a class of files is kept: a duration or calendar months, ``90 d`` or ``18 months``."""

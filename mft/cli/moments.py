"""Moments as operators type them: a date or a date and time, in UTC."""

from datetime import UTC, datetime

import click


def in_utc(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> datetime | None:
    """Return what ``click.DateTime`` read as a moment in UTC; midnight begins a date."""
    return value.replace(tzinfo=UTC) if value else None

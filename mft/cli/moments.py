"""Moments as operators type them: a date or a date and time, in UTC."""

from datetime import UTC, datetime
from typing import Any, Final

import click


class _When(click.DateTime):
    """A moment that says in plain words what it looks like."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read *value*."""
        try:
            moment: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is no date; write 2026-11-22, or 2026-11-22T09:00:00 for a time (UTC)", param, ctx)
        return moment


WHEN: Final = _When()
"""The type of every option that takes a moment."""


def in_utc(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> datetime | None:
    """Return what was read as a moment in UTC; midnight begins a date."""
    return value.replace(tzinfo=UTC) if value else None

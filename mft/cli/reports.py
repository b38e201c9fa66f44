"""``mft report``: who has access, what ends soon, how long people wait, what was moved, what lies here.

Each is a table, CSV for a spreadsheet, or JSON; none changes anything.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final

import click

from mft.cli.desk import Desk, operates
from mft.cli.moments import WHEN, in_utc
from mft.cli.report_rows import (
    ACCESS_FIELDS,
    DISUSED_FIELDS,
    EXPOSED,
    EXPOSURE_FIELDS,
    FILE_FIELDS,
    LEAVING_FIELDS,
    MOVED,
    WAITS_FIELDS,
    access_fields,
    access_row,
    disused_row,
    exposure_row,
    file_row,
    leaving_row,
    traffic_fields,
    traffic_row,
    waits_row,
)
from mft.cli.setup_rows import ATTESTATION_FIELDS, attestation_row
from mft.cli.sheet import csv_lines
from mft.cli.show import Answer, Rows, Streamed
from mft.lifecycle.reports.traffic import Period
from mft.model.errors import Invalid
from mft.model.staff import Act

_USUAL: Final = timedelta(days=30)
_DAYS: Final = click.IntRange(0, 36_500)


@click.group("report")
def report_command() -> None:
    """Who has access, what ends soon, what was moved, what nobody fetched."""


def _reports(function: Callable[..., Rows]) -> Callable[..., None]:
    """Make a command of *function* that shows its rows as a table, or with every field as CSV."""

    @click.option("--org", "organization", metavar="NAME", help="Only this organization.")
    @click.option("--format", "form", type=click.Choice(["table", "csv"]), default="table", show_default=True)
    @operates(Act.SEE_REPORTS)
    @wraps(function)
    def command(desk: Desk, form: str, **wanted: Any) -> Answer:
        if form == "csv" and click.get_current_context().params["as_json"]:
            raise Invalid("an answer is CSV or JSON; name one of --format csv and --json")
        rows = function(desk, **wanted)
        if form == "table":
            return rows
        for line in csv_lines(rows.fields, rows.rows):
            click.echo(line)
        return Streamed()

    return command


def _period(function: Callable[..., Any]) -> Callable[..., Any]:
    until = click.option("--until", type=WHEN, callback=in_utc, help="Before this moment (UTC).")
    return click.option("--since", type=WHEN, callback=in_utc, help="From this moment on (UTC).")(until(function))


@report_command.command("access-review")
@_reports
def access_review(desk: Desk, organization: str | None) -> Rows:
    """List who has an account: last sign-on, addresses, rights, keys, and what was said of them last."""
    found = desk.house.reports.access_review(organization)
    columns = ("organization", "account", "person", "state", "last_signon_at", "addresses", "grants", "answer")
    whole = [access_fields(one) for one in found]
    return Rows(
        columns, [access_row(one) for one in found], nothing="Nobody has an account.", whole=whole, fields=ACCESS_FIELDS
    )


@report_command.command("dormant")
@click.option("--within", "days", type=_DAYS, default=30, show_default=True, help="How many days ahead.")
@_reports
def dormant(desk: Desk, organization: str | None, days: int) -> Rows:
    """List accounts that are purged for disuse within --within days, the first first, and those past it."""
    found = desk.house.reports.dormant(timedelta(days=days), organization)
    columns = (
        "organization",
        "account",
        "state",
        "used_at",
        "last_signon_door",
        "ends_at",
        "days_left",
        "past",
        "warned",
    )
    nothing = f"No account ends for disuse within {days} days."
    return Rows(columns, [disused_row(one) for one in found], nothing=nothing, fields=DISUSED_FIELDS)


@report_command.command("expiring")
@click.option("--within", "days", type=_DAYS, default=7, show_default=True, help="How many days ahead.")
@click.option("--files", "each", is_flag=True, help="Each file, instead of sums by day and folder.")
@_reports
def expiring(desk: Desk, organization: str | None, days: int, each: bool) -> Rows:  # noqa: FBT001  (by name)
    """Sum up the files that leave within --within days, by day and folder; what is held stays out."""
    ahead, nothing = timedelta(days=days), f"No file leaves within {days} days."
    if each:
        rows = [file_row(one) for one in desk.house.reports.expiring_files(ahead, organization)]
        columns = ("leaves_at", "days_left", "path", "size", "received_at", "downloads")
        return Rows(columns, rows, nothing=nothing, fields=FILE_FIELDS)
    rows = [leaving_row(one) for one in desk.house.reports.expiring(ahead, organization)]
    return Rows(("day", "folder", "files", "bytes"), rows, nothing=nothing, fields=LEAVING_FIELDS)


@report_command.command("requests")
@_period
@_reports
def requests(desk: Desk, organization: str | None, since: datetime | None, until: datetime | None) -> Rows:
    """Count access requests, by organization: open, overdue, decided in time or late, and how long they waited."""
    rows = [waits_row(one) for one in desk.house.reports.requests(since, until, organization)]
    columns = ("organization", "open", "overdue", "in_time", "late", "expired", "longest_days", "median_days")
    return Rows(columns, rows, nothing="Nothing was asked for.", fields=WAITS_FIELDS)


@report_command.command("transfers")
@_period
@click.option(
    "--by",
    type=click.Choice(["account", "folder", "organization"]),
    default="account",
    show_default=True,
    help="organization also says how much lay here how long.",
)
@_reports
def transfers(desk: Desk, organization: str | None, since: datetime | None, until: datetime | None, by: str) -> Rows:
    """Count what went in and out by day, the last 30 days unless told; whole and partial downloads apart."""
    end = until or desk.house.clock.now()
    period = Period(since or end - _USUAL, end)
    if period.since >= period.until:
        raise Invalid("the period ends before it begins; --since comes before --until")
    columns, rows = _TRANSFERS[by](desk, period, organization)
    fields = EXPOSURE_FIELDS if by == "organization" else traffic_fields(by)
    return Rows(columns, rows, nothing="Nothing was moved.", fields=fields)


def _by_account(desk: Desk, period: Period, organization: str | None) -> tuple[Sequence[str], list[dict[str, Any]]]:
    found = desk.house.reports.transfers_by_account(period, organization)
    return ("day", "account", *MOVED), [traffic_row(one) for one in found]


def _by_folder(desk: Desk, period: Period, organization: str | None) -> tuple[Sequence[str], list[dict[str, Any]]]:
    found = desk.house.reports.transfers_by_folder(period, organization)
    return ("day", "folder", *MOVED), [traffic_row(one) for one in found]


def _by_organization(
    desk: Desk, period: Period, organization: str | None
) -> tuple[Sequence[str], list[dict[str, Any]]]:
    rows = [exposure_row(one) for one in desk.house.reports.exposure(period, organization)]
    return ("organization", "uploaded_bytes", "whole_bytes", "partial_bytes", *EXPOSED), rows


_TRANSFERS: Final = {"account": _by_account, "folder": _by_folder, "organization": _by_organization}


@report_command.command("unfetched")
@click.option("--older-than", "days", type=_DAYS, default=0, help="Only files that have been here so many days.")
@_reports
def unfetched(desk: Desk, organization: str | None, days: int) -> Rows:
    """List files that nobody came for, the oldest first: taken whole by nobody whom they are for."""
    rows = [file_row(one) for one in desk.house.reports.unfetched(timedelta(days=days), organization)]
    columns = ("age_days", "days_left", "path", "size", "put_by", "received_at")
    return Rows(columns, rows, nothing="Every file was fetched.", fields=FILE_FIELDS)


@report_command.command("attestations")
@click.option("--account", "name", metavar="NAME", help="Only this account.")
@_period
@_reports
def attestations(
    desk: Desk, organization: str | None, name: str | None, since: datetime | None, until: datetime | None
) -> Rows:
    """List who agreed to which text at SFTP Account Setup/Update, when, from where and proven how, oldest first."""
    house = desk.house.organizations.get(organization).name if organization else None
    rows = [
        attestation_row(one)
        for one in desk.house.setups.attestations(name)
        if house in {None, one.organization}
        and (since is None or since <= one.at)
        and (until is None or one.at < until)
    ]
    columns = ("at", "account", "organization", "directory_user", "text_version", "source", "factors")
    return Rows(columns, rows, nothing="Nobody agreed to anything.", fields=ATTESTATION_FIELDS)

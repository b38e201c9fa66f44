"""``mft review``: the monthly question who still needs their account, and the answers."""

from typing import Any

import click

from mft.cli.account_card import entry_row, grant_row
from mft.cli.asking import demand_yes
from mft.cli.desk import Desk, operates
from mft.cli.report_rows import GIVEN
from mft.cli.show import Answer, Done, Rows
from mft.lifecycle.reviews import ReviewLine, ReviewSummary
from mft.model.errors import Invalid
from mft.model.review import Answer as Given
from mft.model.staff import Act


@click.group("review")
def review_command() -> None:
    """Recertifications: who still needs their account."""


@review_command.command("list")
@click.option("--org", "organization", metavar="NAME", help="Only those of one organization.")
@operates(Act.SEE_REVIEWS)
def listing(desk: Desk, organization: str | None) -> Answer:
    """List the reviews, the latest first, and how far their answers have come."""
    rows = [_summary_row(one) for one in desk.house.reviews.listing(organization)]
    nothing = "No review was opened yet; one opens each month for an organization with an administrator."
    return Rows(("organization", "month", "due_at", "waiting", "kept", "removed", "gone"), rows, nothing=nothing)


@review_command.command("show")
@click.argument("organization")
@operates(Act.SEE_REVIEWS)
def show(desk: Desk, organization: str) -> Answer:
    """Show the latest review of ORGANIZATION: each account's person, last sign-on, addresses and rights."""
    now = desk.house.clock.now()
    summary, lines = desk.house.reviews.latest(organization)
    whole = [_line_row(line) | {"suspended": line.item.suspended(now)} for line in lines]
    columns = ("name", "person", "last_signon_at", "addresses", "grants", "standing", "answered_by")
    short = [row | _in_short(row) | {"standing": _standing(row)} for row in whole]
    return Rows(columns, short, whole=_summary_row(summary) | {"accounts": whole})


@review_command.command("keep")
@click.argument("organization")
@click.argument("name", required=False)
@click.option("--all", "everybody", is_flag=True, help="Everybody who was not answered for.")
@operates(Act.ANSWER_REVIEWS)
def keep(desk: Desk, organization: str, name: str | None, everybody: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Say that the account NAME of ORGANIZATION is still needed; if it was suspended, it is admitted again."""
    if everybody == (name is not None):
        raise Invalid("say whom to keep: a NAME, or --all")
    if name is not None:
        desk.house.reviews.keep(desk.actor, organization, name)
    kept = desk.house.reviews.keep_all(desk.actor, organization) if everybody else (name or "",)
    said = f"kept {', '.join(kept)}" if kept else f"nobody of {organization} waits for an answer"
    return Done(said, {"organization": organization, "kept": kept})


@review_command.command("remove")
@click.argument("organization")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Without asking; it cannot be undone.")
@operates(Act.ANSWER_REVIEWS)
def remove(desk: Desk, organization: str, name: str, yes: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Say that the account NAME of ORGANIZATION is no longer needed: it is purged for good."""
    if not yes:
        demand_yes(f"Purge {name} for good? Its name is never handed out again.")
    desk.house.reviews.remove(desk.actor, organization, name)
    return Done(f"{name} is purged; its sessions end within a minute", {"organization": organization, "removed": name})


def _summary_row(one: ReviewSummary) -> dict[str, Any]:
    kept, removed, waiting = one.count(Given.KEEP), one.count(Given.REMOVE), one.count(None)
    return {
        "organization": one.organization.name,
        "month": one.review.month,
        "opened_at": one.review.opened_at,
        "due_at": one.review.due_at,
        "reminded_at": one.review.reminded_at,
        "asked": len(one.items),
        "waiting": waiting,
        "kept": kept,
        "removed": removed,
        "gone": len(one.items) - waiting - kept - removed,
    }


def _line_row(line: ReviewLine) -> dict[str, Any]:
    account = line.item.account
    return {
        "name": account.name,
        "person": account.person,
        "email": account.email,
        "state": account.state,
        "last_signon_at": account.last_signon_at,
        "addresses": [entry_row(one) for one in line.addresses],
        "grants": [grant_row(one) for one in line.grants],
        "answer": line.item.answer,
        "answered_by": line.item.answered_by,
        "answered_at": line.item.answered_at,
        "waiting": line.item.waits,
        "recertify_by": account.recertify_by,
    }


def _in_short(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "addresses": [one["addresses"] for one in row["addresses"]],
        "grants": [f"{one['rights']} on {one['folder']}" for one in row["grants"]],
    }


def _standing(row: dict[str, Any]) -> str:
    """Return in a word or two how an account stands in its review."""
    if row["answer"] is not None:
        return GIVEN[row["answer"]]
    if not row["waiting"]:
        return "purged"
    return "suspended" if row["suspended"] else "waiting"

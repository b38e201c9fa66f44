"""``mft retention``: what goes when its term is over, what must not, and what to do when removing stands still."""

from datetime import UTC, datetime
from typing import Any

import click

from mft.cli.desk import Desk, operates
from mft.cli.moments import in_utc
from mft.cli.retention_holds import hold
from mft.cli.show import Answer, Done, Fields, Rows, size_text
from mft.model.errors import Forbidden
from mft.model.ids import PlanId
from mft.model.staff import Act
from mft.retention.plan import Plan


@click.group("retention")
def retention_command() -> None:
    """Look at what retention will remove, let it go, and hold what must stay."""


retention_command.add_command(hold)


@retention_command.command("plan")
@click.option("--on", "moment", type=click.DateTime(), callback=in_utc, help="At this moment (UTC) instead of now.")
@click.option("--files", "each", is_flag=True, help="List every file, instead of counting by folder.")
@operates(Act.SEE_RETENTION)
def plan(desk: Desk, moment: datetime | None, each: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Show what a pass would remove, and whether the breaker would stop it.  Touches nothing.

    The plan's id stands below: mft retention run --confirm removes exactly what was shown.
    """
    drawn = desk.house.retention.plan(moment)
    rows = [*(_files(desk, drawn) if each else _folders(desk, drawn)), *_accounts(desk, drawn)]
    columns = ("what", "path", "class", "size", "received_at", "expires_at") if each else _COUNTED
    whole = {
        "plan": drawn.id,
        "moment": drawn.moment,
        "files": len(drawn.files),
        "bytes": drawn.bytes,
        "accounts": len(drawn.accounts),
        "halts": {halt.cause.value: halt.why for halt in drawn.halts},
        "rows": rows,
    }
    return Rows(columns, rows, nothing="Nothing would be removed.", whole=whole, below=_summary(drawn))


_COUNTED = ("what", "path", "class", "count", "bytes", "received_at")


def _folders(desk: Desk, drawn: Plan) -> list[Fields]:
    return [
        {
            "what": "files",
            "path": one.folder,
            "class": one.retention,
            "count": one.files,
            "bytes": one.bytes,
            "received_at": one.oldest,
        }
        for one in desk.house.retention.shares(drawn)
    ]


def _files(desk: Desk, drawn: Plan) -> list[Fields]:
    return [
        {
            "what": "file",
            "path": one.path,
            "class": one.retention,
            "size": one.size,
            "received_at": one.received_at,
            "expires_at": one.expires_at,
        }
        for one in desk.house.retention.files(drawn)
    ]


def _accounts(desk: Desk, drawn: Plan) -> list[Fields]:
    """Return the accounts one by one: there are few, and each is a person or a job."""
    names = {one.id: one.name for one in desk.house.organizations.listing()}
    return [
        {
            "what": "account",
            "path": account.name,
            "class": account.purpose.value,
            "count": 1,
            "organization": names[account.organization],
            "last_signon_at": account.last_signon_at,
        }
        for account in drawn.accounts
    ]


def _summary(drawn: Plan) -> str:
    at = f"{drawn.moment.astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}"
    files = f"{len(drawn.files)} files ({size_text(drawn.bytes)})"
    lines = [f"plan {drawn.id}: {files} and {len(drawn.accounts)} accounts on {at}"]
    if drawn.halts:
        lines += [f"the breaker would stop it: {halt.why}" for halt in drawn.halts]
        lines.append(f"if it is right: mft retention run --confirm {drawn.id}")
    return "\n".join(lines)


@retention_command.command("run")
@click.option("--confirm", "confirmed", metavar="PLAN_ID", help="Remove exactly what that plan showed, halted or not.")
@operates(Act.CHANGE_RETENTION)
def run(desk: Desk, confirmed: str | None) -> Answer:
    """Run a pass over files and accounts now, as the schedule does; exit 1 when the breaker stops it.

    With --confirm it first releases the plan of that id, whose victims are removed though removing stands still.
    """
    fresh = desk.house.retention.release(desk.actor, PlanId(confirmed)) if confirmed else False
    passed = desk.house.account_pass.run()
    swept = desk.house.sweep.run()
    fields: dict[str, Any] = {
        "plan": confirmed,
        "released": fresh,
        "expired": swept.expired,
        "destroyed": swept.destroyed,
        "uploads": swept.uploads,
        "purged": passed.purged,
        "halted": [halt.why for halt in desk.house.retention.halted()],
    }
    if fields["halted"] and not confirmed:
        whys = " and ".join(fields["halted"])
        raise Forbidden(
            f"removing stands still: {whys}; see mft retention plan, then mft retention run --confirm PLAN_ID"
        )
    files = f"{swept.expired} files expired, {swept.destroyed} destroyed"
    lines = [f"{files}; {swept.uploads} broken uploads dropped; {passed.purged} accounts purged"]
    lines += [f"beyond this plan removing stands still: {why}" for why in fields["halted"]]
    return Done("\n".join(lines), fields)

"""``mft retention``: what goes when its term is over, what must not, and what to do when removing stands still."""

from datetime import UTC, datetime

import click

from mft.cli.desk import Desk, operates
from mft.cli.moments import WHEN, in_utc
from mft.cli.progress import working
from mft.cli.retention_holds import hold
from mft.cli.show import Answer, Done, Fields, Rows, size_text
from mft.model.errors import Forbidden
from mft.model.ids import PlanId
from mft.model.staff import Act
from mft.retention.plan import Plan
from mft.retention.sweep import Swept


@click.group("retention")
def retention_command() -> None:
    """Look at what retention will remove, let it go, and hold what must stay."""


retention_command.add_command(hold)


@retention_command.command("plan")
@click.option("--on", "moment", type=WHEN, callback=in_utc, help="At this moment (UTC) instead of now.")
@click.option("--files", "each", is_flag=True, help="List every file, instead of counting by folder.")
@operates(Act.SEE_RETENTION)
@working("looking for what is due")
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
@working("removing what is due")
def run(desk: Desk, confirmed: str | None) -> Answer:
    """Run a pass over files and accounts now, as the schedule does; exit 1 when the breaker stops it.

    With --confirm it first releases the plan of that id, whose victims are removed though removing stands still.
    """
    if confirmed:
        return _released(desk, PlanId(confirmed))
    purged = desk.house.account_pass.run().purged
    swept = desk.house.sweep.run()
    halted = desk.house.retention.halted()
    if halted:
        whys = " and ".join(halt.why for halt in halted)
        raise Forbidden(
            f"removing stands still: {whys}; see mft retention plan, then mft retention run --confirm PLAN_ID"
        )
    return _done(swept, purged, {"uploads": swept.uploads})


def _released(desk: Desk, plan_id: PlanId) -> Answer:
    """Remove exactly what the plan showed; one that was released before, and stopped, is gone on with."""
    fresh = desk.house.retention.release(desk.actor, plan_id)
    purged = desk.house.account_pass.run_released()
    return _done(desk.house.sweep.run_released(), purged, {"plan": plan_id, "released": fresh})


def _done(swept: Swept, purged: int, fields: Fields) -> Done:
    said = f"{swept.expired} files expired, {swept.destroyed} destroyed; {purged} accounts purged"
    return Done(said, {**fields, "expired": swept.expired, "destroyed": swept.destroyed, "purged": purged})

"""``mft audit``: follow the trail, search it, carry it out of the house, and prove that it is whole."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from mft.audit import export as exporting
from mft.audit import search as searching
from mft.audit.verify import Report, verify_export, verify_store
from mft.cli import exits
from mft.cli.acting import config_option
from mft.cli.desk import Desk, answers, at_desk, declares, operates
from mft.cli.moments import WHEN
from mft.cli.progress import working
from mft.cli.show import Answer, Done, Record, Rows, Streamed, as_json_text, printable
from mft.model.event import Action, AuditEvent
from mft.model.ids import Reference
from mft.model.staff import Act
from mft.store.engine import Store

_COLUMNS: Final = ("at", "action", "actor", "subject", "source", "reference", "detail")
_WAIT: Final = 1.0
"""Seconds between two looks when following."""

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("audit")
def audit_command() -> None:
    """Follow, search, export and verify the audit trail."""


@audit_command.command("tail")
@click.option("-n", "--lines", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many events.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@operates(Act.READ_AUDIT)
def tail(desk: Desk, lines: int, follow: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Show the newest events, the latest last."""
    found = searching.tail(desk.house.store, lines)
    if not follow:
        return _answer(found)
    as_json = bool(click.get_current_context().params["as_json"])
    seen = searching.ends(desk.house.store)
    for one in _following(desk.house.store, found, seen):
        click.echo(as_json_text(_row(one), indent=None) if as_json else _line(one))
    return Streamed()


def _following(store: Store, found: list[AuditEvent], seen: dict[str, int]) -> Iterator[AuditEvent]:
    """Yield *found*, then whatever is written behind the lines *seen*, for ever."""
    while True:
        yield from found
        seen |= {one.node: one.number for one in found}
        found = searching.news(store, seen)
        if not found:
            time.sleep(_WAIT)


def _moment(_context: click.Context, _parameter: click.Parameter, value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None


def _reference(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Reference | None:
    return Reference(text.strip().upper()) if text else None


def _action(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """Return *text* if events are called so; a misspelt one would find nothing, which reads like an answer."""
    known = {one.value for one in Action} | {one.value.partition(".")[0] + "." for one in Action}
    if text is not None and text not in known:
        raise click.BadParameter(
            f"no event is called {text!r}; one is called signon.refused, and signon. finds all such"
        )
    return text


@audit_command.command("search")
@click.option("--since", type=WHEN, callback=_moment, help="From this moment on (UTC).")
@click.option("--until", type=WHEN, callback=_moment, help="Before this moment (UTC).")
@click.option("--action", callback=_action, metavar="NAME", help="Such as signon.refused, or signon. for all of it.")
@click.option("--actor", help="Who did it.")
@click.option("--subject", help="What it was done to: an account, a path, an address.")
@click.option("--reference", callback=_reference, metavar="CODE", help="The code that a refused caller was shown.")
@click.option("--text", help="Anything in the event's words.")
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1, 100_000))
@operates(Act.READ_AUDIT)
def search(desk: Desk, limit: int, **wanted: Any) -> Answer:
    """Find events, the newest first."""
    return _answer(searching.search(desk.house.store, searching.Wanted(**wanted), limit))


@audit_command.command("export")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@operates(Act.READ_AUDIT)
def export(desk: Desk, form: str) -> Answer:
    """Write the whole trail to standard output: jsonl proves itself (audit verify), csv is for reading."""
    house = desk.house
    if form == "csv":
        lines = exporting.export_csv(house.store)
    else:
        lines = exporting.export_jsonl(house.store, house.signer.public_bytes, house.clock.now())
    for line in lines:
        click.echo(line)
    return Streamed()


@audit_command.command("key")
@operates(Act.READ_AUDIT)
def key(desk: Desk) -> Answer:
    """Show the public key that checkpoints are signed with; keep it elsewhere, for audit verify --key."""
    return Record({"public_key": desk.house.signer.public_bytes, "key_id": desk.house.signer.key_id})


def _public(_context: click.Context, _parameter: click.Parameter, text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise click.BadParameter("that is not what mft audit key shows: 64 hexadecimal digits") from None


@audit_command.command("verify")
@click.argument("file", required=False, type=_FILE)
@click.option("--key", "public", callback=_public, metavar="HEX", help="What mft audit key showed, kept elsewhere.")
@click.option("--checkpoints", type=_FILE, help="A checkpoints.jsonl that was kept elsewhere.")
@config_option
@answers
@declares(Act.READ_AUDIT)
@working("verifying")
def verify(file: Path | None, public: bytes | None, checkpoints: Path | None, config: Path | None) -> Answer:
    """Prove that the trail, or an export of it in FILE, is whole; exit 8 naming every break if not.

    An export is verified without a server.  Nothing is ever mended.
    """
    outside = checkpoints.read_text("utf-8").splitlines() if checkpoints else []
    if file is not None:
        with file.open(encoding="utf-8") as lines:
            return _verdict(verify_export((line.rstrip("\n") for line in lines), public, outside))
    with at_desk(config, None, [Act.READ_AUDIT]) as desk:
        house = desk.house
        return _verdict(verify_store(house.store, public or house.signer.public_bytes, outside))


def _verdict(report: Report) -> Answer:
    fields = {
        "sound": report.sound,
        "events": report.events,
        "checkpoints": report.checkpoints,
        "ends": report.ends,
        "signed": report.signed,
        "key_came_along": report.key_came_along,
        "breaks": [
            {"fault": one.fault, "node": one.node, "number": one.number, "says": one.says} for one in report.breaks
        ],
    }
    counted = f"{report.events} events, {report.checkpoints} checkpoints"
    if not report.sound:
        where = "\n".join(f"{one.fault} at {one.node} {one.number}: {one.says}" for one in report.breaks)
        return Done(
            f"the audit trail is broken: {counted}, {len(report.breaks)} breaks\n{where}", fields, exits.CHECK_FAILED
        )
    signed = ", ".join(f"{node} up to {number}" for node, number in report.signed.items()) or "nothing"
    own = (
        "\nthe key came with the export: compare it with one that was kept elsewhere (--key)"
        if report.key_came_along
        else ""
    )
    return Done(f"the audit trail is intact: {counted}; signed: {signed}{own}", fields)


def _answer(found: list[AuditEvent]) -> Answer:
    return Rows(_COLUMNS, [_row(one) for one in found], nothing="No event was found.")


def _row(one: AuditEvent) -> dict[str, Any]:
    event = one.event
    return {
        "node": one.node,
        "number": one.number,
        "at": one.at,
        "action": event.action,
        "actor": event.actor.name,
        "user": event.actor.user,
        "role": event.actor.role,
        "role_from": event.actor.role_from,
        "door": event.actor.door,
        "source": event.actor.source,
        "subject": event.subject,
        "reference": event.reference,
        "detail": dict(event.detail),
    }


def _line(one: AuditEvent) -> str:
    event = one.event
    detail = " ".join(f"{name}={value}" for name, value in event.detail.items())
    return printable(
        f"{one.at:%Y-%m-%d %H:%M:%S}  {event.action}  {event.actor.name}  {event.subject}  {detail}".rstrip()
    )

"""``mft request``: access requests, from the form to the decision (facts 0.5 to 0.13)."""

import sys
from collections.abc import Callable, Iterable
from functools import reduce
from pathlib import Path
from typing import Any, Final

import click

from mft.cli.desk import Desk, operates
from mft.cli.request_card import request_fields, request_row, request_rows, understood
from mft.cli.show import Answer, Done, Record, Rows, Secret
from mft.model.account import Purpose
from mft.model.errors import Invalid
from mft.model.path import VirtualPath
from mft.model.request import RequestKind, RequestState
from mft.model.rights import Right, format_rights, parse_rights
from mft.model.session import Door
from mft.model.staff import Act
from mft.requests.form import HINTS, VPN, RequestForm, parse_form, read_form
from mft.requests.fulfilment import Approved

_COLUMNS: Final = ("id", "kind", "name", "organization", "state", "due_at", "days_left", "overdue", "submitted_by")
_ASKS: Final = {RequestKind.ADD: "to add", RequestKind.REMOVE: "to remove", RequestKind.ADDRESSES: "for addresses for"}
_LONGEST_FORM: Final = 1 << 20
_EXAMPLE: Final = """\b
A form in a file, TOML or JSON, has the same fields:
  kind = "add"
  name = "jdoe"
  organization = "northwind"
  person = "Jane Doe"
  email = "jane.doe@northwind.example"
  phone = "+1 555 010 4477"
  reason = "care coordination"
  addresses = ["8.8.8.8", {address = "9.9.9.0/24", reason = "office", until = 2027-01-31}]
  agreement = "confidentiality-2026-01"
"""


@click.group("request")
def request_command() -> None:
    """Access requests: to add or remove access, or to add addresses."""


def _fields(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take every field of the form."""
    kinds, purposes = ([one.value for one in kind] for kind in (RequestKind, Purpose))
    options = (
        click.option("--kind", type=click.Choice(kinds), help="What is asked for; add if nothing is said."),
        click.option("--name", help=HINTS["name"]),
        click.option("--org", "organization", metavar="NAME", help=HINTS["organization"]),
        click.option("--person", metavar="NAME", help=HINTS["person"]),
        click.option("--email", metavar="ADDRESS", help=HINTS["email"]),
        click.option("--phone", metavar="NUMBER", help=HINTS["phone"]),
        click.option("--reason", help=HINTS["reason"]),
        click.option("--address", "addresses", multiple=True, metavar="ADDRESS", help=HINTS["addresses"]),
        click.option("--until", metavar="DATE", help="The addresses admit nobody from then on; UTC."),
        click.option("--agree", "agreement", metavar="AGREEMENT", help=HINTS["agreement"]),
        click.option("--purpose", type=click.Choice(purposes), help=HINTS["purpose"]),
        click.option("--contact", metavar="ADDRESS", help=HINTS["contact"]),
        click.option(
            "--key",
            "keys",
            multiple=True,
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=HINTS["keys"],
        ),
    )
    return reduce(lambda command, option: option(command), reversed(options), function)


@request_command.command("submit", epilog=_EXAMPLE)
@click.option("--file", metavar="FILE", help="A form in TOML or JSON instead of the options; - for standard input.")
@_fields
@operates(Act.SUBMIT_REQUESTS)
def submit(desk: Desk, file: str | None, **typed: Any) -> Answer:
    """Take in an access request; every fault of it is told at once.

    Connected to a VPN? Identify the address while connected: the server sees the VPN's.
    """
    if file is not None and any(typed.values()):
        raise Invalid("the form in the file says everything; leave the other options out")
    form = parse_form(_content(file)) if file is not None else _typed(typed)
    room = desk.house.requests
    request = room.submit(desk.actor, form, source=Door.CLI.value)
    row = request_row(desk, request)
    lines = [
        f"{request.id} asks {_ASKS[request.kind]} {request.name} of {row['organization']}",
        *understood(room.weighed(request)),
        f"due {request.due_at:%Y-%m-%d %H:%M UTC}, in {row['days_left']} days; an operator decides:",
        f"mft request approve {request.id}, or mft request deny {request.id} --reason …",
    ]
    if request.addresses:
        lines.append(VPN)
    return Done("\n".join(lines), request_fields(desk, request))


@request_command.command("list")
@click.option("--state", type=click.Choice([one.value for one in RequestState]), help="Only those in one state.")
@click.option("--org", "organization", metavar="NAME", help="Only those of one organization.")
@operates(Act.SEE_REQUESTS)
def listing(desk: Desk, state: str | None, organization: str | None) -> Answer:
    """List the requests: overdue first, then what waits, then what is decided."""
    found = desk.house.requests.listing(RequestState(state) if state else None, organization)
    return Rows(_COLUMNS, request_rows(desk, found), nothing="There is no such request; see mft request submit.")


@request_command.command("show")
@click.argument("number", metavar="ID")
@operates(Act.SEE_REQUESTS)
def show(desk: Desk, number: str) -> Answer:
    """Show everything about the request ID."""
    fields = request_fields(desk, desk.house.requests.get(number))
    short = fields | {"addresses": [one["said"] for one in fields["addresses"]]}
    return Record(short, whole=fields)


@request_command.command("approve")
@click.argument("number", metavar="ID")
@click.option(
    "--right",
    "rights",
    multiple=True,
    metavar="FOLDER=RIGHTS",
    help="Instead of what is usual for the organization's kind, such as /Distribution/northwind/DAR=list,read.",
)
@click.option("--password", is_flag=True, help="Make a temporary password for an unattended job with keys too.")
@operates(Act.DECIDE_REQUESTS)
def approve(desk: Desk, number: str, rights: tuple[str, ...], password: bool) -> Answer:  # noqa: FBT001  (click passes by name)
    """Do what the request ID asks for; a new account's temporary password is shown once and lives 48 hours."""
    given = tuple(_right(text) for text in rights) if rights else None
    done = desk.house.requests.approve(desk.actor, number, given, password=password)
    kind = desk.house.requests.get(number).kind
    fields = {"id": number, "kind": kind, "account": done.account.name, **_outcome(done)}
    said = "\n".join([_SAID[kind].format(name=done.account.name), *_remarks(kind, done)])
    if done.password is None:
        return Done(said, fields)
    until = f"{done.password.expires_at:%Y-%m-%d %H:%M UTC}"
    sentence = f"{said}\ntemporary password of {done.account.name}, good until {until}, shown only now:"
    return Secret(done.password.secret, sentence, fields)


@request_command.command("deny")
@click.argument("number", metavar="ID")
@click.option("--reason", required=True, help="Why; the person and the auditor will read it.")
@operates(Act.DECIDE_REQUESTS)
def deny(desk: Desk, number: str, reason: str) -> Answer:
    """Refuse the request ID; nothing else is changed."""
    denied = desk.house.requests.deny(desk.actor, number, reason)
    return Done(f"denied {number}: {denied.decision}", request_row(desk, denied))


@request_command.command("withdraw")
@click.argument("number", metavar="ID")
@click.option("--reason", default="", help="Why, for those who read the trail.")
@operates(Act.SUBMIT_REQUESTS)
def withdraw(desk: Desk, number: str, reason: str) -> Answer:
    """Take the request ID back before it is decided."""
    withdrawn = desk.house.requests.withdraw(desk.actor, number, reason)
    return Done(f"withdrew {number}", request_row(desk, withdrawn))


@request_command.command("agreement")
@click.argument("name", required=False)
@operates(Act.SEE_REQUESTS)
def agreement(desk: Desk, name: str | None) -> Answer:
    """Print the confidentiality agreement in force, or the one called NAME that somebody accepted."""
    text = desk.house.requests.agreement(name)
    said = f"{text.text.rstrip()}\n\nname     {text.name}\nSHA-256  {text.sha256.hex()}"
    return Done(said, {"name": text.name, "sha256": text.sha256, "text": text.text})


def _typed(typed: dict[str, Any]) -> RequestForm:
    """Return the form that the options fill in."""
    fields = {name: value for name, value in typed.items() if value and name != "until"}
    end = {"until": typed["until"]} if typed["until"] else {}
    fields["kind"] = typed["kind"] or RequestKind.ADD.value
    fields["addresses"] = [{"address": text, **end} for text in typed["addresses"]]
    fields["keys"] = [file.read_text("utf-8", "replace") for file in typed["keys"]]
    return read_form(fields)


def _content(file: str) -> str:
    with sys.stdin.buffer if file == "-" else Path(file).open("rb") as source:
        raw = source.read(_LONGEST_FORM + 1)
    if len(raw) > _LONGEST_FORM:
        raise Invalid(f"{file} is longer than a form can be; check the file")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Invalid(f"{file} is no text in UTF-8; save it as UTF-8") from None


def _right(text: str) -> tuple[VirtualPath, Right]:
    folder, equals, rights = text.rpartition("=")
    if not equals:
        raise Invalid(f"{text!r} is no FOLDER=RIGHTS; it looks like /Distribution/northwind=list,read")
    return VirtualPath.parse(folder), parse_rights(rights)


_SAID: Final = {
    RequestKind.ADD: "added {name}",
    RequestKind.REMOVE: "removed {name}; its sessions end within a minute",
    RequestKind.ADDRESSES: "added to the addresses of {name}",
}


def _outcome(done: Approved) -> dict[str, Any]:
    return {
        "addresses": [one.addresses for one in done.entries],
        "waiting": [one.id for one in done.waiting],
        "rights": {str(one.folder): format_rights(one.rights) for one in done.grants},
        "expires_at": done.password.expires_at if done.password else None,
    }


def _remarks(kind: RequestKind, done: Approved) -> Iterable[str]:
    yield from (f"{format_rights(one.rights)} on {one.folder}" for one in done.grants)
    if kind is RequestKind.ADD and not done.grants:
        yield f"no rights yet: mft folder grant FOLDER --account {done.account.name} --rights …"
    if done.waiting:
        numbers = " ".join(one.id for one in done.waiting)
        yield f"waiting for another person: mft allow approve {numbers}"

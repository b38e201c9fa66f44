"""How an event becomes a line of the trail, and how one line holds the next.  Pure.

A line's *body* is JSON in one canonical spelling; its *digest* is SHA-256 over the digest of the
line before it and the body.  Whoever alters, drops or moves a line must make every later digest
anew, and the signed checkpoints say what those were.
"""

import hashlib
import json
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Any, Final

from mft.model.event import Action, DetailValue, Event
from mft.model.ids import AccountId, Reference, SessionId
from mft.model.session import Actor, Door

GENESIS: Final = bytes(32)
"""What stands where the digest before the first line would."""

FORMAT: Final = 1
"""The spelling of bodies and checkpoints; a later one must stay able to read this one."""

MAX_TEXT: Final = 5000
"""Characters of one value that are kept: longer than any path, shorter than a nuisance."""

_MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"

_SPELLING: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def body_of(node: str, number: int, at: datetime, event: Event) -> str:
    """Return the canonical JSON of *event* as line *number* of the chain *node*."""
    actor = event.actor
    return canonical(
        {
            "v": FORMAT,
            "node": node,
            "number": number,
            "at": moment_text(at),
            "action": event.action.value,
            "actor": {
                "door": actor.door.value,
                "name": kept_text(actor.name),
                "account": actor.account,
                "session": actor.session,
                "source": None if actor.source is None else str(actor.source),
                # Only where there is one, so that lines from before it was known keep their spelling.
                **_where_known(user=actor.user, role=actor.role, role_from=actor.role_from),
            },
            "subject": kept_text(event.subject),
            "detail": {kept_text(key): _kept(value) for key, value in event.detail.items()},
            "reference": event.reference,
        }
    )


def event_in(body: str) -> tuple[str, int, datetime, Event]:
    """Return the chain, number, moment and event that *body* spells.

    Raises ValueError, KeyError or TypeError for anything that ``body_of`` did not write.
    """
    fields = json.loads(body)
    if fields["v"] != FORMAT:
        raise ValueError(f"a line in spelling {fields['v']!r}; this program reads {FORMAT}")
    if not isinstance(fields["node"], str) or type(fields["number"]) is not int:
        raise TypeError("a line names its chain by a text and its place by a whole number")
    actor = fields["actor"]
    source = actor["source"]
    event = Event(
        action=Action(fields["action"]),
        actor=Actor(
            door=Door(actor["door"]),
            name=actor["name"],
            account=None if actor["account"] is None else AccountId(actor["account"]),
            session=None if actor["session"] is None else SessionId(actor["session"]),
            source=None if source is None else IPv4Address(source),
            user=actor.get("user", ""),
            role=actor.get("role", ""),
            role_from=actor.get("role_from", ""),
        ),
        subject=fields["subject"],
        detail=fields["detail"],
        reference=None if fields["reference"] is None else Reference(fields["reference"]),
    )
    return fields["node"], fields["number"], moment_in(fields["at"]), event


def digest(previous: bytes, body: str) -> bytes:
    """Return the digest of *body* behind *previous*, the 32 bytes of the line before it."""
    return hashlib.sha256(previous + body.encode()).digest()


def checkpoint_statement(node: str, number: int, tail: bytes, at: datetime) -> str:
    """Return what a checkpoint signs: at *at*, the chain *node* ended at line *number* with digest *tail*."""
    return canonical(
        {"v": FORMAT, "checkpoint": node, "number": number, "digest": tail.hex(), "at": moment_text(at)},
    )


def canonical(value: Any) -> str:
    """Return *value* in the one JSON spelling that is digested and signed."""
    return _SPELLING.encode(value)


def moment_text(at: datetime) -> str:
    """Return *at* in UTC with microseconds, as RFC 3339 spells it."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment_in(text: str) -> datetime:
    """Return the moment that ``moment_text`` spelled.  Raises ValueError."""
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)


def kept_text(text: str) -> str:
    """Return *text* as every database can keep it: NUL and lone surrogates spelled out, never too long.

    Strangers choose the names they try; what they choose must not stop the line from being written.
    """
    if len(text) <= MAX_TEXT and text.isascii() and "\0" not in text:
        return text
    shown = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
    return shown.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def _where_known(**texts: str) -> dict[str, str]:
    return {name: kept_text(text) for name, text in texts.items() if text}


def _kept(value: DetailValue) -> DetailValue:
    return kept_text(value) if isinstance(value, str) else value

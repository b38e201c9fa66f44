"""How the trail is spelled outside the database: one JSON object a line.

    {"export": 1, …}       first: when, whose key, and where each chain ended
    {"checkpoint": …}      a signed statement; the same line as in checkpoints.jsonl
    {"action": …}          an event's canonical fields, with ``previous`` and ``digest``

What is read here is believed by nobody yet.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mft.policy.trail import FORMAT, canonical, checkpoint_statement, moment_text
from mft.store.events import Checkpoint, Line

UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading a line raises when it is not one that this program wrote."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of an export."""

    public: bytes
    ends: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Statement:
    """A checkpoint as read: what it states, word for word, and who is said to have signed it."""

    node: str
    number: int
    digest: bytes
    stated: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """An event as read: the body that was digested, and the digests beside it."""

    body: str
    previous: bytes
    digest: bytes


def header_line(public: bytes, ends: Mapping[str, int], at: datetime) -> str:
    """Return the first line of an export made at *at*."""
    return canonical({"export": FORMAT, "at": moment_text(at), "public": public.hex(), "ends": dict(ends)})


def checkpoint_line(checkpoint: Checkpoint) -> str:
    """Return the line of *checkpoint*."""
    stated = json.loads(statement_of(checkpoint))
    return canonical({**stated, "key": checkpoint.key, "signature": checkpoint.signature.hex()})


def statement_of(checkpoint: Checkpoint) -> str:
    """Return what *checkpoint* signs."""
    return checkpoint_statement(checkpoint.node, checkpoint.number, checkpoint.digest, checkpoint.at)


def event_line(line: Line) -> str:
    """Return *line* of the store as a line of the export.  Raises ValueError if its body is no JSON object."""
    fields = _object(line.body)
    return canonical({**fields, "previous": line.previous.hex(), "digest": line.digest.hex()})


def read_line(text: str) -> Header | Statement | Link:
    """Return what the line *text* says.  Raises one of ``UNREADABLE`` for anything else."""
    fields = _object(text)
    if "export" in fields:
        return Header(bytes.fromhex(fields["public"]), {node: int(end) for node, end in fields["ends"].items()})
    if "checkpoint" in fields:
        signature = bytes.fromhex(fields.pop("signature"))
        del fields["key"]
        digest = bytes.fromhex(fields["digest"])
        return Statement(str(fields["checkpoint"]), int(fields["number"]), digest, _said(fields), signature)
    previous, digest = bytes.fromhex(fields.pop("previous")), bytes.fromhex(fields.pop("digest"))
    return Link(_said(fields), previous, digest)


def _said(fields: dict[str, Any]) -> str:
    text = canonical(fields)
    text.encode()  # JSON can spell half a character, which nothing can digest.
    return text


def _object(text: str) -> dict[str, Any]:
    # A key that comes twice would be one thing to a reader and another to the digest.
    fields = json.loads(text, object_pairs_hook=_unique)
    if not isinstance(fields, dict):
        raise TypeError("a line is a JSON object")
    return fields


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key comes twice")
    return fields

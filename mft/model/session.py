"""Sessions: one admitted connection or sign-in, and who is acting."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address

from mft.model.ids import AccountId, CredentialId, SessionId


class Door(StrEnum):
    """How somebody came in."""

    SFTP = "sftp"
    PORTAL = "portal"
    CLI = "cli"
    JOBS = "jobs"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, for the audit trail: a person at an account, an operator, or a job."""

    door: Door
    name: str
    """The account's or operator's name, or the job's."""
    account: AccountId | None = None
    session: SessionId | None = None
    source: IPv4Address | None = None
    user: str = ""
    """The operating system's user behind a name said with --as; empty where they are the same or there is none."""
    role: str = ""
    """The role they acted in, of those who run the server."""
    role_from: str = ""
    """What gave them that role: the roll, say, or a group of the directory."""


@dataclass(frozen=True, slots=True)
class Session:
    """One admitted connection, as the store keeps it so that every process can see and end it."""

    id: SessionId
    account: AccountId
    account_name: str
    door: Door
    source: IPv4Address
    credentials: frozenset[CredentialId]
    client: str
    """The client's version string, cleaned."""
    node: str
    opened_at: datetime
    seen_at: datetime
    end_requested: str | None
    """Why an operator asked for the session's end, or None."""

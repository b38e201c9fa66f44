"""Roles of the people who run the server, and the acts that a role allows (fact 0.18)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the server.  One person has one role."""

    OPERATOR = "operator"
    SERVICE_DESK = "service-desk"  # Password resets; sees no files, changes no addresses.
    LIAISON = "liaison"  # Addresses and troubleshooting.
    AUDITOR = "auditor"  # Reads, changes nothing, opens no file.


class Act(StrEnum):
    """What can be done at the command line and in the portal's staff pages, as far as roles tell it apart."""

    SEE_ACCOUNTS = "see accounts, addresses, sessions, penalties and why a sign-on was refused"
    RESET_PASSWORD = "issue a temporary password"  # noqa: S105  (the name of an act)
    UNLOCK = "unlock an account or lift a penalty"
    CHANGE_ADDRESSES = "add, approve or remove addresses"
    CHANGE_ACCOUNTS = "add, change, disable, enable or purge accounts, their keys and rights"
    CHANGE_ORGANIZATIONS = "add or change organizations"
    SEE_REQUESTS = "see access requests"
    SUBMIT_REQUESTS = "submit or withdraw an access request"
    DECIDE_REQUESTS = "approve or deny an access request"
    SEE_REVIEWS = "see recertifications"
    ANSWER_REVIEWS = "answer a recertification"
    SEE_REPORTS = "read reports"
    SEE_TREE = "see names, sizes, history and holds of files"
    READ_FILES = "read what is in files"
    CHANGE_FILES = "put, rename, delete or bring back files and folders"
    SEE_RETENTION = "see what retention would do"
    CHANGE_RETENTION = "run or release retention, change classes, hold files"
    READ_AUDIT = "read, export and verify the audit trail"
    SEE_JOBS = "see scheduled work and mail on its way"
    RUN_JOBS = "run scheduled work, test mail"
    SEE_STAFF = "see who has which role"
    CHANGE_STAFF = "give and take roles"
    KEEP_SERVER = "keys, backups, database, health of the server"


class RoleSource(StrEnum):
    """What gives somebody their role."""

    ROLL = "roll"
    DIRECTORY = "directory"  # Its groups, as [directory.roles] reads them.
    SUPERUSER = "superuser"
    EMPTY_ROLL = "empty roll"  # Nobody has a role yet, so that everybody has.


@dataclass(frozen=True, slots=True)
class Held:
    """The role that somebody has, and what gave it to them."""

    role: Role | None
    source: RoleSource | None
    group: str = ""
    """The group of the directory that the role came by, as the settings name it."""
    groups: tuple[str, ...] = ()
    """All groups of theirs that the settings name."""
    trouble: str = ""
    """Why the directory, which would know, gave no answer."""

    @property
    def origin(self) -> str:
        """What gave them the role, in the trail's words; empty where they have none."""
        if self.source is None:
            return ""
        return f"{self.source.value}: {self.group}" if self.group else self.source.value


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One person on the roll of those who run the server."""

    name: str
    """The operating system's user."""
    role: Role
    added_by: str
    added_at: datetime

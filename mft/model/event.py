"""Audit events: what happened, to whom, by whom.  The names are ``noun.past``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mft.model.ids import Reference
from mft.model.session import Actor

DetailValue = str | int | bool | None
"""What an event's detail may hold: flat values that mean the same in every reader."""


class Action(StrEnum):
    """Every act that leaves a line in the trail."""

    SIGNON_ADMITTED = "signon.admitted"
    SIGNON_REFUSED = "signon.refused"
    SIGNON_REFUSED_OFTEN = "signon.refused_often"  # Further refusals from one source within a minute, counted.
    SESSION_CLOSED = "session.closed"
    SESSION_ENDED = "session.ended"  # By the server: disabled, address removed, killed, idle.
    PENALTY_IMPOSED = "penalty.imposed"
    PENALTY_LIFTED = "penalty.lifted"

    ORGANIZATION_ADDED = "organization.added"
    ORGANIZATION_CHANGED = "organization.changed"
    PERSON_ADDED = "person.added"  # To the trial directory, as the two below.
    PERSON_CHANGED = "person.changed"  # Another password.
    PERSON_DISABLED = "person.disabled"
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_ENABLED = "account.enabled"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_LOCKED = "account.locked"
    ACCOUNT_UNLOCKED = "account.unlocked"
    ACCOUNT_PURGED = "account.purged"
    ACCOUNT_SUSPENDED = "account.suspended"  # Nobody answered the recertification in time.
    ACCOUNT_WARNED = "account.warned"  # Of the purge that comes.
    PASSWORD_ISSUED = "password.issued"  # noqa: S105  (a temporary password was made)
    PASSWORD_CHANGED = "password.changed"  # noqa: S105
    PASSWORD_REFUSED = "password.refused"  # noqa: S105  (a proposed new password was not fit)
    LINK_SENT = "link.sent"  # A one-time link went out by mail.
    LINK_USED = "link.used"
    LINK_REFUSED = "link.refused"  # One was asked for that nobody gets; the asker saw no difference.
    FACTOR_ADDED = "factor.added"  # A second factor, or another in its place.
    FACTOR_REMOVED = "factor.removed"
    RECOVERY_USED = "recovery.used"  # A recovery code, in the place of the second factor.
    RECOVERY_RENEWED = "recovery.renewed"  # Ten new codes; the old ones are worth nothing.
    IDENTITY_CHANGED = "identity.changed"  # Who an account is elsewhere; what rested on the one before is gone.
    IDENTITY_LINKED = "identity.linked"  # A person of the provider, by their first sign-in.
    ATTESTATION_SIGNED = "attestation.signed"  # Somebody agreed to the text of the setup page.
    SETUP_DONE = "setup.done"  # From now on the directory's password opens SFTP.
    SETUP_REFUSED = "setup.refused"  # Another user id, or a password that the directory does not know.
    SETUP_AWAITED = "setup.awaited"  # The directory knows them, and they have not set up, or have to again.
    SETUP_LAPSED = "setup.lapsed"  # The password was changed in the directory.
    SETUP_REVOKED = "setup.revoked"  # By an operator, or since the directory knows them no more.
    KEY_ADDED = "key.added"
    KEY_APPROVED = "key.approved"  # One that its owner had added.
    KEY_REMOVED = "key.removed"
    ADDRESS_ADDED = "address.added"
    ADDRESS_PROPOSED = "address.proposed"
    ADDRESS_APPROVED = "address.approved"
    ADDRESS_REMOVED = "address.removed"

    REQUEST_SUBMITTED = "request.submitted"
    REQUEST_APPROVED = "request.approved"
    REQUEST_DENIED = "request.denied"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_EXPIRED = "request.expired"
    AGREEMENT_SIGNED = "agreement.signed"
    REVIEW_OPENED = "review.opened"
    REVIEW_ANSWERED = "review.answered"
    STAFF_ADDED = "staff.added"
    STAFF_REMOVED = "staff.removed"
    ACT_REFUSED = "act.refused"  # Somebody tried what their role does not allow.

    FOLDER_CREATED = "folder.created"
    FOLDER_REMOVED = "folder.removed"
    FOLDER_CHANGED = "folder.changed"  # Its retention class or quiet time.
    FOLDER_RENAMED = "folder.renamed"
    GRANT_GIVEN = "grant.given"
    GRANT_REVOKED = "grant.revoked"
    UPLOAD_COMMITTED = "upload.committed"
    UPLOAD_INTERRUPTED = "upload.interrupted"
    UPLOAD_EXPIRED = "upload.expired"
    DOWNLOAD_COMPLETED = "download.completed"
    DOWNLOAD_PARTIAL = "download.partial"
    FILE_DELETED = "file.deleted"
    FILE_REPLACED = "file.replaced"
    FILE_RENAMED = "file.renamed"
    FILE_EXPIRED = "file.expired"
    FILE_UNDELETED = "file.undeleted"
    FILE_HELD = "file.held"  # Must stay until released, whatever its term.
    FILE_RELEASED = "file.released"
    FILE_DESTROYED = "file.destroyed"  # Key gone, bytes gone.
    FILE_DAMAGED = "file.damaged"  # Its bytes do not match its digest.
    RETENTION_HALTED = "retention.halted"  # The breaker: removing stands still until somebody looks.
    RETENTION_RELEASED = "retention.released"
    RETENTION_RESUMED = "retention.resumed"  # The cause went by itself.

    SERVER_STARTED = "server.started"
    SERVER_STOPPED = "server.stopped"
    SERVER_RECOVERED = "server.recovered"
    WORKER_REPLACED = "worker.replaced"  # One of several processes died; what it held was handed back.
    HOSTKEY_ADDED = "hostkey.added"
    MASTERKEY_ROTATED = "masterkey.rotated"
    MASTERKEY_REWRAPPED = "masterkey.rewrapped"
    BACKUP_MADE = "backup.made"
    BACKUP_FORGOTTEN = "backup.forgotten"  # An operator says that it was destroyed.
    JOB_RUN = "job.run"  # By hand.
    BACKUP_RESTORED = "backup.restored"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the trail before it is chained.  Never holds a secret or file content."""

    action: Action
    actor: Actor
    subject: str
    """What it was done to: an account's name, a catalog path, an address."""
    detail: Mapping[str, DetailValue] = field(default_factory=dict)
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the trail as it stands in the store: numbered, dated and chained."""

    node: str
    number: int
    at: datetime
    event: Event
    previous: bytes
    digest: bytes

"""The tables, and nothing else.  Migrations make them; a test holds the two together."""

from mft.store.tables.lifecycle import (
    access_request,
    agreement,
    backup,
    halt,
    job,
    job_run,
    letter,
    notice,
    release,
    release_victim,
    review,
    review_item,
    staff,
)
from mft.store.tables.naming import metadata
from mft.store.tables.people import account, allowlist_entry, credential, organization, penalty, session, slowdown
from mft.store.tables.portal import attestation, identity, mail_link, recovery_code, totp, visit
from mft.store.tables.trail import audit_checkpoint, audit_event
from mft.store.tables.tree import download, entry, folder_grant, tombstone, upload, version

__all__ = [
    "access_request",
    "account",
    "agreement",
    "allowlist_entry",
    "attestation",
    "audit_checkpoint",
    "audit_event",
    "backup",
    "credential",
    "download",
    "entry",
    "folder_grant",
    "halt",
    "identity",
    "job",
    "job_run",
    "letter",
    "mail_link",
    "metadata",
    "notice",
    "organization",
    "penalty",
    "recovery_code",
    "release",
    "release_victim",
    "review",
    "review_item",
    "session",
    "slowdown",
    "staff",
    "tombstone",
    "totp",
    "upload",
    "version",
    "visit",
]

"""An account as rows and fields: the names that scripts read."""

from collections.abc import Iterable
from typing import Any

from mft.accounts.card import AccountCard
from mft.accounts.explain import MEANING
from mft.model.account import Account, AllowlistEntry, Credential
from mft.model.rights import Grant, format_rights
from mft.model.session import Session


def account_row(one: Account) -> dict[str, Any]:
    """Return what a list of accounts says of one."""
    return {
        "name": one.name,
        "email": one.email,
        "purpose": one.purpose,
        "state": one.state,
        "required": one.required,
        "created_at": one.created_at,
        "created_by": one.created_by,
        "last_signon_at": one.last_signon_at,
        "person": one.person,
        "phone": one.phone,
        "contact": one.contact,
        "external_id": one.external_id,
    }


def key_row(one: Credential) -> dict[str, Any]:
    """Return what a list of keys says of one."""
    return {
        "id": one.id,
        "fingerprint": one.fingerprint,
        "algorithm": one.verifier.partition(" ")[0],
        "label": one.label,
        "created_at": one.created_at,
        "created_by": one.created_by,
        "waiting": one.waiting,
    }


def entry_row(one: AllowlistEntry) -> dict[str, Any]:
    """Return what an allowlist says of one entry."""
    return {
        "id": one.id,
        "addresses": one.addresses,
        "count": one.addresses.size,
        "added_by": one.added_by,
        "added_at": one.added_at,
        "reason": one.reason,
        "until": one.until,
        "approved_by": one.approved_by,
        "waiting": one.approved_by is None,
        "last_seen_at": one.last_seen_at,
    }


def session_row(one: Session) -> dict[str, Any]:
    """Return what a list of sessions says of one."""
    return {
        "id": one.id,
        "account": one.account_name,
        "door": one.door,
        "source": one.source,
        "client": one.client,
        "node": one.node,
        "opened_at": one.opened_at,
        "seen_at": one.seen_at,
        "end_requested": one.end_requested,
    }


def grant_row(one: Grant) -> dict[str, Any]:
    """Return what a list of grants says of one."""
    return {
        "id": one.id,
        "folder": one.folder,
        "rights": format_rights(one.rights),
        "to": "account" if one.account else "organization",
        "granted_by": one.granted_by,
        "granted_at": one.granted_at,
    }


def account_fields(card: AccountCard, grants: Iterable[Grant]) -> dict[str, Any]:
    """Return everything about one account, what is due when foremost."""
    return account_row(card.account) | {
        "organization": card.organization.name,
        "organization_enabled": card.organization.enabled,
        "last_signon_door": card.account.last_signon_door,
        "last_signon_source": card.account.last_signon_source,
        "recertify_by": card.account.recertify_by,
        "purged_at": card.account.purged_at,
        "purged_why": card.account.purged_why,
        "dormant": card.dormant,
        "dormant_from": card.dormant_from,
        "locked": card.locked,
        "failures": card.account.failures,
        "password": card.has_password,
        "temporary_password_expires_at": card.temporary_expires_at,
        "setup": _setup(card) if card.lives_in_directory else None,
        "keys": [key_row(one) for one in card.keys],
        "allow": [entry_row(one) for one in card.allowlist],
        "grants": [grant_row(one) for one in grants],
        "sessions": [session_row(one) for one in card.sessions],
        "slowed": [
            {"source": one.source, "failures": one.failures, "pause": one.pause, "last_at": one.last_at}
            for one in card.slowed
        ],
    }


def in_short(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the same for people: a line where scripts get an object."""
    return fields | {
        "setup": _setup_in_short(fields["setup"]),
        "keys": [f"{one['fingerprint']} {one['label']}{_waits(one)}" for one in fields["keys"]],
        "allow": [f"{one['addresses']}{_waits(one)}" for one in fields["allow"]],
        "grants": [f"{one['rights']} on {one['folder']}" for one in fields["grants"]],
        "sessions": [
            f"{one['door']} from {one['source']} since {one['opened_at']:%H:%M}" for one in fields["sessions"]
        ],
        "slowed": [f"{one['source']} by {one['pause']}" for one in fields["slowed"]],
    }


def _waits(row: dict[str, Any]) -> str:
    return " (waits for approval)" if row["waiting"] else ""


def _setup(card: AccountCard) -> dict[str, Any]:
    """Return how the password that lives in a directory stands with SFTP."""
    kept = card.account.setup
    return {
        "state": card.setup,
        "opens_sftp": card.setup_bar is None,
        "refused_for": card.setup_bar,
        "checked_at": kept.checked_at if kept else None,
        "text_version": kept.text_version if kept else "",
        "must_renew_by": card.must_renew_by,
    }


def _setup_in_short(setup: dict[str, Any] | None) -> str:
    """Return the same for people; empty where the password is the account's own."""
    if setup is None:
        return ""
    if setup["refused_for"] is not None:
        return f"SFTP refuses the directory's password: {MEANING[setup['refused_for']][0]}"
    checked = f"{setup['checked_at']:%Y-%m-%d %H:%M} UTC"
    renew = f"; {setup['must_renew_by']:%Y-%m-%d} the new text is due" if setup["must_renew_by"] else ""
    return f"SFTP takes the directory's password, last asked {checked}{renew}"

"""What was taken from people after a backup was made: read from a newer audit trail, taken again from the restored.

A restore brings rows back, and with them accounts that were disabled, addresses and keys that were
removed, rights that were revoked and passwords that were changed, perhaps since somebody else knew
them.  Only taking is done again; nothing given since comes back from a trail.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mft.app.burials import Told
from mft.audit.trail import Trail
from mft.model.account import AccountState, CredentialKind, Method
from mft.model.directory import Setup, SetupState
from mft.model.errors import Invalid, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import AllowlistEntryId
from mft.model.path import VirtualPath
from mft.model.rights import Right, format_rights, parse_rights
from mft.model.session import Actor
from mft.model.staff import Role
from mft.store import (
    accounts,
    allowlist,
    credentials,
    factors,
    grants,
    identities,
    organizations,
    purges,
    setups,
    staff,
)
from mft.store.engine import Connection, Store
from mft.vfs.folders import folder_at

Thing = tuple[str, str, str]
"""What an event takes or gives: its kind, whose it is, and which one."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken again, for the trail and for people."""

    words: str
    detail: Mapping[str, DetailValue]
    action: Action


_SPOKEN_OF: Final[dict[Action, tuple[tuple[str, str | None], ...]]] = {
    Action.ACCOUNT_DISABLED: (("state", None),),
    Action.ACCOUNT_ENABLED: (("state", None),),
    Action.ACCOUNT_PURGED: (("state", None),),
    Action.ACCOUNT_SUSPENDED: (("suspension", None),),
    Action.REVIEW_ANSWERED: (("suspension", None),),
    Action.PASSWORD_ISSUED: (("password", None),),
    Action.PASSWORD_CHANGED: (("password", None),),
    # Of an account's changes: what it must prove, and the password that an earlier restore destroyed.
    Action.ACCOUNT_CHANGED: (("required", "required"), ("password", "password")),
    Action.ORGANIZATION_CHANGED: (("organization", "enabled"), ("portal", "portal_any_address")),
    Action.FACTOR_ADDED: (("factor", None),),
    Action.FACTOR_REMOVED: (("factor", None),),
    Action.RECOVERY_USED: (("recovery", None),),
    Action.RECOVERY_RENEWED: (("recovery", None),),
    Action.IDENTITY_CHANGED: (("identity", None),),
    Action.SETUP_AWAITED: (("setup", None),),
    Action.SETUP_DONE: (("setup", None),),
    Action.SETUP_LAPSED: (("setup", None),),
    Action.SETUP_REVOKED: (("setup", None),),
    Action.KEY_ADDED: (("key", "fingerprint"),),
    Action.KEY_REMOVED: (("key", "fingerprint"),),
    Action.ADDRESS_REMOVED: (("address", "entry"),),
    Action.GRANT_GIVEN: (("grant", "to"),),
    Action.GRANT_REVOKED: (("grant", "from"),),
    Action.STAFF_ADDED: (("role", None),),
    Action.STAFF_REMOVED: (("role", None),),
}
"""The kind of thing that an event takes or gives, and the detail that has to be there for it."""
_TOLD_APART: Final = frozenset({"key", "address", "grant"})
"""Kinds of which one subject has several; the detail says which."""


def _thing(event: Event) -> Thing | None:
    """Return what *event* takes or gives, or None if it does neither."""
    for kind, needed in _SPOKEN_OF.get(event.action, ()):
        if needed is None or needed in event.detail:
            return kind, event.subject, str(event.detail[needed]) if needed and kind in _TOLD_APART else ""
    return None


def taken_since(known: Mapping[str, int], told: Iterable[Told]) -> list[Event]:
    """Return the last word of *told*, behind the lines *known* of each chain, on each thing it speaks of."""
    last: dict[Thing, Event] = {}
    renamed: list[tuple[VirtualPath, VirtualPath]] = []
    for node, number, event in told:
        if number <= known.get(node, 0):
            continue
        if event.action is Action.FOLDER_RENAMED:
            renamed.append((VirtualPath.parse(event.subject), VirtualPath.parse(str(event.detail.get("to")))))
        thing = _thing(event)
        if thing is not None:
            spoken_of = _as_restored(event, renamed) if thing[0] == "grant" else event
            last[thing[0], spoken_of.subject, thing[2]] = spoken_of
    return list(last.values())


def _as_restored(event: Event, renamed: Iterable[tuple[VirtualPath, VirtualPath]]) -> Event:
    """Return *event* about the folder as it was called when the backup was made."""
    path = VirtualPath.parse(event.subject)
    for before, after in reversed(list(renamed)):
        if path.within(after):
            path = VirtualPath((*before.names, *path.names[len(after.names) :]))
    return replace(event, subject=str(path))


def take_again(store: Store, trail: Trail, events: Iterable[Event], actor: Actor, at: datetime) -> tuple[str, ...]:
    """Do again in *store* what *events* took and it still has; write each down, and return each in words."""
    said = []
    with store.write() as connection:
        for event in events:
            taken = _take(connection, event, at)
            if taken is not None:
                detail = {**taken.detail, "since_backup": True}
                trail.record(connection, Event(taken.action, actor, event.subject, detail), at)
                said.append(f"{event.subject}: {taken.words}")
    return tuple(said)


def _take(connection: Connection, event: Event, at: datetime) -> Taken | None:
    if event.action is Action.ACCOUNT_PURGED:
        return _purge(connection, event, at)
    return _TAKING[event.action](connection, event) if event.action in _TAKING else None


def _purge(connection: Connection, event: Event, at: datetime) -> Taken | None:
    """Destroy again all that the purge destroyed: what the backup brought back is a person's."""
    account = accounts.by_name(connection, event.subject)
    reason = str(event.detail.get("reason", ""))
    if account is None or not purges.purge(connection, account, reason, at, None):
        return None
    return Taken("purged again", {"reason": reason}, event.action)


def _close_account(connection: Connection, event: Event) -> Taken | None:
    account = accounts.by_name(connection, event.subject)
    if account is None or not accounts.set_state(connection, account.id, AccountState.ACTIVE, AccountState.DISABLED):
        return None
    return Taken("disabled again", {"reason": str(event.detail.get("reason", ""))}, event.action)


def _suspend(connection: Connection, event: Event) -> Taken | None:
    account = accounts.by_name(connection, event.subject)
    since = datetime.fromisoformat(str(event.detail["since"]))
    if account is None or not accounts.suspend(connection, account.id, since):
        return None
    return Taken("suspended again, until somebody keeps it", {"since": since.isoformat()}, event.action)


def _destroy_password(connection: Connection, event: Event) -> Taken | None:
    account = accounts.by_name(connection, event.subject)
    if account is None or not credentials.remove_password(connection, account.id):
        return None
    said = "its former password is destroyed; issue a temporary one"
    return Taken(said, {"password": "destroyed"}, Action.ACCOUNT_CHANGED)


def _destroy_factor(connection: Connection, event: Event) -> Taken | None:
    """Destroy a factor that was replaced or removed since: whoever has its authenticator may be somebody else."""
    account = accounts.by_name(connection, event.subject)
    if account is None or not factors.remove(connection, account.id):
        return None
    factors.drop_codes(connection, account.id)
    said = "its former second factor is destroyed; the next sign-in to the portal sets up another"
    return Taken(said, {"kind": "totp"}, Action.FACTOR_REMOVED)


def _drop_codes(connection: Connection, event: Event) -> Taken | None:
    account = accounts.by_name(connection, event.subject)
    if account is None or not factors.codes_left(connection, account.id):
        return None
    factors.drop_codes(connection, account.id)
    return Taken("its recovery codes are destroyed, since some were used", {"left": 0}, Action.RECOVERY_USED)


def _forget_identity(connection: Connection, event: Event) -> Taken | None:
    """Let an account be nobody elsewhere: the backup's external id was changed, and may be another person's."""
    account = accounts.by_name(connection, event.subject)
    if account is None or not account.external_id:
        return None
    accounts.set_external_id(connection, account.id, "")
    gone = credentials.remove_kinds(connection, account.id, (CredentialKind.IDENTITY, CredentialKind.DIRECTORY))
    identities.remove(connection, account.id)
    said = "its former external id is removed, and what rested on it; set it anew"
    return Taken(said, {"external_id": False, "removed": len(gone)}, event.action)


def _close_setup(connection: Connection, event: Event) -> Taken | None:
    """Let a directory's password open nothing that was closed since, and has to be set up again at least."""
    account = accounts.by_name(connection, event.subject)
    after = _SETUP_AFTER[event.action]
    setup = account.setup if account else None
    if account is None or (setup is None and after is not SetupState.REVOKED):
        return None
    before = setup or Setup(SetupState.UNATTESTED, "", None, "")
    if before.state in {after, SetupState.REVOKED} or account.state is AccountState.PURGED:
        return None
    setups.put(connection, account.id, replace(before, state=after))
    credentials.remove_kinds(connection, account.id, (CredentialKind.DIRECTORY,))
    detail = {"before": before.state.value, "reason": str(event.detail.get("reason", ""))}
    return Taken(f"its directory password is {after.value} again", detail, event.action)


_SETUP_AFTER: Final = {
    Action.SETUP_AWAITED: SetupState.UNATTESTED,
    Action.SETUP_LAPSED: SetupState.STALE,
    Action.SETUP_REVOKED: SetupState.REVOKED,
}


def _require(connection: Connection, event: Event) -> Taken | None:
    account = accounts.by_name(connection, event.subject)
    methods = frozenset(Method(word) for word in str(event.detail["required"]).split(",") if word)
    if account is None or not methods > account.required:
        return None
    accounts.set_required(connection, account.id, methods)
    said = ",".join(sorted(methods))
    return Taken(f"{said} are required again", {"required": said}, event.action)


def _remove_key(connection: Connection, event: Event) -> Taken | None:
    account = accounts.by_name(connection, event.subject)
    fingerprint = str(event.detail.get("fingerprint"))
    held = credentials.of_account(connection, account.id) if account else []
    key = next((one for one in held if one.kind is CredentialKind.KEY and one.fingerprint == fingerprint), None)
    if key is None or not credentials.remove(connection, key.id):
        return None
    return Taken(f"key {fingerprint} is removed again", {"fingerprint": fingerprint, "label": key.label}, event.action)


def _remove_address(connection: Connection, event: Event) -> Taken | None:
    entry = AllowlistEntryId(str(event.detail.get("entry")))
    found = allowlist.by_id(connection, entry)
    if found is None or not allowlist.remove(connection, entry):
        return None
    addresses = str(found[1].addresses)
    return Taken(f"{addresses} is removed again", {"entry": entry, "addresses": addresses}, event.action)


def _narrow(connection: Connection, event: Event) -> Taken | None:
    """Leave of a grant what was there before and after; an account and an organization may share a name."""
    to = str(event.detail.get("from", event.detail.get("to")))
    after = parse_rights(str(event.detail["rights"])) if event.action is Action.GRANT_GIVEN else Right.NONE
    try:
        _, folder = folder_at(connection, VirtualPath.parse(event.subject))
    except (NotFound, Invalid):
        return None
    named = (accounts.by_name(connection, to), organizations.by_name(connection, to))
    grantees = {one.id for one in named if one is not None}
    changed = False
    for grant in grants.on_folder(connection, folder.id):
        kept = grant.rights & after
        if (grant.account or grant.organization) not in grantees or kept == grant.rights:
            continue
        changed = True
        grants.remove_grant(connection, folder.id, grant.account, grant.organization)
        if kept:
            grants.put_grant(connection, folder.id, replace(grant, rights=kept))
    if not changed:
        return None
    if event.action is Action.GRANT_REVOKED:
        return Taken(f"the grant to {to} is revoked again", {"from": to}, event.action)
    said = format_rights(after)
    return Taken(f"{to} has no more than {said} again", {"to": to, "rights": said}, event.action)


def _close_organization(connection: Connection, event: Event) -> Taken | None:
    organization = organizations.by_name(connection, event.subject)
    if event.detail["enabled"] or organization is None:
        return None
    if not organizations.set_enabled(connection, organization.id, enabled=False):
        return None
    return Taken("disabled again", {"enabled": False}, event.action)


def _heed_the_lists(connection: Connection, event: Event) -> Taken | None:
    organization = organizations.by_name(connection, event.subject)
    if event.detail["portal_any_address"] or organization is None or not organization.portal_any_address:
        return None
    organizations.set_portal_any_address(connection, organization.id, allowed=False)
    return Taken("the portal heeds its people's lists again", {"portal_any_address": False}, event.action)


def _take_role(connection: Connection, event: Event) -> Taken | None:
    """Give somebody of the staff the lesser role of *event*, or none.

    The last on the roll becomes auditor instead: while nobody is on it, everybody is operator.
    """
    roll = {one.name: one for one in staff.listing(connection)}
    before = roll.pop(event.subject, None)
    role = Role(str(event.detail["role"])) if event.action is Action.STAFF_ADDED else None
    after = role if role is not None or roll else Role.AUDITOR
    if before is None or after in {before.role, Role.OPERATOR}:
        return None
    if after is None:
        staff.remove(connection, before.name)
        return Taken(f"is {before.role.value} no more again", {"role": before.role.value}, Action.STAFF_REMOVED)
    staff.put(connection, replace(before, role=after))
    detail = {"role": after.value, "before": before.role.value}
    return Taken(f"is {after.value} again, no more {before.role.value}", detail, Action.STAFF_ADDED)


_TAKING: Final[dict[Action, Callable[[Connection, Event], Taken | None]]] = {
    Action.ACCOUNT_DISABLED: _close_account,
    Action.ACCOUNT_SUSPENDED: _suspend,
    Action.ACCOUNT_CHANGED: lambda *given: (_require if "required" in given[1].detail else _destroy_password)(*given),
    Action.PASSWORD_ISSUED: _destroy_password,
    Action.PASSWORD_CHANGED: _destroy_password,
    Action.FACTOR_ADDED: _destroy_factor,
    Action.FACTOR_REMOVED: _destroy_factor,
    Action.RECOVERY_USED: _drop_codes,
    Action.RECOVERY_RENEWED: _drop_codes,
    Action.IDENTITY_CHANGED: _forget_identity,
    Action.SETUP_AWAITED: _close_setup,
    Action.SETUP_LAPSED: _close_setup,
    Action.SETUP_REVOKED: _close_setup,
    Action.KEY_REMOVED: _remove_key,
    Action.ADDRESS_REMOVED: _remove_address,
    Action.GRANT_REVOKED: _narrow,
    Action.GRANT_GIVEN: _narrow,
    Action.ORGANIZATION_CHANGED: lambda *given: (
        _close_organization if "enabled" in given[1].detail else _heed_the_lists
    )(*given),
    Action.STAFF_ADDED: _take_role,
    Action.STAFF_REMOVED: _take_role,
}
"""Each event that takes something, and how that is done again; the others only lift what came before."""

"""Why was somebody refused, and would they be admitted?  For operators and the service desk; reads only.

The caller was shown one sentence and a reference code (fact 0.16); here the code is turned into the
true reason, with the addresses that were allowed at that moment (facts 0.13, 0.17, 0.18).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address
from typing import Final

from mft.audit.search import by_reference
from mft.model.account import AllowlistEntry, CredentialKind, Method
from mft.model.errors import Invalid, NotFound
from mft.model.event import Action, AuditEvent
from mft.model.ids import ALPHABET, Reference
from mft.model.session import Door
from mft.policy.signon import Dossier, Reason, Terms, bars, setup_bar
from mft.store import accounts, organizations
from mft.store.engine import Store

_RESET: Final = "issue a new one: mft account temp-password NAME"

MEANING: Final = {
    Reason.UNKNOWN_ACCOUNT: (
        "no account has that name",
        "compare with mft account list; of what was typed only the beginning is kept, since it may be a password",
    ),
    Reason.SECRET_MISMATCH: (
        "the password, key or code is not one that the account has, or the code was used already",
        f"passwords are case-sensitive; if it is forgotten, {_RESET}; for a key see mft account keys NAME",
    ),
    Reason.CREDENTIAL_REVOKED: (
        "the password or key was right and was removed meanwhile",
        "sign on again with what the account has now",
    ),
    Reason.CREDENTIAL_EXPIRED: ("the password or key was right and its time is over", "add a new one"),
    Reason.KEY_WAITING: (
        "the key is right and waits for approval, since its owner added it",
        "ask them whether it is theirs, then: mft account keys approve NAME FINGERPRINT",
    ),
    Reason.TEMPORARY_EXPIRED: ("the temporary password was right and older than its term", _RESET),
    Reason.ACCOUNT_DISABLED: ("the account is disabled", "if that is over: mft account enable NAME"),
    Reason.ACCOUNT_PURGED: (
        "the account was purged",
        "a new access request is needed; the name is not handed out again",
    ),
    Reason.ACCOUNT_LOCKED: (
        "too many wrong passwords in a row came from the account's own addresses",
        "find out who tried, then: mft account unlock NAME",
    ),
    Reason.ACCOUNT_DORMANT: (
        "nobody signed on for so long that the account is closed",
        "a new access request is needed",
    ),
    Reason.NOT_RECERTIFIED: (
        "its organization did not say in time that the account is still needed",
        "ask its administrator; if it is still needed: mft review keep ORGANIZATION NAME",
    ),
    Reason.ORGANIZATION_DISABLED: (
        "the account's organization is disabled",
        "if that is over: mft org enable ORGANIZATION",
    ),
    Reason.SOURCE_NOT_LISTED: (
        "the address is not on the account's list",
        "if the address is theirs, add it: mft allow add NAME ADDRESS --reason WHY",
    ),
    Reason.WRONG_DOOR: (
        "the password was right, and is not the one that this door asks for",
        "whose password lives in a directory signs on to SFTP with that one, and to the portal with none of it",
    ),
    Reason.SETUP_MISSING: (
        "SFTP takes the directory's password, and it was not set up, or not agreed to in the current words",
        "they do it in the portal: Trading Partner, SFTP Account Setup/Update",
    ),
    Reason.SETUP_STALE: (
        "the directory's password was changed since it was set up",
        "they set it up again in the portal: Trading Partner, SFTP Account Setup/Update",
    ),
    Reason.SETUP_REVOKED: (
        "the setup was revoked by an operator, or since the directory knows them no more",
        "if that is over: mft setup resync NAME; then they set it up again in the portal",
    ),
    Reason.SETUP_UNKNOWN: (
        "the directory has not answered about them for a day",
        "see that it answers: mft doctor; then: mft setup resync NAME",
    ),
    Reason.SESSION_ENDED: ("the session's end was asked for", "nothing"),
    Reason.PROVIDER_UNFIT: (
        "what came from the provider of identities cannot be relied on",
        "the person may try again; if it happens again see mft doctor, and compare the clocks and the [oidc] settings",
    ),
    Reason.MFA_MISSING: (
        "the provider vouches for the person and not for a second factor",
        "have them sign in there with MFA; if they did, compare what it says with oidc.acr and oidc.amr",
    ),
    Reason.NOT_LINKED: (
        "the person whom the provider vouches for is not who this account, or any, belongs to",
        'if it is theirs: mft account change NAME --external-id ID; the same again, after "", lets another person in',
    ),
    Reason.CANNOT_TELL: ("something needed to decide did not answer", "see mft doctor and the log of that time"),
}
"""What each reason means, and what to do next."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One refusal, or one counted minute of them, in an operator's words."""

    reference: Reference
    at: datetime
    name: str
    """The account's; of a name that no account has, what mft.accounts.names.Veil leaves of it.  For a counted
    minute, some of the names that were tried."""
    source: str
    door: Door
    client: str
    method: str
    reason: str
    """A Reason's value; for a counted minute, all reasons with their numbers."""
    words: str
    also: tuple[str, ...]
    """What else would have barred the account at that moment, in words."""
    allowed: str
    """The addresses that admitted at that moment."""
    not_in_force: str
    """Addresses on the list that waited for approval or had ended."""
    advice: str
    count: int
    """How many refusals this line stands for."""


def explain(store: Store, code: str) -> Explanation:
    """Return what the reference *code*, as somebody read it out, stands for.  Raises Invalid, NotFound."""
    reference = read_reference(code)
    line = by_reference(store, reference)
    if line is not None and line.event.action is Action.SIGNON_REFUSED:
        return _single(store, reference, line)
    if line is not None and line.event.action is Action.SIGNON_REFUSED_OFTEN:
        return _counted(reference, line)
    raise NotFound(
        f"no refusal carries the code {reference}; if it is of this minute, look again in a minute: "
        "of many refusals from one address all but the first are written together"
    )


def read_reference(code: str) -> Reference:
    """Return the reference that *code* means, read out or typed with the usual slips.  Raises Invalid."""
    plain = (
        code.strip().lower().translate({ord("o"): "0", ord("i"): "1", ord("l"): "1", ord("-"): None, ord(" "): None})
    )
    if len(plain) != 8 or any(ch not in ALPHABET for ch in plain):  # noqa: PLR2004  (model.ids makes them so)
        raise Invalid(f"{code!r} is not a reference code; it looks like 7K3M-9QZ2")
    return Reference(f"{plain[:4]}-{plain[4:]}".upper())


def _single(store: Store, reference: Reference, line: AuditEvent) -> Explanation:
    detail = line.event.detail
    reason = Reason(str(detail["reason"]))
    words, advice = MEANING[reason]
    why = f": {detail['why']}" if detail.get("why") else ""
    known = line.event.actor.account is not None
    also = [Reason(word) for word in str(detail["also"]).split(", ") if word]
    return Explanation(
        reference=reference,
        at=line.at,
        name=line.event.subject,
        source=str(detail["source"]),
        door=line.event.actor.door,
        client=str(detail["client"]),
        method=str(detail["method"]),
        reason=reason.value,
        words=words + why,
        also=tuple(MEANING[bar][0] for bar in also),
        allowed=str(detail["allowed"]),
        not_in_force=str(detail["not_in_force"]),
        advice=_filled(store, advice, line.event.subject, str(detail["source"])) if known else advice,
        count=1,
    )


def _filled(store: Store, advice: str, name: str, source: str) -> str:
    """Return *advice* with the account's, its organization's and the source's own names in the commands."""
    said = advice.replace("ADDRESS", source).replace("NAME", name)
    if "ORGANIZATION" not in said:
        return said
    with store.read() as connection:
        account = accounts.by_name(connection, name)
        owner = organizations.by_id(connection, account.organization).name if account else "ORGANIZATION"
    return said.replace("ORGANIZATION", owner)


def _counted(reference: Reference, line: AuditEvent) -> Explanation:
    detail = line.event.detail
    return Explanation(
        reference=reference,
        at=line.at,
        name=str(detail["names"]),
        source=line.event.subject,
        door=line.event.actor.door,
        client="",
        method="",
        reason=str(detail["reasons"]),
        words=f"{detail['count']} refusals from this address between {detail['since']} and {detail['until']}",
        also=(),
        allowed="",
        not_in_force="",
        advice=f"the first of that minute have lines of their own: mft audit search --text {line.event.subject}",
        count=int(detail["count"] or 0),
    )


@dataclass(frozen=True, slots=True)
class Prospect:
    """Whether an account would be admitted from an address, given the right secret."""

    listed_by: AllowlistEntry | None
    """The entry that admits the address now."""
    not_in_force: tuple[AllowlistEntry, ...]
    """Entries that name the address and wait for approval or have ended."""
    bars: tuple[Reason, ...]
    """Everything that stands in the way."""
    words: tuple[str, ...]
    """The same in words."""

    @property
    def admitted(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.bars


def would_admit(store: Store, name: str, address: IPv4Address, now: datetime, terms: Terms) -> Prospect:
    """Return whether the account *name* would be admitted to SFTP from *address* at *now*.  Raises NotFound."""
    with store.read() as connection:
        dossier = accounts.dossier(connection, name, terms)
    if dossier is None:
        raise NotFound(f"there is no account {name}; mft account list shows them")
    standing = tuple(dict.fromkeys((*bars(dossier, address, now, Door.SFTP), *_setup_bars(dossier, now))))
    naming = (entry for entry in dossier.allowlist if entry.addresses.contains(address))
    return Prospect(
        listed_by=dossier.admits(address, now),
        not_in_force=tuple(entry for entry in naming if not entry.stands(now)),
        bars=standing,
        words=tuple(MEANING[bar][0] for bar in standing),
    )


def _setup_bars(dossier: Dossier, now: datetime) -> Iterator[Reason]:
    """Yield why no secret is the right one, for who has to prove a directory's password that SFTP does not take."""
    reason = setup_bar(dossier, now)
    has_key = any(one.kind is CredentialKind.KEY and not one.waiting for one in dossier.credentials)
    if reason is not None and (not has_key or Method.PASSWORD in dossier.account.required):
        yield reason

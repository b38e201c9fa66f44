"""Second factors: an authenticator's codes, and the recovery codes for when it is lost.

A factor is a credential, so that a purge destroys it, a re-check misses it, and ``decide`` weighs it
as it weighs any other.  Every code opens something once: what uses it up stands in the transaction
that admits, and is guarded there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from mft.accounts.notices import tell
from mft.accounts.records import checked_remark, known_account
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.crypto.master import MasterKey
from mft.crypto.totp import (
    matching_step,
    new_recovery_code,
    new_totp_secret,
    opened_secret,
    provisioning_uri,
    recovery_digest,
    sealed_secret,
    typed_secret,
)
from mft.model.account import Account, Credential, CredentialKind
from mft.model.errors import NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import AccountId, CredentialId, SessionId, new_id
from mft.model.portal import Factor
from mft.model.session import Actor
from mft.store import credentials, factors, sessions
from mft.store.engine import Store
from mft.store.factors import Totp

CODES: Final = 10
"""Recovery codes of one account."""
_DIGITS: Final = 6
_LONGEST_TYPED: Final = 64
_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class NewFactor:
    """A secret for an authenticator, shown once to its owner.  It counts for nothing until a code of it was right."""

    uri: str = field(repr=False)
    """For a QR code."""
    secret: str = field(repr=False)
    """The same secret, to be typed."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A factor that counts from now on."""

    credential: CredentialId
    codes: tuple[str, ...] = field(repr=False)
    """Recovery codes, shown once."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A code that was right, and is used up."""

    credential: CredentialId
    factor: Factor


@dataclass(frozen=True, slots=True)
class FactorStanding:
    """What a person may know of their own second factor."""

    confirmed_at: datetime | None
    """None without one."""
    codes_left: int


class Factors:
    """The second factors of all accounts."""

    def __init__(self, store: Store, trail: Trail, clock: Clock, master: MasterKey, issuer: str) -> None:
        """Keep the parts.  *issuer* is what an authenticator calls the server."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._master = master
        self._issuer = issuer

    def confirmed(self, connection: Connection, account: AccountId) -> Totp | None:
        """Return the factor that counts, or None."""
        return next((one for one in factors.of_account(connection, account) if one.confirmed_at), None)

    def enrol(self, connection: Connection, account: Account) -> NewFactor:
        """Begin a factor within the caller's transaction, in the place of one that was begun and not confirmed."""
        factors.remove_unconfirmed(connection, account.id)
        secret = new_totp_secret()
        credential = Credential(
            id=CredentialId(new_id("cred")),
            kind=CredentialKind.TOTP,
            verifier=sealed_secret(self._master, secret),
            fingerprint="",
            label="",
            created_at=self._clock.now(),
            created_by=account.name,
            expires_at=None,
        )
        credentials.add(connection, account.id, credential)
        factors.add(connection, credential.id)
        return NewFactor(provisioning_uri(secret, account.name, self._issuer), typed_secret(secret))

    def confirm(
        self, connection: Connection, actor: Actor, account: Account, code: str, spared: SessionId | None = None
    ) -> Confirmed | None:
        """Let the factor that was begun count from now on, if *code* is its; else return None.

        It takes the place of an earlier one; then every session of the account but *spared* ends.
        """
        now = self._clock.now()
        begun = [one for one in factors.of_account(connection, account.id) if one.confirmed_at is None]
        if not begun or not self._used(connection, begun[-1], code, now):
            return None
        one = begun[-1].credential
        factors.confirm(connection, one, now)
        if factors.remove(connection, account.id, one):
            sessions.request_end(connection, account.id, None, f"{actor.name}: the second factor changed", spared)
        codes = self._new_codes(connection, account.id)
        self._trail.record(
            connection, Event(Action.FACTOR_ADDED, actor, account.name, {"kind": Factor.TOTP.value}), now
        )
        tell(connection, "factor-changed", account, now, {"what": "an authenticator was set up for it"})
        return Confirmed(one, codes)

    def prove(self, connection: Connection, actor: Actor, account: Account, code: str) -> Proof | None:
        """Use *code* up within the caller's transaction: six digits of the authenticator, or a recovery code.

        Return None if it is neither, or was used already.
        """
        held = self.confirmed(connection, account.id)
        typed = code.replace(" ", "")
        if held is None or len(typed) > _LONGEST_TYPED:
            return None
        now = self._clock.now()
        if len(typed) == _DIGITS and typed.isascii() and typed.isdecimal():
            return Proof(held.credential, Factor.TOTP) if self._used(connection, held, typed, now) else None
        if not factors.use_code(connection, account.id, recovery_digest(typed), now):
            return None
        left = factors.codes_left(connection, account.id)
        self._trail.record(connection, Event(Action.RECOVERY_USED, actor, account.name, {"left": left}), now)
        tell(connection, "recovery-used", account, now, {"left": left, "source": str(actor.source or "")})
        return Proof(held.credential, Factor.RECOVERY_CODE)

    def renew_codes(self, connection: Connection, actor: Actor, account: Account) -> tuple[str, ...]:
        """Return ten new recovery codes within the caller's transaction; the old ones are worth nothing."""
        now = self._clock.now()
        codes = self._new_codes(connection, account.id)
        self._trail.record(connection, Event(Action.RECOVERY_RENEWED, actor, account.name), now)
        tell(connection, "factor-changed", account, now, {"what": "new recovery codes were made for it"})
        return codes

    def remove(self, actor: Actor, name: str, why: str) -> None:
        """Take the second factor from *name*, who lost it: the next sign-in sets up another.

        Every session of the account ends within 60 s.  Raises NotFound, Invalid.
        """
        with self._store.write() as connection:
            account = known_account(connection, name)
            if not factors.remove(connection, account.id):
                raise NotFound(f"{name} has no second factor")
            factors.drop_codes(connection, account.id)
            sessions.request_end(connection, account.id, None, f"{actor.name}: the second factor was removed")
            now = self._clock.now()
            detail: dict[str, DetailValue] = {"kind": Factor.TOTP.value, "reason": checked_remark(why)}
            self._trail.record(connection, Event(Action.FACTOR_REMOVED, actor, name, detail), now)
            tell(connection, "factor-changed", account, now, {"what": "its second factor was removed"})

    def standing(self, account: AccountId) -> FactorStanding:
        """Return what there is to know of the second factor of *account*."""
        with self._store.read() as connection:
            held = self.confirmed(connection, account)
            return FactorStanding(held.confirmed_at if held else None, factors.codes_left(connection, account))

    def rewrap(self) -> int:
        """Wrap every factor's secret by the newest generation of the master key.  Return how many that were."""
        done, last = 0, CredentialId("")
        while True:
            with self._store.write() as connection:
                page = factors.all_verifiers(connection, last, _PAGE)
                for one, text in page:
                    if text.partition(":")[0] != self._master.current:
                        again = sealed_secret(self._master, opened_secret(self._master, text))
                        credentials.reseal(connection, one, text, again)
                        done += 1
            if not page:
                return done
            last = page[-1][0]

    def _used(self, connection: Connection, one: Totp, code: str, now: datetime) -> bool:
        """Use up the step of *code*, if it is a code of *one* that was not used before."""
        secret = opened_secret(self._master, one.verifier)
        step = matching_step(secret, code.replace(" ", ""), now, one.last_step)
        return step is not None and factors.use(connection, one.credential, step)

    @staticmethod
    def _new_codes(connection: Connection, account: AccountId) -> tuple[str, ...]:
        codes: Iterable[str] = (new_recovery_code() for _ in range(CODES))
        kept = tuple(codes)
        factors.put_codes(connection, account, map(recovery_digest, kept))
        return kept

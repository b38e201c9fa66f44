"""What accounts prove themselves with: issuing temporary passwords, setting passwords, adding and removing keys.

An account has one password or one temporary password, never both.  Issuing or setting one destroys
the other and ends every live session of the account; the secret is returned once and kept nowhere.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mft.accounts.fitness import Fitness
from mft.accounts.records import checked_remark, known_account
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.crypto.keys import read_public_key
from mft.crypto.passwords import Passwords, new_temporary_password, prepare
from mft.model.account import Account, AccountState, Credential, CredentialKind
from mft.model.errors import Conflict, Invalid, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.ids import CredentialId, new_id
from mft.model.session import Actor
from mft.store import credentials, sessions
from mft.store.engine import Store


@dataclass(frozen=True, slots=True)
class TemporaryPassword:
    """A temporary password, to be handed to its owner; it is shown nowhere else and never again."""

    secret: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Prepared:
    """A temporary password before anybody has it: hashed outside the line of writers, where that takes too long."""

    secret: str = field(repr=False)
    verifier: str = field(repr=False)


class Credentials:
    """The credentials of all accounts."""

    def __init__(
        self, store: Store, trail: Trail, passwords: Passwords, clock: Clock, fitness: Fitness, lasts: timedelta
    ) -> None:
        """Keep the parts.  A temporary password *lasts* so long: 48 hours (fact 0.12)."""
        self._store = store
        self._trail = trail
        self._passwords = passwords
        self._clock = clock
        self._fitness = fitness
        self._lasts = lasts

    def issue_temporary(self, actor: Actor, name: str) -> TemporaryPassword:
        """Reset the password of *name* (fact 0.13).  Raises NotFound, Conflict."""
        prepared = self.prepare_temporary()
        with self._store.write() as connection:
            return self.put_temporary(connection, actor, _living(connection, name), prepared, self._clock.now())

    def prepare_temporary(self) -> Prepared:
        """Return a fresh temporary password that is nobody's yet.  Takes one Argon2; call it outside a transaction."""
        secret = new_temporary_password()
        return Prepared(secret, self._passwords.seal(prepare(secret)))

    def put_temporary(
        self, connection: Connection, actor: Actor, account: Account, prepared: Prepared, at: datetime
    ) -> TemporaryPassword:
        """Do what ``issue_temporary`` does within the caller's transaction; its life begins *at* that moment.

        Raises Conflict if *account* was purged.
        """
        _demand_living(account)
        expires_at = at + self._lasts
        new = _password(actor, CredentialKind.TEMPORARY, prepared.verifier, at, expires_at)
        self._put_password(connection, actor, account, new)
        detail: dict[str, DetailValue] = {"expires_at": expires_at.isoformat()}
        self._trail.record(connection, Event(Action.PASSWORD_ISSUED, actor, account.name, detail), at)
        return TemporaryPassword(prepared.secret, expires_at)

    def set_password(self, actor: Actor, name: str, password: str) -> None:
        """Set the password that the owner of *name* just typed to an operator.  Raises NotFound, Conflict, Invalid."""
        with self._store.read() as connection:
            account = _living(connection, name)
        objection = self._fitness.objection(password, account)
        if objection is not None:
            raise Invalid(objection)
        verifier = self._passwords.seal(prepare(password))
        with self._store.write() as connection:
            now = self._clock.now()
            account = _living(connection, name)
            self._put_password(connection, actor, account, _password(actor, CredentialKind.PASSWORD, verifier, now))
            self._trail.record(connection, Event(Action.PASSWORD_CHANGED, actor, name), now)

    def add_key(self, actor: Actor, name: str, text: str, label: str = "") -> Credential:
        """Add the public key in *text* to the account *name*.  Raises NotFound, Conflict, Invalid."""
        with self._store.write() as connection:
            return self.put_key(connection, actor, _living(connection, name), text, label, self._clock.now())

    def put_key(
        self,
        connection: Connection,
        actor: Actor,
        account: Account,
        text: str,
        label: str,
        at: datetime,
        *,
        waiting: bool = False,
    ) -> Credential:
        """Do what ``add_key`` does within the caller's transaction; a *waiting* key opens nothing until approved."""
        key = read_public_key(text)
        credential = Credential(
            id=CredentialId(new_id("cred")),
            kind=CredentialKind.KEY,
            verifier=key.line,
            fingerprint=key.fingerprint,
            label=checked_remark(label or key.comment),
            created_at=at,
            created_by=actor.name,
            expires_at=None,
            waiting=waiting,
        )
        credentials.add(connection, account.id, credential)
        detail: dict[str, DetailValue] = {
            "fingerprint": key.fingerprint,
            "algorithm": key.algorithm,
            "label": credential.label,
            "waiting": waiting,
        }
        self._trail.record(connection, Event(Action.KEY_ADDED, actor, account.name, detail), at)
        return credential

    def remove_key(self, actor: Actor, name: str, fingerprint: str) -> Credential:
        """Remove a key by its fingerprint or id; sessions it opened end within 60 s.  Raises NotFound."""
        with self._store.write() as connection:
            account = known_account(connection, name)
            keys = [c for c in credentials.of_account(connection, account.id) if c.kind is CredentialKind.KEY]
            key = next((c for c in keys if fingerprint in {c.fingerprint, c.id}), None)
            if key is None or not credentials.remove(connection, key.id):
                raise NotFound(f"{name} has no key {fingerprint}; mft account keys {name} shows them")
            detail: dict[str, DetailValue] = {"fingerprint": key.fingerprint, "label": key.label}
            self._trail.record(connection, Event(Action.KEY_REMOVED, actor, name, detail), self._clock.now())
            return key

    def keys(self, name: str) -> list[Credential]:
        """Return the keys of the account *name*, oldest first.  Raises NotFound."""
        with self._store.read() as connection:
            account = known_account(connection, name)
            return [c for c in credentials.of_account(connection, account.id) if c.kind is CredentialKind.KEY]

    def _put_password(self, connection: Connection, actor: Actor, account: Account, new: Credential) -> None:
        credentials.remove_password(connection, account.id)
        credentials.add(connection, account.id, new)
        # Sessions opened by a key would outlive a reset that was meant to put somebody out.
        sessions.request_end(connection, account.id, None, f"{actor.name}: the password was reset")


def _password(
    actor: Actor, kind: CredentialKind, verifier: str, at: datetime, expires_at: datetime | None = None
) -> Credential:
    return Credential(
        id=CredentialId(new_id("cred")),
        kind=kind,
        verifier=verifier,
        fingerprint="",
        label="",
        created_at=at,
        created_by=actor.name,
        expires_at=expires_at,
    )


def _living(connection: Connection, name: str) -> Account:
    account = known_account(connection, name)
    _demand_living(account)
    return account


def _demand_living(account: Account) -> None:
    if account.state is AccountState.PURGED:
        raise Conflict(f"{account.name} was purged; ask for a new account")

"""SSH keys that people add themselves: taken at once, or kept until somebody else has approved them.

Whoever got hold of an open browser and a password would otherwise have a way in that outlives both.
The owner is written to in either case, so that a key that is not theirs is noticed.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from mft.accounts.credentials import Credentials
from mft.accounts.notices import tell
from mft.accounts.records import known_account
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.account import Account, Credential, CredentialKind
from mft.model.errors import Conflict, Forbidden, NotFound
from mft.model.event import Action, DetailValue, Event
from mft.model.letter import FieldValue
from mft.model.session import Actor
from mft.store import credentials
from mft.store.engine import Store

_COUNTS: Final = "It may be used from now on."
_WAITS: Final = "It opens nothing until it is approved; you will be written to when it is."


class OwnKeys:
    """Adds keys in their owners' names, and lets others approve them."""

    def __init__(
        self, store: Store, trail: Trail, clock: Clock, held: Credentials, *, wait: bool, operators: Sequence[str] = ()
    ) -> None:
        """Keep the parts.  Keys *wait* for approval, or not; *operators* are the mail addresses that are asked."""
        self._store = store
        self._trail = trail
        self._clock = clock
        self._held = held
        self._wait = wait
        self._operators = tuple(operators)

    def add(self, actor: Actor, name: str, text: str, label: str = "") -> Credential:
        """Add the public key in *text*, as the owner of *name* asks.  Raises NotFound, Conflict, Invalid."""
        with self._store.write() as connection:
            account, now = known_account(connection, name), self._clock.now()
            key = self._held.put_key(connection, actor, account, text, label, now, waiting=self._wait)
            words = _words(key) | {"source": str(actor.source or "")}
            tell(connection, "key-added", account, now, words | {"means": _WAITS if self._wait else _COUNTS})
            for operator in self._operators if self._wait else ():
                tell(connection, "key-waiting", account, now, words, operator)
            return key

    def approve(self, actor: Actor, name: str, which: str) -> Credential:
        """Let a waiting key count; *which* is its fingerprint or id.

        Raises NotFound, Conflict, or Forbidden to its owner.
        """
        with self._store.write() as connection:
            account, now = known_account(connection, name), self._clock.now()
            key = self._found(connection, account, which)
            if key.created_by.casefold() in {actor.name.casefold(), actor.user.casefold()}:
                raise Forbidden(f"{name} added this key; another person has to approve it")
            if not credentials.approve(connection, key.id):
                raise Conflict(f"{which} does not wait for approval")
            detail: dict[str, DetailValue] = {"fingerprint": key.fingerprint, "label": key.label}
            self._trail.record(connection, Event(Action.KEY_APPROVED, actor, account.name, detail), now)
            tell(connection, "key-approved", account, now, _words(key))
            return self._found(connection, account, which)

    def waiting(self) -> list[tuple[str, Credential]]:
        """Return the keys that wait for approval, each with its account's name."""
        with self._store.read() as connection:
            return credentials.waiting(connection)

    @staticmethod
    def _found(connection: Connection, account: Account, which: str) -> Credential:
        held = credentials.of_account(connection, account.id)
        keys = (one for one in held if one.kind is CredentialKind.KEY and which in {one.fingerprint, one.id})
        key = next(keys, None)
        if key is None:
            raise NotFound(f"{account.name} has no key {which}; mft account keys list {account.name} shows them")
        return key


def _words(key: Credential) -> dict[str, FieldValue]:
    return {"fingerprint": key.fingerprint, "label": key.label or "without a label"}

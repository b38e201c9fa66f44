"""Who an account is: the person, the phone, the mail addresses.  Changing them never counts as use (fact 0.15)."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

from mft.accounts.external_ids import put_external_id
from mft.accounts.records import checked_remark, known_account
from mft.audit.trail import Trail
from mft.clock import Clock
from mft.model.account import Account, AccountState, checked_email
from mft.model.errors import Conflict, Invalid
from mft.model.event import Action, DetailValue, Event
from mft.model.session import Actor
from mft.store import accounts
from mft.store.engine import Store


@dataclass(frozen=True, slots=True)
class NewDetails:
    """What is to be written in the place of what stands; None leaves it as it is, and empty takes it away."""

    email: str | None = None
    """Never empty."""
    person: str | None = None
    phone: str | None = None
    contact: str | None = None
    """A mail address that gets the warnings instead of *email*."""
    external_id: str | None = None
    """Who they are elsewhere; another one takes away what rests on the one before."""


class Details:
    """The personal fields of all accounts."""

    def __init__(self, store: Store, trail: Trail, clock: Clock) -> None:
        """Keep the parts."""
        self._store = store
        self._trail = trail
        self._clock = clock

    def change(self, actor: Actor, name: str, new: NewDetails) -> Account:
        """Write *new* and return the account.  Raises NotFound, Invalid, Conflict."""
        named = [each.name for each in fields(new) if getattr(new, each.name) is not None]
        if not named:
            raise Invalid("nothing was named to change; use --email, --person, --phone, --contact or --external-id")
        with self._store.write() as connection:
            account = known_account(connection, name)
            if account.state is AccountState.PURGED:
                raise Conflict(f"{name} was purged; ask for a new account")
            now = self._clock.now()
            if new.external_id is not None:
                account = put_external_id(connection, self._trail, actor, account, new.external_id, now)
            changed = replace(
                account,
                email=_new(account.email, new.email, checked_email),
                person=_new(account.person, new.person, checked_remark),
                phone=_new(account.phone, new.phone, checked_remark),
                contact=_new(account.contact, new.contact, lambda text: checked_email(text) if text else ""),
            )
            accounts.set_details(connection, changed)
            # Which fields, not what they hold: the trail outlives the account, and these are destroyed with it.
            detail: dict[str, DetailValue] = {"changed": ", ".join(named)}
            event = Event(Action.ACCOUNT_CHANGED, actor, name, detail)
            self._trail.record(connection, event, now)
        return changed


def _new(before: str, wanted: str | None, checked: Callable[[str], str]) -> str:
    return before if wanted is None else checked(wanted)

"""Who stands behind a visit: the account and its organization, as a page needs them.  Reads only."""

from dataclasses import dataclass

from mft.model.account import Account, Organization
from mft.model.errors import NotFound
from mft.model.ids import AccountId
from mft.store import accounts, organizations
from mft.store.engine import Store


@dataclass(frozen=True, slots=True)
class Insider:
    """Somebody who is in."""

    account: Account
    organization: Organization

    @property
    def name(self) -> str:
        """What a page calls them: the person's name if it is known, else the account's."""
        return self.account.person or self.account.name


class Insiders:
    """Looks them up."""

    def __init__(self, store: Store) -> None:
        """Keep the parts."""
        self._store = store

    def behind(self, account: AccountId) -> Insider:
        """Return who *account* is.  Raises NotFound."""
        with self._store.read() as connection:
            found = accounts.by_id(connection, account)
            if found is None:
                raise NotFound(f"there is no account {account}")
            return Insider(found, organizations.by_id(connection, found.organization))

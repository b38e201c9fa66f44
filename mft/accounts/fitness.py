"""Is a proposed password fit for this account?  The measuring happens here, the judging in mft.policy.passwords."""

from mft.crypto.passwords import prepare
from mft.crypto.strength import score
from mft.model.account import Account
from mft.model.errors import Invalid
from mft.policy.passwords import PasswordRules, Strength, judge_password, names_of
from mft.store import organizations
from mft.store.engine import Store

_LONGEST_TYPED = 4096


class Fitness:
    """Weighs new passwords.  Takes some milliseconds: call it where hashes are made."""

    def __init__(self, store: Store, rules: PasswordRules, payer: str) -> None:
        """Keep the parts.  *payer* is the health plan's title, which no password may contain."""
        self._store = store
        self._rules = rules
        self._payer = payer

    def objection(self, password: str, account: Account) -> str | None:
        """Return why *password* is not fit for the account, in words for its owner, or None."""
        if len(password) > _LONGEST_TYPED:
            return f"A password has at most {self._rules.longest} characters."
        try:
            prepared = prepare(password)
        except Invalid:
            return "The password holds a character that cannot be typed everywhere."
        with self._store.read() as connection:
            payers = organizations.payer_titles(connection)
            house = organizations.by_id(connection, account.organization)
        names = names_of(account.name, house.name, account.email, house.title, self._payer, *payers)
        strength = Strength(*score(prepared, names))
        return judge_password(prepared, names=names, strength=strength, rules=self._rules)

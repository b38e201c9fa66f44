"""What the calendar does to accounts, over the gate: passes, reviews, the letters they leave."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mft.accounts.details import Details
from mft.accounts.purging import Purging
from mft.lifecycle.account_pass import AccountPass, Passed
from mft.lifecycle.reviews import Reviews
from mft.model.account import AccountState
from mft.model.event import Action, Event
from mft.policy.breaker import BreakerRules
from mft.policy.signon import Terms
from mft.retention.breaker import Breaker
from mft.store import organizations
from mft.store.engine import Store
from mft.store.tables import letter
from tests.support.gate import Gate, build_gate

LEE = "lee@northwind.example"


@dataclass
class Calendar:
    """The rooms that the calendar sets off, and what they leave."""

    gate: Gate
    terms: Terms = field(default_factory=Terms)
    rules: BreakerRules = field(default_factory=BreakerRules)

    def __post_init__(self) -> None:
        parts = (self.gate.store, self.gate.trail, self.gate.clock)
        self.purging = Purging(*parts)
        self.details = Details(*parts)
        self.passes = self.another_process()
        self.reviews = self.reviewing()

    def another_process(self, store: Store | None = None) -> AccountPass:
        """Return the pass as another process of the same server would build it."""
        gate = self.gate
        breaker = Breaker(store or gate.store, gate.trail, gate.clock, self.rules, "node-2")
        return AccountPass(store or gate.store, gate.trail, gate.clock, self.terms, breaker)

    def reviewing(self, days: float = 30) -> Reviews:
        return Reviews(self.gate.store, self.gate.trail, self.gate.clock, timedelta(days=days))

    def run(self) -> Passed:
        return self.passes.run()

    def name_administrator(self, address: str | None = LEE, organization: str = "northwind") -> None:
        known = self.gate.organization(organization)
        with self.gate.store.write() as connection:
            organizations.set_administrator(connection, known.id, address)

    def letters(self, template: str | None = None) -> list[tuple[str, str, dict[str, Any]]]:
        """Return the letters that wait: template, recipient and words, in the order they were written."""
        with self.gate.store.read() as connection:
            rows = connection.execute(letter.select().order_by(letter.c.queued_at, letter.c.id)).mappings().all()
        found = [(row["template"], row["recipient"], json.loads(row["fields"])) for row in rows]
        return [one for one in found if template in {None, one[0]}]

    def to(self, template: str) -> list[str]:
        """Return who gets a letter, by address."""
        return sorted(recipient for _, recipient, _ in self.letters(template))

    def events(self, action: Action) -> list[Event]:
        return [line.event for line in self.gate.lines(action)]

    def purged(self, name: str = "alice") -> bool:
        return self.gate.current(name).state is AccountState.PURGED


def over(store: Store, **changes: Any) -> Calendar:
    """Return the calendar over a gate of its own."""
    return Calendar(build_gate(store), **changes)

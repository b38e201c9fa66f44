"""A sign-on and a purge at the same moment: one of them, and never a purge of somebody who is in."""

import asyncio
from datetime import timedelta

import pytest

from mft.accounts.purging import purge
from mft.crypto.keys import read_public_key
from mft.lifecycle.account_pass import CALENDAR, UNUSED
from mft.model.account import Account, AccountState, AllowlistEntry, Credential, CredentialKind, Purpose
from mft.model.event import Action
from mft.model.ids import AccountId, AllowlistEntryId, CredentialId, new_id
from mft.model.network import AddressRange
from mft.policy.signon import Admit, Reason, Refuse
from mft.store import accounts, allowlist, credentials
from mft.store.engine import Store
from tests.support.gate import HOME, SOME_KEY
from tests.support.passes import Calendar, over

ROUNDS, AT_A_TIME = 1000, 50
ON_POSTGRESQL = 100
TICK = timedelta(microseconds=1)
KEY = read_public_key(SOME_KEY)
LATE = {Refuse(Reason.ACCOUNT_DORMANT), Refuse(Reason.ACCOUNT_PURGED), Refuse(Reason.SECRET_MISMATCH)}
"""What a caller gets who lost; without its keys an account knows no secret."""


def about_to_end(calendar: Calendar, names: list[str]) -> None:
    """Add accounts whose 120 days are over with the clock's next ticks, one with each; all sign on with a key."""
    gate, organization = calendar.gate, calendar.gate.organization().id
    now = gate.clock.now()
    with gate.store.write() as connection:
        for number, name in enumerate(names, 1):
            made = now - gate.terms.dormant_after + number * TICK
            who = AccountId(new_id("acc"))
            kind, state, email = Purpose.PERSON, AccountState.ACTIVE, f"{name}@example.org"
            accounts.add(
                connection, Account(who, name, email, organization, kind, state, frozenset(), made, "olga", None, 0)
            )
            held = CredentialId(new_id("cred"))
            key = Credential(held, CredentialKind.KEY, KEY.line, KEY.fingerprint, "", made, "olga", None)
            credentials.add(connection, who, key)
            here = AddressRange(int(HOME), int(HOME))
            entry = AllowlistEntry(AllowlistEntryId(new_id("ip")), here, "olga", made, "", None, "olga", None)
            allowlist.add(connection, who, entry)


async def admitted(calendar: Calendar, name: str, head_start: int) -> bool:
    """Sign on while another thread lets the last tick pass and purges, up to nine reads later, by *head_start*.

    Every second time a whole pass does it; else somebody who looked at the account before that tick.
    """
    gate = calendar.gate
    account = gate.current(name)

    def end() -> None:
        for _ in range(head_start % 10):
            gate.current(name)
        now = gate.clock.advance(microseconds=1)
        if head_start % 2:
            calendar.run()
            return
        with gate.store.write() as connection:
            purge(connection, gate.trail, CALENDAR, account, UNUSED, now, unused_before=now - gate.terms.dormant_after)

    knock = gate.knock(name)
    _, outcome = await asyncio.gather(asyncio.to_thread(end), gate.signon.by_key(knock, KEY.fingerprint))
    won = isinstance(outcome.verdict, Admit)
    assert won or outcome.verdict in LATE
    return won


@pytest.mark.fact("0.15")
async def test_of_a_thousand_sign_ons_that_race_a_purge_none_is_purged_after_it_was_admitted(any_store: Store):
    calendar = over(any_store)
    won: dict[str, bool] = {}
    rounds = ROUNDS if any_store.is_sqlite else ON_POSTGRESQL
    for start in range(0, rounds, AT_A_TIME):
        names = [f"user-{number}" for number in range(start, start + AT_A_TIME)]
        about_to_end(calendar, names)
        for number, name in enumerate(names):
            won[name] = await admitted(calendar, name, head_start=number)
    purged = {line.event.subject for line in calendar.gate.lines(Action.ACCOUNT_PURGED)}
    assert purged == {name for name in won if not won[name]} == {name for name in won if calendar.purged(name)}
    assert 0 < len(purged) < rounds, "both orders were seen"
    calendar.gate.offload.close()

"""What the service desk is told, and what it can ask."""

from ipaddress import IPv4Address

import pytest

from mft.accounts.allowlists import NewAddress
from mft.accounts.card import account_card
from mft.accounts.explain import MEANING, explain, read_reference, would_admit
from mft.model.errors import Invalid, NotFound
from mft.policy.signon import Reason, Terms
from mft.store import organizations
from tests.support.gate import ELSEWHERE, HOME, OLGA, OTTO, SOME_KEY, Gate


@pytest.mark.fact("0.16")
@pytest.mark.fact("0.17")
async def test_a_code_tells_the_true_reason_with_observed_and_allowed_addresses(gate: Gate):
    gate.account(allow="8.8.8.0/28")
    outcome = await gate.enter(source=ELSEWHERE)
    assert outcome.reference is not None
    gate.allowlists.add(OLGA, "alice", NewAddress("9.9.9.9"))
    told = explain(gate.store, outcome.reference)
    assert (told.name, told.source, told.allowed) == ("alice", "9.9.9.9", "8.8.8.0/28")
    assert told.reason == Reason.SOURCE_NOT_LISTED
    assert (told.at, told.count, told.client) == (gate.clock.now(), 1, "OpenSSH_9.2")
    assert "mft allow add alice 9.9.9.9 --reason WHY" in told.advice


async def test_the_advice_names_the_account_and_its_organization_where_they_are_known(gate: Gate):
    gate.account(failures=100)
    locked = await gate.enter()
    assert locked.reference is not None
    assert explain(gate.store, locked.reference).advice.endswith("mft account unlock alice")
    gate.unlock("alice")
    northwind = gate.organization()
    with gate.store.write() as connection:
        organizations.set_enabled(connection, northwind.id, enabled=False)
    closed = await gate.enter()
    assert closed.reference is not None
    assert explain(gate.store, closed.reference).advice.endswith("mft org enable northwind")


async def test_what_else_stood_in_the_way_is_told_too(gate: Gate):
    gate.account(failures=100)
    outcome = await gate.enter(secret="wrong", source=ELSEWHERE)
    assert outcome.reference is not None
    told = explain(gate.store, outcome.reference)
    assert told.reason == Reason.SECRET_MISMATCH
    assert told.also == (MEANING[Reason.ACCOUNT_LOCKED][0], MEANING[Reason.SOURCE_NOT_LISTED][0])


async def test_a_code_read_out_over_the_telephone_is_understood(gate: Gate):
    outcome = await gate.enter("nobody")
    assert outcome.reference is not None
    code = outcome.reference
    for spoken in (code.lower(), code.replace("-", " "), f" {code} ", code.replace("0", "O").replace("1", "I")):
        assert explain(gate.store, spoken).reference == code


@pytest.mark.parametrize("code", ["", "1234", "U234-5678", "12345678 9", "'; --"])
def test_what_is_no_code_is_refused(code):
    with pytest.raises(Invalid):
        read_reference(code)


def test_an_unknown_code_is_not_found(gate: Gate):
    with pytest.raises(NotFound, match="look again in a minute"):
        explain(gate.store, "0000-0000")


def test_every_reason_has_words_and_something_to_do():
    assert set(MEANING) == set(Reason)
    assert all(words and advice for words, advice in MEANING.values())
    assert len({words for words, _ in MEANING.values()}) == len(Reason)


@pytest.mark.fact("0.17")
def test_an_address_can_be_tried_before_anybody_signs_on(gate: Gate):
    gate.account(allow="8.8.8.0/28")
    now, terms = gate.clock.now(), Terms()
    yes = would_admit(gate.store, "alice", HOME, now, terms)
    assert yes.admitted
    assert yes.listed_by is not None
    assert str(yes.listed_by.addresses) == "8.8.8.0/28"
    no = would_admit(gate.store, "alice", ELSEWHERE, now, terms)
    assert (no.admitted, no.bars) == (False, (Reason.SOURCE_NOT_LISTED,))
    with pytest.raises(NotFound):
        would_admit(gate.store, "nobody", HOME, now, terms)


def test_trying_an_address_names_the_entry_that_still_waits(gate: Gate):
    gate.account(allow="1.0.0.0/20")
    prospect = would_admit(gate.store, "alice", IPv4Address("1.0.0.1"), gate.clock.now(), Terms())
    assert not prospect.admitted
    assert [str(e.addresses) for e in prospect.not_in_force] == ["1.0.0.0/20"]


async def test_the_card_shows_everything_about_an_account(gate: Gate):
    gate.account()
    gate.credentials.add_key(OTTO, "alice", SOME_KEY)
    issued = gate.credentials.issue_temporary(OLGA, "alice")
    for _ in range(5):
        await gate.enter(secret="typo", source=ELSEWHERE)
    card = account_card(gate.store, "alice", gate.clock.now(), gate.terms)
    assert (card.account.name, card.organization.name) == ("alice", "northwind")
    assert (card.has_password, card.temporary_expires_at) == (False, issued.expires_at)
    assert len(card.methods) == 2
    assert [key.created_by for key in card.keys] == ["otto"]
    assert [str(entry.addresses) for entry in card.allowlist] == ["8.8.8.8"]
    assert (card.last_signon_at, card.dormant, card.locked) == (None, False, False)
    assert (card.dormant_from - gate.clock.now()).days == 120
    assert [(s.source, s.failures, s.pause.total_seconds()) for s in card.slowed] == [("9.9.9.9", 5, 2.0)]
    assert card.sessions == ()


async def test_the_card_of_a_locked_and_dormant_account_says_so(gate: Gate):
    gate.account(failures=100)
    gate.clock.advance(days=120)
    card = account_card(gate.store, "alice", gate.clock.now(), gate.terms)
    assert (card.locked, card.dormant) == (True, True)
    with pytest.raises(NotFound):
        account_card(gate.store, "nobody", gate.clock.now(), gate.terms)

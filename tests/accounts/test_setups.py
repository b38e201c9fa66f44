"""Setups as operators see and move them, and what the end of an account leaves of them."""

import pytest

from mft.accounts.purging import Purging
from mft.accounts.setup_answers import SetUp
from mft.model.account import AccountState
from mft.model.directory import SetupState
from mft.model.errors import Conflict, Invalid, NotFound, Unavailable
from mft.model.event import Action
from mft.policy.signon import Admit, Reason, Refuse
from tests.support.gate import OLGA, SOME_KEY
from tests.support.registry import NCID, SYNCED, TEXT, Registry

pytestmark = pytest.mark.fact("2.2")


async def set_up(registry: Registry, name: str = "alice", external_id: str = NCID) -> None:
    browser = await registry.signed_in(name, external_id)
    assert isinstance(await registry.perform(browser, external_id), SetUp)


async def test_a_revocation_closes_password_and_key_and_ends_what_is_open(any_registry: Registry):
    registry = any_registry
    await set_up(registry)
    key = registry.gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    by_password = (await registry.enter()).session
    by_key = (await registry.gate.signon.by_key(registry.gate.knock(), key.fingerprint)).session
    registry.setups.revoke(OLGA, "alice", "left the partner")
    assert (await registry.enter()).verdict == Refuse(Reason.SETUP_REVOKED)
    again = await registry.gate.signon.by_key(registry.gate.knock(), key.fingerprint)
    assert again.verdict == Refuse(Reason.SETUP_REVOKED)
    for session in (by_password, by_key):
        assert registry.gate.signon.recheck(session) == Refuse(Reason.SETUP_REVOKED)
    line = registry.gate.lines(Action.SETUP_REVOKED)[-1].event
    assert (line.actor.name, line.subject, line.detail["reason"]) == ("olga", "alice", "left the partner")
    assert registry.synced() == []
    assert len(registry.lobby.letters("setup-revoked")) == 1


async def test_a_resync_lets_a_revoked_person_set_up_again_and_opens_nothing_by_itself(any_registry: Registry):
    registry = any_registry
    await set_up(registry)
    registry.setups.revoke(OLGA, "alice", "a slip")
    assert await registry.setups.resync(OLGA, "alice") is SetupState.UNATTESTED
    assert (await registry.enter()).verdict == Refuse(Reason.SETUP_MISSING)
    line = registry.gate.lines(Action.SETUP_AWAITED)[-1].event
    assert (line.actor.name, line.detail["before"]) == ("olga", "revoked")
    assert registry.setup().state is SetupState.UNATTESTED


async def test_a_resync_of_whom_the_directory_disabled_leaves_them_revoked(registry: Registry):
    await set_up(registry)
    registry.disable()
    assert await registry.setups.resync(OLGA, "alice") is SetupState.REVOKED
    assert await registry.setups.resync(OLGA, "alice") is SetupState.REVOKED
    assert len(registry.gate.lines(Action.SETUP_REVOKED)) == 1


async def test_a_resync_notices_a_changed_password_at_once(registry: Registry):
    await set_up(registry)
    assert await registry.setups.resync(OLGA, "alice") is SetupState.ACTIVE
    registry.change()
    assert await registry.setups.resync(OLGA, "alice") is SetupState.STALE


async def test_a_resync_without_an_answer_changes_nothing(registry: Registry):
    await set_up(registry)
    registry.setups.revoke(OLGA, "alice", "a slip")
    registry.directory.down = True
    with pytest.raises(Unavailable):
        await registry.setups.resync(OLGA, "alice")
    assert registry.setup().state is SetupState.REVOKED


async def test_who_may_be_revoked_and_resynced(registry: Registry):
    await set_up(registry)
    registry.partner("carl", "")
    registry.partner("dora", "dora-ncid")
    with pytest.raises(NotFound):
        registry.setups.revoke(OLGA, "nobody", "why")
    with pytest.raises(NotFound):
        await registry.setups.resync(OLGA, "nobody")
    with pytest.raises(Conflict, match="no external id"):
        registry.setups.revoke(OLGA, "carl", "why")
    with pytest.raises(Conflict, match="no external id"):
        await registry.setups.resync(OLGA, "carl")
    with pytest.raises(Conflict, match="knows nobody"):
        await registry.setups.resync(OLGA, "dora")
    with pytest.raises(Invalid, match="--reason"):
        registry.setups.revoke(OLGA, "alice", " ")
    registry.setups.revoke(OLGA, "dora", "never set up, and never to be")
    assert registry.setup("dora").state is SetupState.REVOKED
    with pytest.raises(Conflict, match="revoked already"):
        registry.setups.revoke(OLGA, "dora", "again")


async def test_the_listing_shows_everybody_of_the_directory(registry: Registry):
    await set_up(registry)
    registry.partner("carl", "")
    registry.partner("dora", "dora-ncid", person="Dora Doe")
    at = registry.gate.clock.now()
    alice, dora = registry.setups.listing()
    assert (alice.account, alice.organization, alice.external_id, alice.state) == (
        "alice",
        "partner",
        NCID,
        SetupState.ACTIVE,
    )
    assert (alice.text_version, alice.attested_at, alice.checked_at, alice.must_renew_by) == (TEXT, at, at, None)
    assert (dora.account, dora.person, dora.state, dora.attested_at) == ("dora", "Dora Doe", None, None)


async def test_the_report_holds_every_agreement_of_all_or_of_one(registry: Registry):
    registry.add("bob", "of bob")
    await set_up(registry)
    browser = await registry.signed_in("bert", "bob")
    await registry.perform(browser, "bob", "of bob")
    assert [row.account for row in registry.setups.attestations()] == ["alice", "bert"]
    assert [row.directory_user for row in registry.setups.attestations("bert")] == ["bob"]
    with pytest.raises(NotFound):
        registry.setups.attestations("nobody")


async def test_a_purge_forgets_who_they_were_there_and_keeps_that_they_agreed(any_registry: Registry):
    registry = any_registry
    await set_up(registry)
    await registry.enter("wrong")
    gate = registry.gate
    Purging(gate.store, gate.trail, gate.clock).purge(OLGA, "alice", "gone")
    account = gate.current()
    assert (account.state, account.external_id, account.setup) == (AccountState.PURGED, "", None)
    assert registry.synced() == []
    (kept,) = registry.setups.attestations("alice")
    assert (kept.directory_user, kept.text_version) == ("", TEXT)
    assert registry.setups.listing() == []
    assert (await registry.enter()).verdict == Refuse(Reason.ACCOUNT_PURGED)
    with pytest.raises(Conflict, match="purged"):
        registry.setups.revoke(OLGA, "alice", "why")
    # The user id is free for whoever comes after.
    registry.partner("alice2", NCID)


async def test_another_external_id_takes_the_setup_away(registry: Registry):
    await set_up(registry)
    opened = (await registry.enter()).session
    registry.be("alice", "bob-ncid")
    assert (registry.setup(), registry.synced()) == (None, [])
    assert isinstance((await registry.enter()).verdict, Refuse)
    assert isinstance(registry.gate.signon.recheck(opened), Refuse)
    registry.be("alice", NCID)
    assert isinstance((await registry.enter(SYNCED)).verdict, Refuse)


async def test_a_live_session_by_the_directorys_password_goes_on_while_it_stands(registry: Registry):
    await set_up(registry)
    session = (await registry.enter()).session
    registry.gate.clock.advance(hours=24, seconds=-1)
    assert isinstance(registry.gate.signon.recheck(session), Admit)
    registry.gate.clock.advance(seconds=1)
    assert registry.gate.signon.recheck(session) == Refuse(Reason.SETUP_UNKNOWN)

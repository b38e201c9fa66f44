"""The setup against a real OpenLDAP server over TLS: what its policy says, what it forgets, and when it is silent."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from mft.accounts.setup_answers import SetUp, TryLater, WrongPassword
from mft.directory.ldap import LdapDirectory
from mft.model.directory import SetupState
from mft.policy.signon import Admit, Reason, Refuse
from tests.support.gate import Gate
from tests.support.registry import CHANGED, NCID, SYNCED, Registry, build_registry
from tests.support.slapd import HOST, MOST_FAILURES, Slapd, running_slapd, silent

pytestmark = pytest.mark.fact("2.2")


@pytest.fixture(scope="module")
def slapd() -> Iterator[Slapd]:
    with running_slapd() as running:
        running.add("somebody", "of no account")
        yield running


@pytest.fixture
def registry(gate: Gate, tmp_path: Path, slapd: Slapd) -> Iterator[Registry]:
    """The setup, and alice in the server."""
    slapd.add(NCID, SYNCED)
    yield build_registry(gate, tmp_path, LdapDirectory(slapd.server()))
    if slapd.knows(NCID):
        slapd.remove(NCID)


async def set_up(registry: Registry):
    browser = await registry.signed_in()
    assert isinstance(await registry.perform(browser), SetUp)
    assert isinstance((await registry.enter()).verdict, Admit)
    return browser


async def test_a_reset_by_an_administrator_makes_it_stale_and_a_setup_active_again(registry: Registry, slapd: Slapd):
    browser = await set_up(registry)
    slapd.set_password(NCID, CHANGED)
    registry.gate.clock.advance(minutes=15)
    assert (await registry.enter()).verdict == Refuse(Reason.SETUP_STALE)
    assert await registry.perform(browser) == WrongPassword()
    assert isinstance(await registry.perform(browser, password=CHANGED), SetUp)
    assert isinstance((await registry.enter(CHANGED)).verdict, Admit)
    registry.gate.clock.advance(minutes=15)
    assert isinstance((await registry.enter(CHANGED)).verdict, Admit)


@pytest.mark.parametrize("how", ["locked", "vanished"])
async def test_whom_the_server_locks_or_forgets_is_revoked(registry: Registry, slapd: Slapd, how: str):
    await set_up(registry)
    if how == "locked":
        slapd.put(NCID, "pwdAccountLockedTime", "000001010000Z")
    else:
        slapd.remove(NCID)
    registry.gate.clock.advance(minutes=15)
    assert (await registry.enter()).verdict == Refuse(Reason.SETUP_REVOKED)
    assert registry.synced() == []


async def test_our_sign_ons_never_lock_anybody_in_the_directory(registry: Registry):
    """Wrong passwords over SFTP are compared with the verifier; the server is asked without any."""
    await set_up(registry)
    registry.gate.clock.advance(minutes=15)
    for _ in range(MOST_FAILURES * 2):
        assert isinstance((await registry.enter("wrong")).verdict, Refuse)
    assert (await registry.directory.real.standing(NCID)).enabled


async def test_while_the_server_is_gone_it_is_tried_later_and_works_for_a_day(registry: Registry, slapd: Slapd):
    browser = await set_up(registry)
    lost = replace(slapd.server(), url=f"ldap://{HOST}:1")
    registry.directory.real = LdapDirectory(lost)
    assert await registry.perform(browser) == TryLater()
    registry.gate.clock.advance(hours=24, seconds=-1)
    assert isinstance((await registry.enter()).verdict, Admit)
    registry.gate.clock.advance(seconds=1)
    assert (await registry.enter()).verdict == Refuse(Reason.SETUP_UNKNOWN)
    assert registry.setup().state is SetupState.ACTIVE


async def test_a_silent_server_holds_a_sign_on_up_for_its_time_limit_and_no_longer(registry: Registry, slapd: Slapd):
    await set_up(registry)
    with silent() as port:
        server = replace(slapd.server(), url=f"ldap://{HOST}:{port}", timeout=timedelta(seconds=2))
        registry.directory.real = LdapDirectory(server)
        registry.gate.clock.advance(minutes=15)
        began = monotonic()
        assert isinstance((await registry.enter()).verdict, Admit)
        assert 2 <= monotonic() - began < 10
        began = monotonic()
        assert isinstance((await registry.enter()).verdict, Admit)
        assert monotonic() - began < 2

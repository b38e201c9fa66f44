"""Visits: how long they last, to the second; one token at a time; and what ends them at their next request."""

import asyncio
from contextlib import contextmanager
from dataclasses import replace

import pytest

from mft.accounts.portal_signon import PortalSignOn
from mft.accounts.provisioning import Accounts
from mft.accounts.purging import Purging
from mft.accounts.sessions import SILENT_FOR, Leaving
from mft.accounts.visits import Visits
from mft.model.errors import Unavailable
from mft.model.event import Action
from mft.model.portal import Stage
from mft.policy.portal import VisitTerms
from mft.store import organizations
from mft.store.tables import visit as table
from tests.support.gate import ELSEWHERE, HOME, OLGA, SECRET, Gate
from tests.support.lobby import Browser, Lobby


def kept(lobby: Lobby) -> int:
    with lobby.gate.store.read() as connection:
        return len(connection.execute(table.select()).all())


def build_lobby_of(lobby: Lobby, terms: VisitTerms) -> Lobby:
    """Return the same lobby with visits on other *terms*."""
    gate = lobby.gate
    visits = Visits(gate.store, gate.trail, gate.clock, terms, gate.signon, gate.offload)
    return replace(
        lobby, visits=visits, signon=PortalSignOn(gate.store, gate.signon, visits, lobby.factors, gate.offload)
    )


def last_end(lobby: Lobby, action: Action = Action.SESSION_ENDED) -> str:
    return str(lobby.gate.lines(action)[-1].event.detail["why"])


@pytest.mark.fact("3.4")
@pytest.mark.parametrize(("seconds", "lives"), [(-1, True), (0, False), (1, False)])
async def test_thirty_minutes_without_a_request_end_a_visit(lobby: Lobby, seconds, lives):
    browser = await lobby.newcomer()
    await browser.here()
    lobby.gate.clock.advance(minutes=30, seconds=seconds)
    assert (await browser.visit() is not None) is lives
    if not lives:
        assert last_end(lobby) == Leaving.IDLE
        assert lobby.gate.sessions.listing("alice") == []
        lobby.gate.clock.jump(minutes=-10)
        assert await browser.visit() is None


@pytest.mark.fact("3.4")
@pytest.mark.parametrize("after", [1, 10, 29])
async def test_each_request_begins_the_thirty_minutes_anew(lobby: Lobby, after):
    browser = await lobby.newcomer()
    await browser.here()
    lobby.gate.clock.advance(seconds=after)
    await browser.here()
    lobby.gate.clock.advance(minutes=29, seconds=59)
    assert await lobby.visits.find(browser.cookie, HOME, touch=False) is not None
    lobby.gate.clock.advance(seconds=1)
    assert await browser.visit() is None


@pytest.mark.fact("3.4")
async def test_a_request_of_nobodys_will_does_not_prolong_a_visit(lobby: Lobby):
    browser = await lobby.newcomer()
    await browser.here()
    for _ in range(29):
        lobby.gate.clock.advance(minutes=1)
        assert await lobby.visits.find(browser.cookie, HOME, touch=False) is not None
    lobby.gate.clock.advance(minutes=1)
    assert await browser.visit() is None


@pytest.mark.parametrize(("seconds", "lives"), [(-1, True), (0, False), (1, False)])
async def test_twelve_hours_after_the_sign_in_a_visit_ends_whatever_is_asked(lobby: Lobby, seconds, lives):
    browser = await lobby.newcomer()
    lobby.gate.clock.advance(seconds=-30)  # newcomer() moves on by half a minute after the sign-in.
    for _ in range(12 * 4 - 1):
        lobby.gate.clock.advance(minutes=15)
        await browser.here()
    lobby.gate.clock.advance(minutes=15, seconds=seconds)
    assert (await browser.visit() is not None) is lives
    if not lives:
        assert last_end(lobby) == Leaving.TERM_ENDED


async def test_a_visit_that_nobody_signed_in_to_ends_after_twenty_minutes(lobby: Lobby):
    browser = lobby.browser()
    lobby.gate.clock.advance(minutes=20, seconds=-1)
    assert (await browser.here()).stage is Stage.OPEN
    lobby.gate.clock.advance(seconds=1)
    assert await browser.visit() is None
    assert kept(lobby) == 0


async def test_every_step_makes_a_fresh_token_and_the_one_before_is_dead(lobby: Lobby):
    first = await lobby.newcomer()
    browser = first.another()
    seen = [browser.cookie]
    await browser.password()
    seen.append(browser.cookie)
    await browser.code()
    seen.append(browser.cookie)
    assert len(set(seen)) == 3
    assert [await lobby.visits.find(token, HOME) is not None for token in seen] == [False, False, True]


async def test_a_token_planted_before_the_sign_in_is_worth_nothing_after_it(lobby: Lobby):
    victim = (await lobby.newcomer()).another()
    planted = victim.cookie
    await victim.sign_in()
    assert await lobby.visits.find(planted, HOME) is None


async def test_the_store_never_sees_a_token(lobby: Lobby):
    browser = await lobby.newcomer()
    with lobby.gate.store.read() as connection:
        row = connection.execute(table.select()).mappings().one()
    assert browser.cookie not in str(dict(row))
    assert browser.cookie.encode() not in bytes(row["token_sha256"])


async def test_of_two_that_go_on_at_once_from_one_token_one_does(any_lobby: Lobby):
    browser = (await any_lobby.newcomer()).another()
    visit = await browser.here()
    answers = await asyncio.gather(*(any_lobby.signon.password(visit, "alice", s, HOME) for s in [SECRET] * 5))
    assert sorted(type(answer).__name__ for answer in answers) == ["NeedsCode", "Over", "Over", "Over", "Over"]


async def test_signing_out_ends_the_visit_and_its_session(lobby: Lobby):
    browser = await lobby.newcomer()
    lobby.visits.end(browser.cookie)
    lobby.visits.end(browser.cookie)
    assert await browser.visit() is None
    assert last_end(lobby, Action.SESSION_CLOSED) == Leaving.CLIENT_LEFT
    assert len(lobby.gate.lines(Action.SESSION_CLOSED)) == 1
    assert lobby.gate.sessions.listing("alice") == []


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 5000, "\udcff", "é"])
async def test_what_is_no_token_leads_nowhere(lobby: Lobby, token):
    assert await lobby.visits.find(token, HOME) is None


def the_accounts(gate: Gate) -> Accounts:
    return Accounts(gate.store, gate.trail, gate.clock, gate.allowlists, gate.credentials)


def disable(lobby: Lobby) -> None:
    the_accounts(lobby.gate).disable(OLGA, "alice", "left the agency")


def disable_and_enable(lobby: Lobby) -> None:
    disable(lobby)
    the_accounts(lobby.gate).enable(OLGA, "alice")


def disable_organization(lobby: Lobby) -> None:
    with lobby.gate.store.write() as connection:
        organizations.set_enabled(connection, lobby.gate.current().organization, enabled=False)


def remove_address(lobby: Lobby) -> None:
    lobby.gate.allowlists.remove(OLGA, "alice", "8.8.8.8")


def remove_factor(lobby: Lobby) -> None:
    lobby.factors.remove(OLGA, "alice", "lost the phone")


def reset_password(lobby: Lobby) -> None:
    lobby.gate.credentials.issue_temporary(OLGA, "alice")


def kill(lobby: Lobby) -> None:
    assert lobby.gate.sessions.request_end(OLGA, "alice", why="asked by the agency") == 1


def purge(lobby: Lobby) -> None:
    Purging(lobby.gate.store, lobby.gate.trail, lobby.gate.clock).purge(OLGA, "alice", "left")


ENDS = {
    "account disabled": disable,
    "disabled and enabled at once": disable_and_enable,
    "organization disabled": disable_organization,
    "address removed": remove_address,
    "factor removed": remove_factor,
    "password reset": reset_password,
    "killed": kill,
    "purged": purge,
}


@pytest.mark.parametrize("act", ENDS.values(), ids=ENDS)
async def test_what_is_taken_away_ends_a_visit_at_its_next_request(lobby: Lobby, act):
    browser = await lobby.newcomer()
    act(lobby)
    assert await browser.visit() is None
    lobby.visits.sweep()
    assert lobby.gate.sessions.listing() == []
    assert kept(lobby) == 0


@pytest.mark.parametrize("act", ENDS.values(), ids=ENDS)
async def test_what_is_taken_away_leaves_the_list_of_sessions_without_a_request(lobby: Lobby, act):
    browser = await lobby.newcomer()
    act(lobby)
    lobby.visits.sweep()
    assert lobby.gate.sessions.listing() == []
    assert await browser.visit() is None
    assert len(lobby.gate.lines(Action.SESSION_ENDED)) == 1


async def test_another_account_does_not_touch_a_visit(lobby: Lobby):
    browser = await lobby.newcomer()
    lobby.gate.account("bob", password="slow rivers carve 40 canyons")
    the_accounts(lobby.gate).disable(OLGA, "bob")
    assert lobby.visits.sweep() == 0
    assert await browser.visit() is not None


async def test_a_stolen_cookie_is_worth_nothing_from_an_address_that_is_not_listed(lobby: Lobby):
    browser = await lobby.newcomer()
    assert await lobby.visits.find(browser.cookie, ELSEWHERE) is None
    assert last_end(lobby) == Leaving.NOT_ADMITTED
    assert lobby.gate.lines(Action.SESSION_ENDED)[-1].event.detail["reason"] == "source_not_listed"
    assert await browser.visit() is None


async def test_when_the_store_does_not_answer_a_visit_is_neither_here_nor_ended(lobby: Lobby):
    class Broken:
        is_sqlite = True

        @contextmanager
        def read(self):
            raise Unavailable("the database did not answer")
            yield

        write = read

    gate, browser = lobby.gate, await lobby.newcomer()
    blind = gate.another_signon(store=Broken())
    deaf = Visits(gate.store, gate.trail, gate.clock, VisitTerms(), blind, gate.offload)
    with pytest.raises(Unavailable):
        await deaf.find(browser.cookie, HOME)
    assert deaf.sweep() == 0
    assert await browser.visit() is not None


async def test_a_visit_outlives_the_process_that_answered_it(lobby: Lobby):
    browser = await lobby.newcomer()
    lobby.gate.clock.advance(seconds=SILENT_FOR.total_seconds() + 1)
    assert lobby.gate.sessions.bury_silent() == 0
    assert lobby.gate.sessions.bury_node("node-1") == 0
    assert await browser.visit() is not None


async def test_the_sweep_ends_what_is_over_and_leaves_what_is_not(any_lobby: Lobby):
    browser = await any_lobby.newcomer()
    any_lobby.browser()
    any_lobby.gate.clock.advance(minutes=20)
    await browser.here()
    any_lobby.browser()
    assert any_lobby.visits.sweep() == 1
    assert kept(any_lobby) == 2
    any_lobby.gate.clock.advance(minutes=30)
    assert any_lobby.visits.sweep() == 2
    assert (kept(any_lobby), any_lobby.gate.sessions.listing()) == (0, [])
    assert any_lobby.visits.sweep() == 0


async def test_all_visits_of_an_account_can_be_ended(lobby: Lobby):
    first = await lobby.newcomer()
    second = first.another()
    await second.sign_in()
    proving = Browser(lobby, lobby.browser().cookie)
    lobby.gate.clock.advance(seconds=30)
    await proving.password()
    assert lobby.visits.end_of_account(lobby.gate.current().id) == 3
    assert [await one.visit() for one in (first, second, proving)] == [None, None, None]


async def test_of_one_address_only_so_many_visits_of_nobody_are_kept_and_the_newest_stay(any_lobby: Lobby):
    lobby = build_lobby_of(any_lobby, VisitTerms(open_per_source=3))
    inside = await lobby.newcomer()
    proving, elsewhere = inside.another(), lobby.browser(ELSEWHERE)
    await proving.password()
    browsers = []
    for _ in range(5):
        lobby.gate.clock.advance(seconds=1)
        browsers.append(lobby.browser())
    assert [await one.visit() is not None for one in browsers] == [False, False, True, True, True]
    assert [await one.visit() is not None for one in (inside, proving, elsewhere)] == [True, True, True]

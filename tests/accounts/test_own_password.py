"""Changing one's own password in the portal."""

import pytest

from mft.accounts.knock import Unfit
from mft.accounts.portal_answers import Over, Refused, SignedIn
from mft.model.event import Action
from mft.model.session import Door
from mft.policy.signon import Admit, Refuse
from tests.support.gate import BETTER, HOME, SECRET
from tests.support.lobby import Lobby


@pytest.mark.fact("1.4")
async def test_a_changed_password_counts_at_once_and_is_told_by_mail(lobby: Lobby):
    browser = await lobby.newcomer()
    before = browser.cookie
    done = browser.keep(await lobby.own.change_password(await browser.here(), SECRET, BETTER, HOME))
    assert isinstance(done, SignedIn)
    assert isinstance((await lobby.gate.enter(secret=BETTER)).verdict, Admit)
    assert isinstance((await lobby.gate.enter(secret=SECRET)).verdict, Refuse)
    letter = lobby.letters("password-changed")[-1]
    assert (letter.recipient, letter.fields["source"]) == ("alice@example.org", "8.8.8.8")
    assert lobby.gate.lines(Action.PASSWORD_CHANGED)[-1].event.actor.door is Door.PORTAL
    assert await lobby.visits.find(before, HOME) is None
    assert (await browser.here()).session == done.session


async def test_whoever_signed_in_with_the_old_password_elsewhere_is_out(lobby: Lobby):
    browser = await lobby.newcomer()
    other = browser.another()
    await other.sign_in()
    over_sftp = (await lobby.gate.enter()).session
    assert over_sftp is not None
    browser.keep(await lobby.own.change_password(await browser.here(), SECRET, BETTER, HOME))
    assert await other.visit() is None
    assert not isinstance(lobby.gate.signon.recheck(over_sftp), Admit)
    assert await browser.visit() is not None


async def test_the_old_password_has_to_be_right(lobby: Lobby):
    browser = await lobby.newcomer()
    assert isinstance(await lobby.own.change_password(await browser.here(), "wrong", BETTER, HOME), Refused)
    assert isinstance((await lobby.gate.enter()).verdict, Admit)
    assert lobby.letters("password-changed") == []


@pytest.mark.parametrize("new", ["short", SECRET, "alice alice alice alice", "\x00" * 20])
async def test_a_new_password_that_is_not_fit_changes_nothing(lobby: Lobby, new):
    browser = await lobby.newcomer()
    assert isinstance(await lobby.own.change_password(await browser.here(), SECRET, new, HOME), Unfit)
    assert isinstance((await lobby.gate.enter()).verdict, Admit)
    assert await browser.visit() is not None


async def test_a_visit_that_is_over_changes_nothing(lobby: Lobby):
    browser = await lobby.newcomer()
    visit = await browser.here()
    lobby.visits.end(browser.cookie)
    assert await lobby.own.change_password(visit, SECRET, BETTER, HOME) == Over()
    assert isinstance((await lobby.gate.enter()).verdict, Admit)

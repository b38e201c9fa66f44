"""One-time links by mail: they tell nobody who is there, work once and not long, and open nothing alone."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event

from mft.accounts.knock import Unfit
from mft.accounts.mail_links import Changed
from mft.accounts.portal_answers import Over, Refused, TooMany
from mft.accounts.purging import Purging
from mft.model.account import AccountState
from mft.model.errors import Exhausted, Invalid
from mft.model.event import Action
from mft.model.portal import LinkPurpose
from mft.policy.signon import Admit, Refuse
from mft.store import credentials
from mft.store.tables import letter as letters
from mft.store.tables import mail_link as table
from tests.support.gate import BETTER, ELSEWHERE, HOME, OLGA, SECRET, SOME_KEY
from tests.support.lobby import URL, Browser, Lobby


async def asked(lobby: Lobby, name: str = "alice", source=HOME) -> None:
    await lobby.links.ask_password(name, source, URL)


async def used(lobby: Lobby, token: str, code: str, new: str = BETTER, source=HOME):
    return await lobby.links.use_password(token, code, new, source)


@pytest.mark.fact("1.7")
async def test_a_forgotten_password_is_set_anew_by_a_link_and_a_code(lobby: Lobby):
    browser = await lobby.newcomer()
    key = lobby.gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    over_sftp = (await lobby.gate.signon.by_key(lobby.gate.knock(), key.fingerprint)).session
    await asked(lobby)
    letter = lobby.letters("password-link")[-1]
    assert letter.recipient == "alice@example.org"
    assert str(letter.fields["link"]).startswith(f"{URL}/forgot/")
    assert lobby.links.stands(lobby.link(), LinkPurpose.PASSWORD)
    assert await used(lobby, lobby.link(), browser.now_shown()) == Changed()
    assert isinstance((await lobby.gate.enter(secret=BETTER)).verdict, Admit)
    assert isinstance((await lobby.gate.enter(secret=SECRET)).verdict, Refuse)
    assert len(lobby.letters("password-changed")) == 1
    assert await browser.visit() is None
    assert over_sftp is not None
    assert not isinstance(lobby.gate.signon.recheck(over_sftp), Admit)
    assert lobby.gate.lines(Action.LINK_USED)[-1].event.detail == {"purpose": "password", "with": "totp"}


async def test_a_recovery_code_will_do(lobby: Lobby):
    browser = await lobby.newcomer()
    await asked(lobby)
    assert await used(lobby, lobby.link(), browser.codes[0]) == Changed()
    assert len(lobby.letters("recovery-used")) == 1


@pytest.mark.fact("1.7")
async def test_a_link_without_the_second_factor_is_worth_nothing_and_wears_out(lobby: Lobby):
    browser = await lobby.newcomer()
    await asked(lobby)
    for _ in range(4):
        assert isinstance(await used(lobby, lobby.link(), "wrong"), Refused)
    assert isinstance(await used(lobby, lobby.link(), "wrong"), TooMany)
    assert await used(lobby, lobby.link(), browser.now_shown()) == Over()
    assert isinstance((await lobby.gate.enter()).verdict, Admit)
    assert lobby.gate.pauses


async def test_a_link_works_once(lobby: Lobby):
    browser = await lobby.newcomer()
    await asked(lobby)
    token = lobby.link()
    await used(lobby, token, browser.now_shown())
    assert not lobby.links.stands(token, LinkPurpose.PASSWORD)
    assert await used(lobby, token, browser.codes[0], "quick foxes jump 70 fences") == Over()


async def test_of_many_who_use_a_link_at_once_one_does(any_lobby: Lobby):
    browser = await any_lobby.newcomer()
    await asked(any_lobby)
    token = any_lobby.link()
    news = [f"slow rivers carve {number} canyons" for number in range(40, 50)]
    answers = await asyncio.gather(
        *(used(any_lobby, token, code, new) for code, new in zip(browser.codes, news, strict=True))
    )
    assert answers.count(Changed()) == 1


@pytest.mark.parametrize(("seconds", "works"), [(-1, True), (0, False)])
async def test_a_link_lasts_half_an_hour(lobby: Lobby, seconds, works):
    browser = await lobby.newcomer()
    await asked(lobby)
    lobby.gate.clock.advance(minutes=30, seconds=seconds)
    assert (await used(lobby, lobby.link(), browser.now_shown()) == Changed()) is works


async def test_using_one_link_makes_the_others_worthless(lobby: Lobby):
    browser = await lobby.newcomer()
    await asked(lobby)
    first = lobby.link()
    await asked(lobby)
    second = str(next(one for one in lobby.letters("password-link") if first not in str(one.fields)).fields["link"])
    assert await used(lobby, first, browser.now_shown()) == Changed()
    assert await used(lobby, second.rpartition("/")[2], browser.codes[0]) == Over()


async def test_a_new_password_that_is_not_fit_uses_up_neither_link_nor_code(lobby: Lobby):
    browser = await lobby.newcomer()
    await asked(lobby)
    assert isinstance(await used(lobby, lobby.link(), browser.now_shown(), "short"), Unfit)
    assert await used(lobby, lobby.link(), browser.now_shown()) == Changed()


async def test_whoever_holds_a_link_is_not_told_what_the_old_password_is(lobby: Lobby):
    browser = await lobby.newcomer()
    await asked(lobby)
    wrong = await used(lobby, lobby.link(), "wrong", SECRET)
    assert isinstance(wrong, Refused)
    assert await used(lobby, lobby.link(), browser.now_shown(), SECRET) == Changed()


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 5000, "é"])
async def test_what_is_no_link_leads_nowhere(lobby: Lobby, token):
    await lobby.newcomer()
    assert await used(lobby, token, "000000") == Over()
    assert not lobby.links.stands(token, LinkPurpose.PASSWORD)


async def test_of_a_link_only_the_digest_is_kept(lobby: Lobby):
    await lobby.newcomer()
    await asked(lobby)
    token = lobby.link()
    with lobby.gate.store.read() as connection:
        row = connection.execute(table.select()).mappings().one()
    assert token not in str(dict(row))
    assert token not in str([one.event for one in lobby.gate.lines()])


def disable(lobby: Lobby) -> None:
    lobby.gate.move("alice", AccountState.ACTIVE, AccountState.DISABLED)


def purge(lobby: Lobby) -> None:
    Purging(lobby.gate.store, lobby.gate.trail, lobby.gate.clock).purge(OLGA, "alice", "left")


def leave_unused(lobby: Lobby) -> None:
    lobby.gate.clock.advance(days=120)


def take_factor(lobby: Lobby) -> None:
    lobby.factors.remove(OLGA, "alice", "lost")


def reset(lobby: Lobby) -> None:
    lobby.gate.credentials.issue_temporary(OLGA, "alice")


def take_password(lobby: Lobby) -> None:
    with lobby.gate.store.write() as connection:
        credentials.remove_password(connection, lobby.gate.current().id)


NOBODY = {
    "unknown": ("nobody", HOME, lambda _: None),
    "no name at all": ("Not A Name", HOME, lambda _: None),
    "disabled": ("alice", HOME, disable),
    "purged": ("alice", HOME, purge),
    "dormant": ("alice", HOME, leave_unused),
    "from elsewhere": ("alice", ELSEWHERE, lambda _: None),
    "without a second factor": ("alice", HOME, take_factor),
    "with a temporary password": ("alice", HOME, reset),
    "without a password": ("alice", HOME, take_password),
}


@pytest.mark.fact("1.7")
@pytest.mark.parametrize("kind", NOBODY)
async def test_nobody_else_gets_a_link_and_the_steps_are_the_same(lobby: Lobby, kind):
    name, source, make = NOBODY[kind]
    await lobby.newcomer("bob")
    await lobby.newcomer()
    usual = await statements(lobby, "bob", HOME)
    assert len(lobby.letters("password-link")) == 1
    make(lobby)
    assert await statements(lobby, name, source) == usual
    links = [one for one in lobby.letters("password-link") if one.recipient != "bob@example.org"]
    assert links == []
    with lobby.gate.store.read() as connection:
        assert len(connection.execute(letters.select().where(letters.c.template == "password-link")).all()) == 1
        assert len(connection.execute(table.select()).all()) == 1
    assert lobby.gate.lines(Action.LINK_REFUSED)[-1].event.detail["why_not"]


async def statements(lobby: Lobby, name: str, source) -> list[str]:
    seen: list[str] = []

    def note(*words: object) -> None:
        seen.append(str(words[2]))

    event.listen(lobby.gate.store.engine, "before_cursor_execute", note)
    assert await lobby.links.ask_password(name, source, URL) is None
    event.remove(lobby.gate.store.engine, "before_cursor_execute", note)
    return seen


async def test_nobody_fills_a_mailbox(lobby: Lobby):
    await lobby.newcomer()
    for _ in range(10):
        await asked(lobby)
    assert len(lobby.letters("password-link")) == 3
    assert lobby.gate.pauses[:3] == [0.5, 1.0, 2.0]
    lobby.gate.clock.advance(minutes=30)
    await asked(lobby)
    assert len(lobby.letters("password-link")) == 4


async def test_strangers_who_ask_do_not_fill_the_trail(lobby: Lobby):
    for number in range(60):
        await asked(lobby, f"nobody{number}")
    assert len(lobby.gate.lines(Action.LINK_REFUSED)) == 20


async def test_somebody_disabled_meanwhile_cannot_use_the_link(lobby: Lobby):
    browser = await lobby.newcomer()
    await asked(lobby)
    disable(lobby)
    assert isinstance(await used(lobby, lobby.link(), browser.now_shown()), Refused)


async def test_old_links_are_forgotten(lobby: Lobby):
    await lobby.newcomer()
    await asked(lobby)
    assert lobby.links.tidy() == 0
    lobby.gate.clock.advance(days=2)
    assert lobby.links.tidy() == 1


# A new mail address.
NEW = "alice@new.example.org"


async def ask_email(lobby: Lobby, browser: Browser, email: str = NEW, again: str | None = None):
    return lobby.links.ask_email(await browser.here(), email, email if again is None else again, HOME, URL)


@pytest.mark.fact("1.5")
async def test_a_new_mail_address_is_typed_twice_confirmed_there_and_told_to_the_old_one(lobby: Lobby):
    browser = await lobby.newcomer()
    assert await ask_email(lobby, browser, NEW.upper()) == Changed()
    assert lobby.gate.current().email == "alice@example.org"
    assert lobby.letters("email-link")[-1].recipient == NEW
    assert lobby.links.use_email(lobby.link("email-link"), ELSEWHERE) == Changed()
    assert lobby.gate.current().email == NEW
    assert [letter.recipient for letter in lobby.letters("email-changed")] == ["alice@example.org"]
    assert lobby.gate.lines(Action.ACCOUNT_CHANGED)[-1].event.detail == {"changed": "email"}
    assert NEW not in str([one.event for one in lobby.gate.lines()])


@pytest.mark.fact("1.5")
@pytest.mark.parametrize(("email", "again"), [(NEW, "alise@new.example.org"), (NEW, ""), ("no address", "no address")])
async def test_an_address_typed_differently_or_wrongly_is_not_taken(lobby: Lobby, email, again):
    browser = await lobby.newcomer()
    with pytest.raises(Invalid):
        await ask_email(lobby, browser, email, again)
    assert lobby.letters("email-link") == []


async def test_a_link_for_one_thing_is_no_link_for_another(lobby: Lobby):
    browser = await lobby.newcomer()
    await ask_email(lobby, browser)
    await asked(lobby)
    assert lobby.links.use_email(lobby.link("password-link"), HOME) == Over()
    assert await used(lobby, lobby.link("email-link"), browser.now_shown()) == Over()


async def test_somebody_elses_address_gets_nothing_and_that_is_not_told(lobby: Lobby):
    await lobby.newcomer("bob")
    browser = await lobby.newcomer()
    assert await ask_email(lobby, browser, "bob@example.org") == Changed()
    assert lobby.letters("email-link") == []


async def test_an_address_that_somebody_else_took_meanwhile_is_not_taken(lobby: Lobby):
    browser = await lobby.newcomer()
    await ask_email(lobby, browser)
    lobby.gate.account("bob", email=NEW)
    assert lobby.links.use_email(lobby.link("email-link"), HOME) == Over()
    assert lobby.gate.current().email == "alice@example.org"


@pytest.mark.parametrize("late", [timedelta(minutes=30), timedelta(days=3)])
async def test_an_address_is_confirmed_within_half_an_hour_and_once(lobby: Lobby, late):
    browser = await lobby.newcomer()
    await ask_email(lobby, browser)
    token = lobby.link("email-link")
    lobby.gate.clock.advance(seconds=late.total_seconds())
    assert lobby.links.use_email(token, HOME) == Over()
    lobby.gate.clock.advance(seconds=-late.total_seconds())
    assert lobby.links.use_email(token, HOME) == Changed()
    assert lobby.links.use_email(token, HOME) == Over()


async def test_a_disabled_account_gets_no_new_address(lobby: Lobby):
    browser = await lobby.newcomer()
    await ask_email(lobby, browser)
    disable(lobby)
    assert lobby.links.use_email(lobby.link("email-link"), HOME) == Over()


async def test_links_to_new_addresses_are_not_asked_for_without_end(lobby: Lobby):
    browser = await lobby.newcomer()
    for _ in range(3):
        await ask_email(lobby, browser)
    with pytest.raises(Exhausted):
        await ask_email(lobby, browser)


async def test_whoever_is_not_in_asks_for_no_address(lobby: Lobby):
    browser = (await lobby.newcomer()).another()
    await browser.password()
    assert await ask_email(lobby, browser) == Over()

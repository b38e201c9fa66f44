"""What people are written to about their secrets can be written, and says what it is for."""

from pathlib import Path

import pytest

from mft.accounts.portal_answers import MustReplace
from mft.model.ids import LetterId
from mft.notify.writing import Writer
from tests.support.gate import BETTER, HOME, OLGA, SECRET
from tests.support.lobby import URL, Lobby

TEMPLATES = Path(__file__).parents[2] / "config" / "mail"
EXPECTED = {
    "password-changed": "changed on 2026-11-22",
    "password-link": f"{URL}/forgot/",
    "email-link": f"{URL}/email/",
    "email-changed": "has another mail",
    "factor-changed": "an authenticator was set up for it",
    "recovery-used": "Codes left: 9",
}


async def everything(lobby: Lobby) -> None:
    browser = await lobby.newcomer()
    other = browser.another()
    await other.password()
    await other.code(browser.codes[0])
    await lobby.links.ask_password("alice", HOME, URL)
    visit = await other.here()
    lobby.links.ask_email(visit, "alice@new.example.org", "alice@new.example.org", HOME, URL)
    lobby.links.use_email(lobby.link("email-link"), HOME)
    await lobby.own.change_password(await other.here(), SECRET, BETTER, HOME)


@pytest.mark.fact("1.4")
async def test_every_letter_can_be_written(lobby: Lobby):
    await everything(lobby)
    writer = Writer(TEMPLATES, "mft@example.org", {"payer": "Example Health Plan"})
    written = {
        one.template: writer.write(LetterId("ltr_1"), one, lobby.gate.clock.now()).get_content()
        for one in lobby.letters()
    }
    assert set(written) == set(EXPECTED)
    for template, words in EXPECTED.items():
        assert words in written[template]
        assert "Example Health Plan" in written[template]


async def test_no_letter_holds_a_password_or_a_code(lobby: Lobby):
    lobby.gate.account(password=None)
    secret = lobby.gate.credentials.issue_temporary(OLGA, "alice").secret
    browser = lobby.browser()
    assert isinstance(await browser.password(secret=secret), MustReplace)
    await browser.replace(BETTER)
    await browser.enrol()
    said = str([one.fields for one in lobby.letters()])
    assert not any(word in said for word in (secret, BETTER, browser.secret, *browser.codes))

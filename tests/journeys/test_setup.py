"""A new trading partner's way to SFTP: a provider's second factor, the setup page, two clients, another password.

All of it is real: Chromium, an OpenLDAP server, a certified OpenID provider, OpenSSH's sftp and PuTTY's
psftp, and the server with its own processes between them.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import browser, judge_at_both_widths, visiting
from tests.support.clients import OpenSsh, Psftp, Refused
from tests.support.provider import MFA, RunningProvider, running_provider
from tests.support.server import SENTENCE, Server, running
from tests.support.slapd import HOST, PEOPLE, READER, Slapd, free_ports, overheard, running_slapd

__all__ = ["browser"]

ACCOUNT, USER = "carol", "CAROL@NC"
FIRST, SECOND = "Autumn leaves, 1st", "Winter's coming — 2nd"
AGREEMENT = (
    "I agree that I am responsible for maintaining the security of the username and password "
    "and will not share it with anyone."
)
AGE = 1
"""Seconds, after which the directory is asked again."""


@dataclass
class World:
    """Everything that takes part."""

    server: Server
    slapd: Slapd
    provider: RunningProvider
    url: str
    line: ExitStack
    """Between the server and the directory; closed, the directory is down."""

    def signs_on(self, password: str) -> None:
        """Hold both clients to getting in with *password*, and to moving a file each."""
        self.server.passwords[ACCOUNT] = password
        for client in (OpenSsh(self.server, ACCOUNT, by_password=True), Psftp(self.server, ACCOUNT)):
            name = f"{type(client).__name__}.x12"
            local = self.server.folder / name
            local.write_text("ISA*00*")
            client.put(local, f"/Inbound/{name}")
            assert name in client.names("/Inbound")

    def is_refused(self, password: str) -> None:
        """Hold SFTP to refusing *password* by the one sentence."""
        self.server.passwords[ACCOUNT] = password
        with pytest.raises(Refused, match=SENTENCE):
            OpenSsh(self.server, ACCOUNT, by_password=True).names("/Inbound")

    def done(self) -> int:
        """Return how often it was set up, which is how often somebody agreed."""
        assert len(self.server.events("setup.done")) == len(self.server.events("attestation.signed"))
        return len(self.server.events("setup.done"))

    def lapses(self) -> None:
        """Return once the server has learned that the password was changed; it asks by itself."""
        until = monotonic() + 30
        while not self.server.events("setup.lapsed"):
            assert monotonic() < until


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    [port] = free_ports(1)
    url = f"https://127.0.0.1:{port}"
    with ExitStack() as opened:
        slapd = opened.enter_context(running_slapd())
        slapd.add(USER, FIRST)
        slapd.add("DAVE@NC", FIRST)
        line = opened.enter_context(ExitStack())
        through, _ = line.enter_context(overheard(slapd.clear))
        provider = opened.enter_context(running_provider(f"{url}/signin/return"))
        provider.person("person-1", USER, **MFA)
        settings = {
            "MFT_PAYER": "Example Health",
            "MFT_PASSWORDS__MEMORY": "8 KiB",
            "MFT_PASSWORDS__PASSES": "1",
            "MFT_PORTAL__PORT": str(port),
            "MFT_DIRECTORY__KIND": "ldap",
            "MFT_DIRECTORY__URL": f"ldap://{HOST}:{through}",
            "MFT_DIRECTORY__CA_FILE": str(slapd.ca_file),
            "MFT_DIRECTORY__BIND_DN": READER,
            "MFT_DIRECTORY__BIND_PASSWORD_FILE": str(slapd.password_file),
            "MFT_DIRECTORY__BASE": PEOPLE,
            "MFT_DIRECTORY__LOOK_AGAIN": f"{AGE} s",
            "MFT_DIRECTORY__INFORMATION": "https://plan.example/trading-partners",
            "MFT_DIRECTORY__IDENTITY_LINKS": '{"External Users (Provider)": "https://ncid.example/", '
            '"State and Local Government employees (State or Fiscal Agent)": "https://state.example/"}',
            **provider.settings(),
        }
        server = opened.enter_context(running(tmp_path_factory.mktemp("journey") / "d", **settings))
        server.mft(
            *("account", "add", ACCOUNT, "--org", "clearing", "--email", "carol@clearing.example"),
            *("--external-id", USER, "--allow", "127.0.0.1"),
        )
        for folder in Server.homes("clearing"):
            server.mft("folder", "grant", folder, "--account", ACCOUNT, "--rights", "all")
        yield World(server, slapd, provider, url, line)


def sign_in(page: Page) -> None:
    """Sign in where the provider asks for the second factor."""
    page.goto("/signin")
    judge_at_both_widths(page, "signin-provider")
    page.get_by_role("button", name="Sign in with Example ID").click()
    page.get_by_role("button", name="Sign in here").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def open_setup(page: Page) -> None:
    page.get_by_role("navigation", name="Side navigation").get_by_role("link", name="SFTP Account Setup/Update").click()
    expect(page.get_by_role("heading", name="SFTP ACCOUNT", exact=True)).to_be_visible()


def fill(page: Page, user: str, password: str, *, agreed: bool = True) -> None:
    """Type into the form as it stands, and press the button."""
    page.get_by_label("User ID (NCID):").fill(user)
    page.get_by_label("Password:").fill(password)
    if page.get_by_label(AGREEMENT).is_checked() is not agreed:
        # The design system draws the box itself, as part of its label.
        page.get_by_text(AGREEMENT).click()
    page.get_by_role("button", name="Setup/Update").click()


@pytest.mark.timeout(300)
@pytest.mark.fact("2.2")
@pytest.mark.fact("2.3")
@pytest.mark.fact("2.5")
@pytest.mark.fact("2.9")
@pytest.mark.fact("3.3")
def test_a_new_trading_partner_gets_to_sftp_and_again_after_another_password(browser: Browser, world: World):
    with visiting(browser, world.url) as page:
        sign_in(page)
        expect(page.get_by_text("SFTP is not set up yet")).to_be_visible()
        world.is_refused(FIRST)
        open_setup(page)
        judge_at_both_widths(page, "setup")

        # What will not do changes nothing, and says what to do.
        fill(page, USER, FIRST, agreed=False)
        expect(page.get_by_role("alert")).to_contain_text("The box is not ticked")
        judge_at_both_widths(page, "setup-no-box")
        fill(page, "DAVE@NC", FIRST)
        expect(page.get_by_role("alert")).to_contain_text("This is not your User ID")
        judge_at_both_widths(page, "setup-another-user")
        fill(page, USER, "Not it at all")
        expect(page.get_by_role("alert")).to_contain_text("The password was not accepted")
        judge_at_both_widths(page, "setup-wrong-password")
        assert world.done() == 0
        world.is_refused(FIRST)

        fill(page, USER, FIRST)
        expect(page.get_by_text("Your SFTP account is set up")).to_be_visible()
        judge_at_both_widths(page, "setup-done")
        assert world.done() == 1
        [signed] = world.server.events("attestation.signed")
        assert signed["actor"]["name"] == ACCOUNT
        world.signs_on(FIRST)

        # The directory's password changes: within the age neither opens SFTP, and every page says why.
        world.slapd.set_password(USER, SECOND)
        world.lapses()
        world.is_refused(FIRST)
        world.is_refused(SECOND)
        page.goto("/")
        expect(page.get_by_text("Your password has changed: set up SFTP again")).to_be_visible()
        judge_at_both_widths(page, "setup-banner")
        page.get_by_role("main").get_by_role("link", name="SFTP Account Setup/Update").first.click()
        judge_at_both_widths(page, "setup-stale")
        fill(page, USER, SECOND)
        expect(page.get_by_text("Your SFTP account is set up")).to_be_visible()
        world.signs_on(SECOND)
        world.is_refused(FIRST)

        # While the directory is down nothing is set up, and what worked works.
        world.line.close()
        fill(page, USER, SECOND)
        expect(page.get_by_role("alert")).to_contain_text("Try again later")
        judge_at_both_widths(page, "setup-later")
        assert world.done() == 2
        world.signs_on(SECOND)

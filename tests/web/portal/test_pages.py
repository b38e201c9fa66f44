"""Every page in a real browser, against a real server: axe, both widths, the keyboard alone, without scripts."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from mft.web.portal.route import May, Method
from mft.web.portal.routes import TABLE
from tests.support.browser import NARROW, WIDE, judge, visiting
from tests.support.server import Server, running

PASSWORD = "correct horse battery staple 9"
DIRECTORY = "What the directory knows, 7"
OPEN = [
    row.path.replace("{token}", "x" * 43)
    for row in TABLE
    if row.method is Method.GET and row.may in {May.ANYONE, May.VISIT}
]
INSIDE = [
    row.path for row in TABLE if row.method is Method.GET and row.may is May.SIGNED_IN and row.path != "/signed-in"
]


@dataclass
class Site:
    """A server that runs, and its portal's address as an operator learns it."""

    server: Server
    url: str

    def person(self, name: str, org: str = "northwind") -> None:
        mail = f"{name}@example.org"
        self.server.mft("account", "add", name, "--org", org, "--email", mail, "--allow", "127.0.0.1")
        self.server.mft("account", "set-password", name, "--stdin", typed=f"{PASSWORD}\n")

    def partner(self, name: str) -> None:
        """Add somebody of a trading partner whom the trial directory knows by the same name."""
        self.person(name, "clearing")
        self.server.mft("account", "change", name, "--external-id", name)
        self.server.mft("directory", "trial", "add", name, "--stdin", typed=f"{DIRECTORY}\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    quick = {"MFT_PASSWORDS__MEMORY": "8 KiB", "MFT_PASSWORDS__PASSES": "1", "MFT_PAYER": "Example Health"}
    with running(tmp_path_factory.mktemp("site") / "d", **quick) as server:
        yield Site(server, server.json("config", "show")["portal"]["url"])


def prove_password(page: Page, name: str) -> None:
    page.goto("/signin")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def secret_on(page: Page) -> pyotp.TOTP:
    return pyotp.TOTP(page.locator(".mft-qr + p .mft-code").inner_text().replace(" ", ""))


def sign_in(page: Page, name: str) -> pyotp.TOTP:
    """Sign in for the first time."""
    prove_password(page, name)
    page.get_by_role("button", name="Show the picture").click()
    totp = secret_on(page)
    page.get_by_label("Code from the app").fill(totp.now())
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    return totp


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_open_page_passes_axe_at_both_widths(browser: Browser, site: Site, width: int):
    with visiting(browser, site.url, width=width) as page:
        for path in [*OPEN, "/nothing"]:
            page.goto(path)
            judge(page, f"open{path.replace('/', '-')}")


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_page_of_a_sign_in_and_behind_it_passes_axe_at_both_widths(browser: Browser, site: Site, width: int):
    name = f"axel{width}"
    site.partner(name)
    with visiting(browser, site.url, width=width) as page:
        prove_password(page, name)
        judge(page, "signin-enrol")
        page.get_by_role("button", name="Show the picture").click()
        judge(page, "signin-enrol-picture")
        totp = secret_on(page)
        page.get_by_label("Code from the app").fill("000000")
        page.get_by_role("button", name="Go on").click()
        judge(page, "signin-enrol-wrong")
        page.get_by_label("Code from the app").fill(totp.now())
        page.get_by_role("button", name="Go on").click()
        judge(page, "signin-codes")
        page.get_by_role("link", name="I have kept them").click()
        for path in ["/", *INSIDE]:
            page.goto(path)
            judge(page, f"inside{path.replace('/', '-')}")
    with visiting(browser, site.url, width=width) as page:
        prove_password(page, name)
        judge(page, "signin-code")
        page.get_by_label("Code").fill("000000")
        page.get_by_role("button", name="Go on").click()
        judge(page, "signin-code-refused")


def test_everything_up_to_home_and_out_again_works_by_the_keyboard_alone(browser: Browser, site: Site):
    site.person("kim")
    with visiting(browser, site.url) as page:
        keys = page.keyboard
        page.goto("/")
        keys.press("Tab")
        expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
        tab_to(page, "Sign in")
        keys.press("Enter")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        tab_to(page, "name")
        keys.type("kim")
        tab_to(page, "password")
        keys.type(PASSWORD)
        keys.press("Enter")
        expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
        tab_to(page, "Show the picture")
        keys.press("Enter")
        expect(page.get_by_role("img", name="QR code")).to_be_visible()
        totp = secret_on(page)
        tab_to(page, "code")
        keys.type(totp.now())
        keys.press("Enter")
        expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
        tab_to(page, "I have kept them")
        keys.press("Enter")
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        tab_to(page, "Sign out")
        keys.press("Enter")
        expect(page.get_by_text("You are signed out.")).to_be_visible()


def tab_to(page: Page, what: str, drawn_by: str = "") -> None:
    """Press Tab until the focus is on *what*, its text or its id; what has the focus must be seen to have it.

    A box of the design system is *drawn_by* something beside it.
    """
    show = "drawn => (drawn ? [document.querySelector(drawn), '::before'] : [document.activeElement, null])"
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate("[document.activeElement.id, document.activeElement.innerText]")
        if what in focused:
            outline = page.evaluate(f"drawn => getComputedStyle(...({show})(drawn)).outlineStyle", drawn_by)
            assert outline != "none", what
            return
    raise AssertionError(f"the keyboard does not get to {what}")


def test_without_scripts_everything_works_at_the_narrow_width_too(browser: Browser, site: Site):
    site.person("nora")
    with visiting(browser, site.url, width=NARROW, scripts=False) as page:
        page.goto("/")
        page.get_by_role("banner").get_by_role("link", name="Sign in").click()
        sign_in(page, "nora")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_sftp_is_set_up_by_the_keyboard_alone(browser: Browser, site: Site):
    site.partner("kate")
    with visiting(browser, site.url) as page:
        sign_in(page, "kate")
        keys = page.keyboard
        tab_to(page, "SFTP Account Setup/Update")
        keys.press("Enter")
        expect(page.get_by_role("heading", name="SFTP Account Setup/Update")).to_be_visible()
        tab_to(page, "user")
        keys.type("kate")
        tab_to(page, "password")
        keys.type(DIRECTORY)
        tab_to(page, "agreed", drawn_by="label[for=agreed]")
        keys.press("Space")
        tab_to(page, "Setup/Update")
        keys.press("Enter")
        expect(page.get_by_text("Your SFTP account is set up")).to_be_visible()


def test_sftp_is_set_up_without_scripts_at_the_narrow_width_too(browser: Browser, site: Site):
    site.partner("nils")
    with visiting(browser, site.url, width=NARROW, scripts=False) as page:
        sign_in(page, "nils")
        page.goto("/setup")
        expect(page.get_by_text("Show password")).to_be_hidden()
        page.get_by_label("User ID (NCID):").fill("nils")
        page.get_by_label("Password:").fill(DIRECTORY)
        page.locator("label[for=agreed]").click()
        page.get_by_role("button", name="Setup/Update").click()
        expect(page.get_by_text("Your SFTP account is set up")).to_be_visible()


def test_people_may_look_at_the_password_they_type(browser: Browser, site: Site):
    with visiting(browser, site.url) as page:
        page.goto("/signin")
        field = page.get_by_label("Password")
        expect(field).to_have_attribute("type", "password")
        page.get_by_role("button", name="Show password").click()
        expect(field).to_have_attribute("type", "text")
        page.get_by_role("button", name="Hide password").click()
        expect(field).to_have_attribute("type", "password")


def test_two_minutes_before_the_end_a_word_is_said_and_one_may_stay(browser: Browser, site: Site):
    site.person("ida")
    with visiting(browser, site.url) as page:
        page.clock.install()
        sign_in(page, "ida")
        warning = page.get_by_text("You will be signed out in two minutes.")
        expect(warning).to_be_hidden()
        page.clock.run_for(27 * 60_000)
        expect(warning).to_be_hidden()
        page.clock.run_for(61_000)
        expect(warning).to_be_visible()
        judge(page, "ending")
        page.get_by_role("link", name="Stay signed in").click()
        expect(warning).to_be_hidden()
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        page.clock.run_for(31 * 60_000)
        # The server's own clock did not move: it is the page that leaves, so that nobody reads what was open.
        expect(page).to_have_url(f"{site.url}/")


@pytest.mark.fact("2.8")
@pytest.mark.parametrize("place", ["/signin", "/setup"])
def test_caps_lock_is_pointed_out_while_typing(place: str, browser: Browser, site: Site):
    name = f"cora{len(place)}"
    site.partner(name)
    with visiting(browser, site.url) as page:
        if place == "/setup":
            sign_in(page, name)
        page.goto(place)
        field = page.locator("#password")
        field.focus()
        hint = page.locator("#password-caps")
        field.dispatch_event("keydown", {"key": "A", "modifierCapsLock": True})
        expect(hint).to_have_text("Caps Lock is on.")
        field.dispatch_event("keydown", {"key": "a"})
        expect(hint).to_have_text("")


def test_the_cookie_is_kept_from_scripts(browser: Browser, site: Site):
    with visiting(browser, site.url) as page:
        page.goto("/signin")
        assert page.evaluate("document.cookie") == ""
        assert [cookie["name"] for cookie in page.context.cookies()] == ["__Host-mft"]


def test_a_code_is_taken_a_second_time_by_nobody(browser: Browser, site: Site):
    site.person("rey")
    with visiting(browser, site.url) as page:
        totp = sign_in(page, "rey")
    with visiting(browser, site.url) as page:
        prove_password(page, "rey")
        page.get_by_label("Code").fill(totp.at(time.time()))
        page.get_by_role("button", name="Go on").click()
        expect(
            page.get_by_text("Invalid username/password or not allowed to sign on from this location")
        ).to_be_visible()

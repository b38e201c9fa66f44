"""Signing in by a provider in a real browser: a real server, and a provider of another site.

The provider is at localhost and the portal at 127.0.0.1, which are two sites to a browser.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from mft.policy.signon import SENTENCE
from tests.support.browser import NARROW, WIDE, axe, overflows, shot, visiting
from tests.support.provider import MFA, RunningProvider, running_provider
from tests.support.server import Server
from tests.support.slapd import free_ports


@dataclass
class Site:
    """A server that runs, and the provider that it knows."""

    server: Server
    provider: RunningProvider
    url: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    [port] = free_ports(1)
    url = f"https://127.0.0.1:{port}"
    with running_provider(f"{url}/signin/return") as provider:
        settings = {"MFT_PASSWORDS__MEMORY": "8 KiB", "MFT_PASSWORDS__PASSES": "1", "MFT_PORTAL__PORT": str(port)}
        server = Server(tmp_path_factory.mktemp("site") / "d", settings=settings | provider.settings())
        server.set_up()
        words = ("--org", "clearing", "--email", "alice@example.org", "--allow", "127.0.0.1", "--external-id", "JDOE")
        server.mft("account", "add", "alice", *words, "--person", "Alice Doe")
        server.start()
        try:
            yield Site(server, provider, url)
        finally:
            server.stop()


def go_there(page: Page) -> None:
    page.goto("/signin")
    page.get_by_role("button", name="Sign in with Example ID").click()
    expect(page.get_by_role("heading", name="The provider")).to_be_visible()


@pytest.mark.fact("3.3")
@pytest.mark.parametrize("scripts", [True, False])
def test_a_browser_goes_to_another_site_and_comes_back_signed_in(browser: Browser, site: Site, *, scripts: bool):
    site.provider.person("s-1", "JDOE", **MFA)
    with visiting(browser, site.url, scripts=scripts) as page:
        go_there(page)
        assert page.url.startswith(site.provider.issuer)
        page.get_by_role("button", name="Sign in here").click()
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        expect(page.get_by_role("link", name="Alice Doe")).to_be_visible()
        assert page.url == f"{site.url}/"
        # Known there by now, the browser is sent back at once: still from another site, and in again.
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in with Example ID").click()
        expect(page.get_by_role("link", name="Alice Doe")).to_be_visible()


def test_a_browser_that_is_refused_or_changes_its_mind_can_go_on(browser: Browser, site: Site):
    site.provider.person("s-5", "NOBODY", **MFA)
    with visiting(browser, site.url) as page:
        go_there(page)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("You did not sign in there.")).to_be_visible()
        go_there(page)
        page.get_by_role("button", name="Sign in here").click()
        expect(page.get_by_text(SENTENCE)).to_be_visible()
        judge(page, "provider-refused")
    code = site.server.events("signon.refused")[-1]
    assert code["detail"]["reason"] == "not_linked"


def test_a_link_of_another_site_leads_nobody_in_as_somebody_else(browser: Browser, site: Site):
    site.provider.person("s-1", "JDOE", **MFA)
    with visiting(browser, site.url) as thief, visiting(browser, site.url) as victim:
        # The answer to the thief's browser is caught on its way.
        thief.route("**/signin/return*", lambda route: route.fulfill(status=204))
        go_there(thief)
        with thief.expect_request("**/signin/return*") as answer:
            thief.get_by_role("button", name="Sign in here").click()
        go_there(victim)  # So that an answer is awaited.
        victim.set_content(f'<a href="{answer.value.url}">A present</a>')
        victim.get_by_role("link", name="A present").click()
        expect(victim.get_by_text("Begin again.")).to_be_visible()


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_the_pages_on_the_way_pass_axe_at_both_widths(browser: Browser, site: Site, width: int):
    with visiting(browser, site.url, width=width) as page:
        page.goto("/signin")
        judge(page, "signin-provider")
        # An answer without content lets the page stand that leads on.
        page.route(f"{site.provider.issuer}/**", lambda route: route.fulfill(status=204))
        page.get_by_role("button", name="Sign in with Example ID").click()
        expect(page.get_by_role("heading", name="You go on at Example ID")).to_be_visible()
        judge(page, "provider")
        page.goto("/signin?later")
        judge(page, "signin-later")


def judge(page: Page, name: str) -> None:
    shot(page, name)
    assert axe(page) == [], name
    assert not overflows(page), name

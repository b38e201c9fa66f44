"""A real browser: Debian's Chromium, led by Playwright, with axe to judge what it shows.

A browser belongs to a module of tests and not to the run: while Playwright's synchronous side is
open, no asynchronous test can run in the same process.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.npm import PEERS, package

ARGUMENTS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
NARROW, WIDE = 360, 1440
"""The widths in pixels that every page has to work at."""
PICTURES = PEERS / "pictures"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_JUDGE = """async rules => (await axe.run(document, {runOnly: {type: "tag", values: rules}}))
    .violations.map(found => found.id + ": " + found.nodes.map(node => node.html).join(" | "))"""


@dataclass
class Seen:
    """What a page complained of while it was looked at: violations of the content policy, errors of scripts."""

    complaints: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        # What a page is answered is the test's business; what it runs or loads against the policy is ours.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visiting(browser: Browser, url: str, *, width: int = WIDE, scripts: bool = True) -> Iterator[Page]:
    """Give a page of a browser profile of its own, at *url*; it must complain of nothing.

    Only the certificate of a trial is taken unseen.
    """
    context = browser.new_context(
        base_url=url,
        ignore_https_errors=True,
        java_script_enabled=scripts,
        viewport={"width": width, "height": 900},
    )
    seen = Seen()
    try:
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", seen.hear)
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        yield page
    finally:
        context.close()
    assert seen.complaints == []


def axe(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA on *page*, as it stands."""
    # Evaluated through the debugger: the page's own policy lets no script of ours in.
    page.evaluate((package("axe-core") / "axe.min.js").read_text())
    found: list[str] = page.evaluate(_JUDGE, _RULES)
    return found


def overflows(page: Page) -> bool:
    """Return whether the page has to be scrolled sideways."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wide


def shot(page: Page, name: str) -> None:
    """Leave a picture of the whole page in ``.peers/pictures``, for people to look at."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)


def judge(page: Page, name: str) -> None:
    """Look at *page*: axe finds nothing, nothing has to be scrolled sideways; a picture is left for people."""
    shot(page, name)
    assert axe(page) == [], name
    assert not overflows(page), name


def judge_at_both_widths(page: Page, name: str) -> None:
    """Do it at the narrow and the wide width, and leave *page* as it was."""
    was = page.viewport_size
    for width in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": 900})
        judge(page, name)
    if was is not None:
        page.set_viewport_size(was)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one module."""
    with chromium() as opened:
        yield opened

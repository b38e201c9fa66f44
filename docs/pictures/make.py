# ruff: noqa: INP001  (a program, not part of a package)
"""Takes the documents' pictures of the portal: the demonstration, walked by the trial person in Debian's Chromium.

``make pictures`` runs it.  Nothing is drawn: what a picture shows is what the program showed, in fewer colours.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import Page, sync_playwright

from mft.cli.demo.house import SUBMITTER, USER_ID, Secrets, Stage, set_up
from mft.cli.demo.serving import serving
from mft.clock import SystemClock

HERE: Final = Path(__file__).parent
CHROMIUM: Final = "/usr/bin/chromium"
SIZE: Final = {"width": 1040, "height": 600}
COLOURS: Final = "64"
LARGEST: Final = 60 * 1024
"""Bytes of a picture: they are loaded with the page that shows them."""
ANOTHER: Final = "another walk by the sea in autumn"  # Of a house that is gone when the pictures are taken.


@contextmanager
def window(url: str) -> Iterator[Page]:
    """Give a browser's window onto *url*, whose trial certificate nobody vouches for."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser.new_page(base_url=url, ignore_https_errors=True, viewport=SIZE)
        finally:
            browser.close()


def take(page: Page, name: str) -> None:
    """Keep what *page* shows, to its foot, as *name*."""
    page.evaluate("document.activeElement.blur()")
    shown = page.screenshot(full_page=True)
    fewer = ["pngquant", COLOURS, "-"]
    small = subprocess.run(fewer, input=shown, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603  (found by name, as in the tests)
    if len(small) > LARGEST:
        raise SystemExit(f"{name}.png has {len(small)} bytes; {LARGEST} are the most")
    (HERE / f"{name}.png").write_bytes(small)


def press(page: Page, button: str) -> None:
    """Press *button* of the page itself."""
    page.get_by_role("main").get_by_role("button", name=button, exact=True).click()
    page.wait_for_load_state()


def sign_in(page: Page, stage: Stage, password: str) -> None:
    """Sign in with *password* and a code of the authenticator."""
    page.goto("/signin")
    page.get_by_label("User name").fill(SUBMITTER)
    page.get_by_label("Password", exact=True).fill(password)
    take(page, "sign-in")
    press(page, "Sign in")
    page.get_by_role("main").get_by_role("textbox").fill(stage.authenticator.code(SystemClock().now()))
    take(page, "second-factor")
    press(page, "Go on")
    take(page, "home")


def set_sftp_up(page: Page, password: str) -> None:
    """Set SFTP up with the directory's *password*."""
    page.goto("/setup")
    page.get_by_label("User ID").fill(USER_ID)
    page.get_by_label("Password:", exact=True).fill(password)
    page.locator("label[for=agreed]").click()
    take(page, "setup")
    press(page, "Setup/Update")
    take(page, "setup-done")


def operate(stage: Stage, *words: str, typed: str = "") -> None:
    """Run a command as the operator would, who has *typed* something."""
    environ = os.environ | {"MFT_CONFIG": str(stage.config)}
    command = [sys.executable, "-m", "mft", *words]
    subprocess.run(command, input=typed.encode(), env=environ, check=True)  # noqa: S603  (our own program, no shell)


def walk(page: Page, stage: Stage, secrets: Secrets) -> None:
    """Walk the whole way, and take a picture of each place."""
    sign_in(page, stage, secrets.passwords[SUBMITTER])
    set_sftp_up(page, secrets.directory)
    page.goto("/account/addresses")
    take(page, "addresses")
    operate(stage, "directory", "trial", "passwd", USER_ID, "--stdin", typed=ANOTHER)
    operate(stage, "setup", "resync", SUBMITTER)
    page.goto("/")
    take(page, "stale")


def main() -> None:
    """Take them all."""
    with TemporaryDirectory(prefix="mft-pictures-") as folder:
        stage, secrets = set_up(Path(folder, "house"), 0, 0)
        with serving(stage, 0, 0) as server, window(server.portal) as page:
            walk(page, stage, secrets)


if __name__ == "__main__":
    main()

"""The table of routes, walked: who may come where, what every answer carries, what stands on every page."""

from html import unescape

import httpx2
import pytest

from mft.web.portal.headers import POLICY
from mft.web.portal.pages.provider import RETURN
from mft.web.portal.route import May, Method, Row
from mft.web.portal.routes import TABLE
from tests.support.portal import Caller, PortalHouse

UTC_LINE = "All time and date stamps displayed on this site are UTC 0 unless otherwise specified."
FOOTER = ["About", "Legal", "Privacy", "Accessibility", "Contact Us", "System Requirements", "Report Fraud"]
PAGES = [row for row in TABLE if row.method is Method.GET]
DEEDS = [row for row in TABLE if row.method is Method.POST]


def address(row: Row) -> str:
    """Return where *row* is; a link's token is one that nobody was sent."""
    return row.path.replace("{token}", "x" * 43)


def called(row: Row) -> str:
    return f"{row.method} {row.path}"


def lint(answer: httpx2.Response) -> None:
    """Hold every answer to what ASVS 3.4 asks for."""
    headers = answer.headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert headers["strict-transport-security"].startswith("max-age=63072000")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    assert "x-powered-by" not in headers
    assert headers.get("content-type", "text/html; charset=utf-8") == "text/html; charset=utf-8"


def furnished(page: str) -> None:
    """Hold every page to what all have in common."""
    text = unescape(page)
    assert UTC_LINE in text
    links = text.partition('aria-label="Footer"')[2]
    assert [title for title in FOOTER if f">{title}</a>" in links] == FOOTER
    assert links.count("<a ") == len(FOOTER)
    assert text.count("<h1") == 1
    assert "<title> ·" not in text
    assert "<script>" not in text
    assert "style=" not in text
    assert " onclick" not in text


async def at_every_stage(hall: PortalHouse) -> dict[str, Caller]:
    """Return callers who came to each stage of a sign-in; alice sees every page that there is."""
    hall.partner("alice", "ALICE@NC")
    stranger, opened, proving, inside = (hall.caller() for _ in range(4))
    await opened.get("/signin")
    await inside.sign_in("alice")
    await proving.prove_password("alice")
    return {"stranger": stranger, "opened": opened, "proving": proving, "inside": inside}


@pytest.mark.fact("0.27")
@pytest.mark.fact("2.11")
async def test_every_page_has_its_headers_the_utc_line_and_the_seven_links_for_whoever_comes(hall: PortalHouse):
    for who, caller in (await at_every_stage(hall)).items():
        for row in PAGES:
            answer = await caller.get(address(row))
            lint(answer)
            assert answer.status_code in {200, 204, 303}, (who, row.path)
            if answer.status_code == 200:
                furnished(answer.text)


COMES = {
    May.ANYONE: {"stranger", "opened", "proving", "inside"},
    May.VISIT: {"stranger", "opened", "proving", "inside"},
    May.PROVING: {"proving"},
    May.SIGNED_IN: {"inside"},
}


async def test_who_may_not_come_is_led_to_the_sign_in(hall: PortalHouse):
    for who, caller in (await at_every_stage(hall)).items():
        for row in PAGES:
            came = (await caller.get(address(row))).headers.get("location", "") not in {"/signin", "/signin?ended"}
            assert came is (who in COMES[row.may]), (who, called(row))


async def test_nothing_is_done_for_a_form_without_its_token(hall: PortalHouse):
    callers = await at_every_stage(hall)
    for caller in callers.values():
        for row in DEEDS:
            answer = await caller.send(address(row), form_token="0" * 64)
            lint(answer)
            assert answer.status_code in {303, 403}, called(row)
    assert "Welcome" in (await callers["inside"].get("/")).text


@pytest.mark.parametrize("row", TABLE, ids=called)
async def test_what_a_page_does_not_do_is_refused_by_a_page(row: Row, hall: PortalHouse):
    done = {each.method for each in TABLE if each.path == row.path}
    caller = hall.caller()
    for method in set(Method) - done:
        answer = await (caller.get(address(row)) if method is Method.GET else caller.send(address(row)))
        assert answer.status_code == 405
        furnished(answer.text)
        lint(answer)


@pytest.mark.parametrize("path", ["/nothing", "/signin/", "/signin%00", "/..%2f..%2fetc/passwd", "/static/../app.py"])
async def test_what_is_not_in_the_table_is_not_there(path: str, hall: PortalHouse):
    answer = await hall.caller().get(path)
    assert answer.status_code == 404
    lint(answer)


async def test_a_head_tells_what_a_get_would_and_begins_no_visit(hall: PortalHouse):
    caller = hall.caller()
    for row in PAGES:
        if row.may in {May.ANYONE, May.VISIT}:
            answer = await caller.client.head(address(row))
            usual = 303 if row.path == RETURN else 200  # Nobody is there who comes back from a provider.
            assert (answer.status_code, answer.content, answer.headers.get("set-cookie")) == (usual, b"", None)


def test_each_row_is_there_once_and_has_a_title_and_a_menu_place_only_for_pages():
    assert len({called(row) for row in TABLE}) == len(TABLE)
    assert all(row.title for row in TABLE)
    assert all(row.method is Method.GET for row in TABLE if row.menu)


@pytest.mark.fact("0.26")
async def test_the_menu_holds_only_what_exists_and_marks_where_one_is(hall: PortalHouse):
    hall.partner("alice", "ALICE@NC")
    caller = hall.caller()
    assert "Side navigation" not in (await caller.get("/")).text
    home = await caller.sign_in("alice")
    menu = home.text.partition('aria-label="Side navigation"')[2].partition("</nav>")[0]
    assert '<a href="/" class="usa-current" aria-current="page">HOME</a>' in menu
    for path in [part.partition('"')[0] for part in menu.split('href="')[1:]]:
        assert (await caller.get(path)).status_code == 200


async def test_static_files_may_be_kept_and_are_what_they_say(hall: PortalHouse):
    caller = hall.caller()
    page = (await caller.get("/")).text
    addresses = [part.partition('"')[0] for part in page.split('"/static/')[1:]]
    assert addresses
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    for address in addresses:
        answer = await caller.client.get(f"/static/{address}")
        suffix = f".{address.partition('?')[0].rpartition('.')[2]}"
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kinds[suffix])
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = await caller.client.get(f"/static/{address}", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "vendor/MANIFEST.json",
        "vendor/uswds/LICENSE.md",
        "",
        "vendor",
        "%2e%2e/portal/app.py",
        "own/%00.css",
        "own/no.css",
    ],
)
async def test_of_the_static_folder_nothing_else_is_served(path: str, hall: PortalHouse):
    answer = await hall.caller().get(f"/static/{path}")
    assert answer.status_code == 404
    lint(answer)


@pytest.mark.fact("0.7")
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("8.8.8.8", "It can be listed for an account."),
        ("127.0.0.9", "It can be listed for an account."),  # A trial counts loopback as public.
        ("10.1.2.3", "It is a private IP address"),
        ("100.64.1.1", "carrier NAT"),
        ("2001:4860::8888", "It is an IPv6 address"),
        ("203.0.113.9", "It is not a public address (documentation)."),
    ],
)
@pytest.mark.fact("0.8")
async def test_the_address_page_says_what_we_see_and_whether_it_could_be_listed(
    source: str, said: str, hall: PortalHouse
):
    page = (await hall.caller(source).get("/address")).text
    assert f"<strong>{source}</strong>" in page
    assert said in page
    assert ("cannot be listed" in page) is ("can be listed for" not in said)


@pytest.mark.fact("0.9")
async def test_the_address_page_tells_of_the_vpn(hall: PortalHouse):
    assert "connected to the VPN when identifying the correct IP address" in (await hall.caller().get("/address")).text


async def test_who_comes_from_an_address_that_is_none_gets_a_page_that_says_no(hall: PortalHouse):
    answer = await hall.caller("2001:4860::8888").get("/signin")
    assert (answer.status_code, answer.headers.get("set-cookie")) == (400, None)
    furnished(answer.text)

"""Signing in by a provider, page by page: a certified provider, and callers of the portal."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from mft.audit.search import Wanted, search
from mft.policy.signon import SENTENCE
from tests.support.installed import OPERATOR
from tests.support.portal import URL, Caller, PortalHouse, blanked, portal_house
from tests.support.provider import MFA, RunningProvider, running_provider

LATER = "That sign-in does not answer at the moment."
OVER = "Begin again."
_ONWARD = re.compile(r'<meta http-equiv="refresh" content="0; url=([^"]+)">')


@pytest.fixture(scope="module")
def running() -> Iterator[RunningProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def hall(tmp_path: Path, running: RunningProvider) -> Iterator[PortalHouse]:
    """A house that knows the provider; alice is JDOE there."""
    with portal_house(tmp_path / "d", **running.settings(), MFT_OIDC__ACR='["urn:mfa"]') as opened:
        clock = opened.clock
        clock.jump(seconds=(datetime.now(UTC) - clock.now()).total_seconds())
        opened.add("alice", "clearing")
        opened.house.external_ids.set(OPERATOR, "alice", "JDOE")
        running.person("s-1", "JDOE", **MFA)
        yield opened


async def leave(caller: Caller) -> str:
    """Press the button and return where the browser goes."""
    await caller.get("/signin")
    page = await caller.send("/signin/provider")
    assert page.status_code == 200, page.text
    found = _ONWARD.search(page.text)
    assert found
    assert f'href="{found[1]}"' in page.text
    return unescape(found[1])


def here(address: str) -> str:
    """Return the part of *address*, one of ours, that a caller asks for."""
    assert address.startswith(f"{URL}/")
    return address.removeprefix(URL)


async def come_back(caller: Caller, running: RunningProvider, *, done: str = "yes") -> httpx2.Response:
    return await caller.get(here(await running.sign_in(await leave(caller), done=done)))


@pytest.mark.fact("3.3")
async def test_whoever_the_provider_vouches_for_is_in_under_a_fresh_cookie(hall: PortalHouse, running: RunningProvider):
    caller = hall.caller()
    address = await leave(caller)
    before = caller.cookie
    back = await caller.get(here(await running.sign_in(address)))
    assert (back.status_code, back.headers["location"]) == (303, "/")
    assert caller.cookie != before
    assert "Welcome, alice" in (await caller.get("/")).text
    [session] = hall.house.sessions.listing("alice")
    assert session.door == "portal"


async def test_a_button_leads_there_only_where_there_is_a_provider(hall: PortalHouse, tmp_path: Path):
    assert "Sign in with Example ID" in (await hall.caller().get("/signin")).text
    with portal_house(tmp_path / "without") as without:
        caller = without.caller()
        assert "/signin/provider" not in (await caller.get("/signin")).text
        assert (await caller.send("/signin/provider")).status_code == 404
        assert (await caller.get("/signin/return?code=x&state=y")).headers["location"] == "/signin?over"


async def test_the_address_it_leads_to_asks_for_what_we_need_and_shows_no_secret(hall: PortalHouse):
    address = await leave(hall.caller())
    asked = dict(pair.split("=", 1) for pair in urlsplit(address).query.split("&"))
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "https%3A%2F%2F127.0.0.1%3A8443%2Fsignin%2Freturn"
    assert (asked["scope"], asked["acr_values"]) == ("openid+profile", "urn%3Amfa")
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    assert "code_verifier" not in asked
    assert "client_secret" not in asked


@pytest.mark.fact("0.16")
async def test_every_refusal_reads_the_same_and_as_that_of_a_wrong_password(
    hall: PortalHouse, running: RunningProvider
):
    pages = []
    for sub, name, login in (
        ("s-1", "JDOE", {"acr": "urn:plain"}),
        ("s-7", "NOBODY", MFA),
        ("s-8", "alice", MFA),
        ("s-9", None, MFA),
    ):
        running.person(sub, name, **login)
        pages.append(await come_back(hall.caller(), running))
    running.person("s-1", "JDOE", **MFA)
    mixed = hall.caller()
    address = await running.sign_in(await leave(mixed))
    pages.append(await mixed.get(here(address.partition("&iss=")[0])))
    hall.house.accounts.disable(OPERATOR, "alice")
    pages.append(await come_back(hall.caller(), running))
    wrong = hall.caller()
    await wrong.get("/signin")
    pages.append(await wrong.send("/signin", name="alice", password="wrong"))
    assert {page.status_code for page in pages} == {403}
    assert len({blanked(page.text) for page in pages}) == 1
    assert SENTENCE in pages[0].text
    reasons = [line["reason"] for line in refusals(hall)]
    assert reasons == ["mfa_missing", *["not_linked"] * 3, "provider_unfit", "account_disabled", "secret_mismatch"]


def refusals(hall: PortalHouse) -> list[dict[str, object]]:
    return [dict(line.event.detail) for line in search(hall.house.store, Wanted(action="signon.refused"))[::-1]]


async def test_an_answer_in_another_browser_signs_nobody_in(hall: PortalHouse, running: RunningProvider):
    thief, victim = hall.caller(), hall.caller()
    address = here(await running.sign_in(await leave(thief)))
    for caller in (hall.caller(), victim):
        if caller is victim:
            await leave(victim)
        back = await caller.get(address)
        assert back.headers["location"] == "/signin?over"
        assert "Welcome" not in (await caller.get("/")).text
    # And the victim's own way back is still open.
    assert (await come_back(victim, running)).headers["location"] == "/"


async def test_an_answer_is_good_once(hall: PortalHouse, running: RunningProvider):
    caller = hall.caller()
    address = here(await running.sign_in(await leave(caller)))
    old = caller.cookie
    await caller.get(address)
    await caller.send("/signout")
    replayed = hall.caller()
    replayed.client.cookies.set("__Host-mft", str(old), domain="127.0.0.1", path="/")
    assert (await replayed.get(address)).headers["location"] == "/signin?over"


async def test_somebody_who_is_in_is_neither_signed_out_nor_in_again_by_an_address(
    hall: PortalHouse, running: RunningProvider
):
    caller = hall.caller()
    await come_back(caller, running)
    cookie = caller.cookie
    for query in ("", "?code=x&state=y", "?error=access_denied", "?state=a&state=b"):
        assert (await caller.get(f"/signin/return{query}")).headers["location"] == "/"
    assert caller.cookie == cookie
    assert "Welcome, alice" in (await caller.get("/")).text


@pytest.mark.parametrize(
    "query", ["", "?", "?code=x", "?state=x", "?code=x&state=y", "?state=%ff%00", "?a=" + "x" * 4000]
)
async def test_whoever_comes_back_from_nowhere_begins_anew(hall: PortalHouse, query: str):
    caller = hall.caller()
    await caller.get("/signin")
    cookie = caller.cookie
    page = await caller.follow(await caller.get(f"/signin/return{query}"))
    assert (page.status_code, OVER in page.text, caller.cookie) == (200, True, cookie)


async def test_what_stands_there_twice_is_not_read(hall: PortalHouse, running: RunningProvider):
    caller = hall.caller()
    address = here(await running.sign_in(await leave(caller)))
    for more in ("&state=x", "&code=x", "&iss=https://evil.example.org"):
        assert (await caller.get(address + more)).headers["location"] == "/signin?over"
    assert (await caller.get(address)).headers["location"] == "/"


async def test_whoever_changes_their_mind_may_go_on_otherwise(hall: PortalHouse, running: RunningProvider):
    caller = hall.caller()
    page = await caller.follow(await come_back(caller, running, done="no"))
    assert "You did not sign in there." in page.text
    assert (await come_back(caller, running)).headers["location"] == "/"


async def test_nobody_is_sent_away_without_the_form_that_they_were_shown(hall: PortalHouse):
    caller = hall.caller()
    await caller.get("/signin")
    assert (await caller.send("/signin/provider", form_token="0" * 64)).status_code == 403
    stranger = hall.caller()
    assert (await stranger.send("/signin/provider")).status_code == 403
    elsewhere = await caller.client.post(
        "/signin/provider", data={"form_token": caller.token}, headers={"sec-fetch-site": "cross-site"}
    )
    assert elsewhere.status_code == 403


async def test_a_provider_that_is_down_is_no_error_of_ours(tmp_path: Path):
    with running_provider() as gone:
        settings = gone.settings()
        with portal_house(tmp_path / "d", **settings) as hall:
            clock = hall.clock
            clock.jump(seconds=(datetime.now(UTC) - clock.now()).total_seconds())
            gone.person("s-1", "JDOE", **MFA)
            caller = hall.caller()
            address = here(await gone.sign_in(await leave(caller)))
    with portal_house(tmp_path / "e", **settings) as down:
        caller = down.caller()
        await caller.get("/signin")
        page = await caller.follow(await caller.send("/signin/provider"))
        assert (page.status_code, LATER in page.text) == (200, True)
        assert gone.issuer not in page.text
        assert (await caller.get(address)).headers["location"] == "/signin?over"


async def test_a_provider_that_goes_down_meanwhile_is_no_error_of_ours(tmp_path: Path):
    with running_provider() as gone, portal_house(tmp_path / "d", **gone.settings()) as hall:
        hall.clock.jump(seconds=(datetime.now(UTC) - hall.clock.now()).total_seconds())
        gone.person("s-1", "JDOE", **MFA)
        caller = hall.caller()
        address = here(await gone.sign_in(await leave(caller)))
        gone.stop()
        page = await caller.follow(await caller.get(address))
        assert (page.status_code, LATER in page.text) == (200, True)
        assert refusals(hall) == []

"""Signing in: a password, a second factor, a fresh cookie at each step, and out again."""

import pytest

from tests.support.installed import OPERATOR
from tests.support.portal import NEW, PASSWORD, PortalHouse

SENTENCE = "Invalid username/password or not allowed to sign on from this location"


@pytest.mark.fact("3.3")
async def test_the_first_sign_in_sets_up_an_authenticator_and_shows_ten_recovery_codes_once(hall: PortalHouse):
    hall.add("alice")
    caller = hall.caller()
    page = await caller.prove_password("alice")
    assert page.url.path == "/signin/enrol"
    shown = await caller.send("/signin/enrol")
    assert "<svg" in shown.text
    assert "style=" not in shown.text
    done = await caller.send("/signin/enrol/code", code=caller.code())
    assert done.status_code == 200
    assert len(set(caller.codes)) == 10
    home = await caller.get("/")
    assert "Welcome, alice" in home.text
    assert caller.codes[0] not in home.text


async def test_later_a_code_of_the_authenticator_is_enough_and_only_once(hall: PortalHouse):
    hall.add("alice")
    first, second, third = hall.caller(), hall.caller(), hall.caller()
    await first.sign_in("alice")
    second.totp = third.totp = first.totp
    assert "Welcome, alice" in (await second.sign_in("alice")).text
    await third.prove_password("alice")
    refused = await third.send("/signin/code", code=second.code())
    assert (refused.status_code, SENTENCE in refused.text) == (403, True)


async def test_a_recovery_code_stands_in_for_the_authenticator_once(hall: PortalHouse):
    hall.add("alice")
    first = hall.caller()
    await first.sign_in("alice")
    for expected in (303, 403):
        caller = hall.caller()
        await caller.prove_password("alice")
        answer = await caller.send("/signin/code", code=first.codes[3])
        assert answer.status_code == expected


async def test_a_wrong_first_code_is_a_slip_and_shows_the_secret_no_second_time(hall: PortalHouse):
    hall.add("alice")
    caller = hall.caller()
    await caller.prove_password("alice")
    await caller.send("/signin/enrol")
    again = await caller.send("/signin/enrol/code", code="000000")
    assert (again.status_code, "<svg" in again.text, "That code is not right" in again.text) == (400, False, True)
    await caller.send("/signin/enrol/code", code=caller.code())
    assert "Welcome" in (await caller.get("/")).text


@pytest.mark.fact("0.12")
async def test_a_temporary_password_opens_nothing_but_its_replacement(hall: PortalHouse):
    temporary = hall.add("alice", temporary=True)
    caller = hall.caller()
    page = await caller.prove_password("alice", temporary)
    assert page.url.path == "/signin/password"
    assert (await caller.get("/signed-in")).status_code == 303
    different = await caller.send("/signin/password", new=NEW, again=NEW + "x")
    assert (different.status_code, "are not the same" in different.text) == (400, True)
    short = await caller.send("/signin/password", new="short", again="short")
    assert (short.status_code, "at least 15 characters" in short.text) == (400, True)
    page = await caller.follow(await caller.send("/signin/password", new=NEW, again=NEW))
    assert page.url.path == "/signin/enrol"
    await caller.enrol()
    assert "Welcome" in (await caller.get("/")).text
    assert (await hall.caller().prove_password("alice", NEW)).url.path == "/signin/code"


async def test_the_cookie_is_fresh_at_every_step_and_the_old_one_is_worth_nothing(hall: PortalHouse):
    hall.add("alice")
    caller = hall.caller()
    seen = []
    await caller.get("/signin")
    seen.append(caller.cookie)
    await caller.follow(await caller.send("/signin", name="alice", password=PASSWORD))
    seen.append(caller.cookie)
    await caller.enrol()
    seen.append(caller.cookie)
    assert len(set(seen)) == 3
    for old in seen[:2]:
        thief = hall.caller()
        thief.client.cookies.set("__Host-mft", str(old), domain="127.0.0.1", path="/")
        assert "Welcome" not in (await thief.get("/")).text


async def test_the_cookie_is_for_this_host_over_tls_and_for_no_script(hall: PortalHouse):
    set_cookie = (await hall.caller().get("/signin")).headers["set-cookie"]
    name, _, rest = set_cookie.partition("=")
    assert name == "__Host-mft"
    assert {part.strip().lower() for part in rest.split(";")[1:]} == {"httponly", "secure", "samesite=lax", "path=/"}


async def test_a_page_without_a_form_gives_no_cookie(hall: PortalHouse):
    for path in ("/", "/address", "/about", "/nothing"):
        assert "set-cookie" not in (await hall.caller().get(path)).headers


async def test_signing_out_ends_the_visit_here_and_on_the_server(hall: PortalHouse):
    hall.add("alice")
    caller = hall.caller()
    await caller.sign_in("alice")
    kept = caller.cookie
    out = await caller.follow(await caller.send("/signout"))
    assert ("You are signed out." in out.text, caller.cookie != kept) == (True, True)
    assert hall.house.sessions.listing("alice") == []
    thief = hall.caller()
    thief.client.cookies.set("__Host-mft", str(kept), domain="127.0.0.1", path="/")
    assert (await thief.get("/signed-in")).headers["location"] == "/signin?ended"


async def test_a_form_that_was_shown_to_another_visit_changes_nothing(hall: PortalHouse):
    hall.add("alice")
    caller, other = hall.caller(), hall.caller()
    await caller.sign_in("alice")
    await other.get("/signin")
    for token in (other.token, "", "x", caller.token.upper()):
        refused = await caller.send("/signout", form_token=token)
        assert (refused.status_code, "The form is too old" in refused.text) == (403, True)
    assert "Welcome" in (await caller.get("/")).text


@pytest.mark.fact("3.4")
async def test_a_visit_ends_after_thirty_minutes_of_nothing_and_says_so(hall: PortalHouse):
    hall.add("alice")
    caller = hall.caller()
    await caller.sign_in("alice")
    hall.clock.advance(minutes=30, seconds=-1)
    assert (await caller.get("/signed-in")).status_code == 204
    hall.clock.advance(minutes=30)
    over = await caller.follow(await caller.get("/signed-in"))
    assert "Your visit has ended." in over.text


async def test_a_disabled_account_is_out_at_its_next_request(hall: PortalHouse):
    hall.add("alice")
    caller = hall.caller()
    await caller.sign_in("alice")
    hall.house.accounts.disable(OPERATOR, "alice")
    assert (await caller.get("/signed-in")).status_code == 303


@pytest.mark.fact("0.16")
async def test_five_wrong_codes_end_the_visit_and_the_password_has_to_be_proven_again(hall: PortalHouse):
    hall.add("alice")
    await (first := hall.caller()).sign_in("alice")
    caller = hall.caller()
    await caller.prove_password("alice")
    for _ in range(4):
        assert (await caller.send("/signin/code", code="000000")).status_code == 403
    last = await caller.send("/signin/code", code="000000")
    assert ("<h1>Sign in</h1>" in last.text, SENTENCE in last.text) == (True, True)
    caller.totp = first.totp
    assert (await caller.send("/signin/code", code=caller.code())).headers["location"] == "/signin"


async def test_whoever_is_signed_in_is_not_asked_to_sign_in(hall: PortalHouse):
    hall.add("alice")
    caller = hall.caller()
    await caller.sign_in("alice")
    assert (await caller.get("/signin")).headers["location"] == "/"

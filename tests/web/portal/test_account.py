"""My account: what people change themselves, and that an open browser alone changes nothing that opens a door."""

from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from mft.model.letter import Letter
from mft.model.request import RequestKind
from mft.store import outbox
from tests.support.installed import OPERATOR
from tests.support.portal import NEW, PASSWORD, URL, Caller, PortalHouse, portal_house

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN3yMSKHo7LHlUx3ytKIHt8W0eO8vLuEjqvUaUoTcXJd laptop"
SENTENCE = "Invalid username/password or not allowed to sign on from this location"


@pytest.fixture
async def alice(hall: PortalHouse) -> Caller:
    hall.add("alice")
    caller = hall.caller()
    await caller.sign_in("alice")
    return caller


def letters(hall: PortalHouse, template: str) -> list[Letter]:
    """Return the letters of one kind that wait."""
    with hall.house.store.read() as connection:
        waiting = outbox.due(connection, hall.clock.now(), 100)
    return [one.letter for one in waiting if one.letter.template == template]


def link_in(hall: PortalHouse, template: str) -> str:
    """Return the path of the link in the youngest letter of that kind."""
    return str(letters(hall, template)[-1].fields["link"]).removeprefix(URL)


@pytest.mark.fact("1.4")
async def test_a_changed_password_counts_at_once_and_its_owner_gets_a_mail(hall: PortalHouse, alice: Caller):
    before = alice.cookie
    await alice.get("/account/password")
    done = await alice.follow(await alice.send("/account/password", old=PASSWORD, new=NEW, again=NEW))
    assert "Your password is changed. You get a mail that says so." in done.text
    assert alice.cookie != before
    assert [letter.recipient for letter in letters(hall, "password-changed")] == ["alice@example.org"]
    assert (await hall.caller().prove_password("alice", NEW)).url.path == "/signin/code"


async def test_a_wrong_old_password_is_a_refused_sign_on_and_changes_nothing(hall: PortalHouse, alice: Caller):
    await alice.get("/account/password")
    refused = await alice.send("/account/password", old="not it", new=NEW, again=NEW)
    assert (refused.status_code, SENTENCE in refused.text) == (403, True)
    assert (await hall.caller().prove_password("alice")).url.path == "/signin/code"


@pytest.mark.parametrize(
    ("new", "again", "said"), [(NEW, NEW + " ", "are not the same"), ("short", "short", "at least 15 characters")]
)
async def test_a_new_password_that_will_not_do_is_told_why(new: str, again: str, said: str, alice: Caller):
    await alice.get("/account/password")
    answer = await alice.send("/account/password", old=PASSWORD, new=new, again=again)
    assert (answer.status_code, said in answer.text) == (400, True)


@pytest.mark.fact("1.5")
async def test_an_email_address_is_typed_twice_and_counts_once_its_link_is_used(hall: PortalHouse, alice: Caller):
    await alice.get("/account/email")
    differ = await alice.send("/account/email", email="a@new.example", again="b@new.example")
    assert (differ.status_code, "Type the new one twice" in differ.text) == (400, True)
    sent = await alice.send("/account/email", email="a@new.example", again="A@new.example ")
    assert "a mail is on its way there" in sent.text
    path = link_in(hall, "email-link")
    stranger = hall.caller()
    assert "Confirm</button>" in (await stranger.get(path)).text
    assert hall.house.accounts.get("alice").email == "alice@example.org"
    assert "Your e-mail address is changed." in (await stranger.send(path)).text
    assert hall.house.accounts.get("alice").email == "a@new.example"
    assert "not good any more" in (await stranger.get(path)).text


async def test_mails_with_links_are_not_sent_without_end(alice: Caller):
    await alice.get("/account/email")
    said = [
        (await alice.send("/account/email", email="a@new.example", again="a@new.example")).status_code for _ in "1234"
    ]
    assert said == [200, 200, 200, 429]


async def test_name_and_phone_are_ones_own_to_change_and_do_not_count_as_use(hall: PortalHouse, alice: Caller):
    used = hall.house.accounts.get("alice").last_signon_at
    hall.clock.advance(minutes=5)
    await alice.get("/account/profile")
    done = await alice.follow(await alice.send("/account/profile", person=" Alice Ardent ", phone="555 0100"))
    assert "Your profile is changed." in done.text
    account = hall.house.accounts.get("alice")
    assert (account.person, account.phone, account.last_signon_at) == ("Alice Ardent", "555 0100", used)
    bad = await alice.send("/account/profile", person="a\u202eb", phone="")
    assert (bad.status_code, "control characters" in bad.text) == (400, True)


async def test_another_authenticator_takes_the_place_of_the_first_once_its_code_was_right(
    hall: PortalHouse, alice: Caller
):
    old = alice.totp
    await alice.get("/account/factor")
    assert (await alice.send("/account/factor", password="wrong")).status_code == 403
    await alice.send("/account/factor", password=PASSWORD)
    assert alice.totp != old
    wrong = await alice.send("/account/factor/code", code="000000")
    assert (wrong.status_code, 'href="/account/factor"' in wrong.text) == (400, True)
    done = await alice.send("/account/factor/code", code=alice.code())
    assert (done.status_code, len(alice.codes)) == (200, 10)
    assert (await alice.get("/account")).status_code == 200
    hall.clock.advance(seconds=60)
    for totp, expected in ((old, 403), (alice.totp, 303)):
        caller = hall.caller()
        caller.totp = totp
        await caller.prove_password("alice")
        assert (await caller.send("/signin/code", code=caller.code())).status_code == expected


async def test_new_recovery_codes_make_the_old_ones_worthless(hall: PortalHouse, alice: Caller):
    old = alice.codes[0]
    await alice.get("/account/factor")
    assert (await alice.send("/account/factor/codes", password="wrong")).status_code == 403
    await alice.send("/account/factor/codes", password=PASSWORD)
    for code, expected in ((old, 403), (alice.codes[0], 303)):
        caller = hall.caller()
        await caller.prove_password("alice")
        assert (await caller.send("/signin/code", code=code)).status_code == expected


async def test_a_key_is_added_and_taken_away_with_the_password_only(hall: PortalHouse, alice: Caller):
    await alice.get("/account/keys")
    assert (await alice.send("/account/keys", key=KEY, password="wrong")).status_code == 403
    assert hall.house.credentials.keys("alice") == []
    added = await alice.send("/account/keys", key=KEY, label="", password=PASSWORD)
    (key,) = hall.house.credentials.keys("alice")
    assert f"The key {key.fingerprint} is added." in added.text.replace("&#43;", "+")
    assert (await alice.send("/account/keys/remove", which=key.fingerprint, password="wrong")).status_code == 403
    await alice.send("/account/keys/remove", which=key.fingerprint, password=PASSWORD)
    assert hall.house.credentials.keys("alice") == []


async def test_nobody_takes_away_another_ones_key(hall: PortalHouse, alice: Caller):
    hall.add("anna")
    anna = hall.caller()
    await anna.sign_in("anna")
    await anna.get("/account/keys")
    await anna.send("/account/keys", key=KEY, password=PASSWORD)
    (key,) = hall.house.credentials.keys("anna")
    await alice.get("/account/keys")
    answer = await alice.send("/account/keys/remove", which=key.fingerprint, password=PASSWORD)
    assert "taken away already" in answer.text
    assert len(hall.house.credentials.keys("anna")) == 1


@pytest.mark.parametrize("key", ["", "hello", "-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-rsa AAAA"])
async def test_what_is_no_key_is_not_added_and_is_told(key: str, hall: PortalHouse, alice: Caller):
    await alice.get("/account/keys")
    answer = await alice.send("/account/keys", key=key, password=PASSWORD)
    assert (answer.status_code, "not a public SSH key" in answer.text) == (400, True)
    assert hall.house.credentials.keys("alice") == []


@pytest.mark.fact("0.17")
async def test_the_address_we_see_is_offered_and_asking_adds_nothing_by_itself(hall: PortalHouse, alice: Caller):
    hall.house.organizations.set_portal_any_address(OPERATOR, "northwind", allowed=True)
    assert "It is listed below." in (await alice.get("/account/addresses")).text
    elsewhere = hall.caller("8.8.8.8")
    elsewhere.totp = alice.totp
    await elsewhere.sign_in("alice")
    page = await elsewhere.get("/account/addresses")
    assert 'name="addresses" type="text" value="8.8.8.8"' in page.text
    asked = await alice.send("/account/addresses", addresses="8.8.8.8", reason="new office")
    (request,) = hall.house.requests.listing()
    assert (request.kind, request.name, [one.text for one in request.addresses]) == (
        RequestKind.ADDRESSES,
        "alice",
        ["8.8.8.8"],
    )
    assert request.id in asked.text
    assert [str(entry.addresses) for entry in hall.house.allowlists.listing("alice")] == ["127.0.0.1"]
    again = await alice.send("/account/addresses", addresses="8.8.4.4", reason="another")
    assert "asked for already" in again.text


@pytest.mark.fact("0.8")
async def test_an_address_that_cannot_be_listed_is_told_why(hall: PortalHouse, alice: Caller):
    await alice.get("/account/addresses")
    answer = await alice.send("/account/addresses", addresses="10.1.2.3", reason="new office")
    assert (answer.status_code, "only public IPv4 addresses can be listed" in answer.text) == (400, True)
    assert hall.house.requests.listing() == []


@pytest.mark.fact("1.7")
async def test_a_forgotten_password_comes_back_by_mail_and_the_second_factor(hall: PortalHouse, alice: Caller):
    caller = hall.caller()
    await caller.get("/forgot")
    said = await caller.send("/forgot", name="alice")
    nobody = await caller.send("/forgot", name="nobody")
    assert said.text == nobody.text
    path = link_in(hall, "password-link")
    await caller.get(path)
    hall.clock.advance(seconds=30)
    refused = await caller.send(path, code="000000", new=NEW, again=NEW)
    assert (refused.status_code, SENTENCE in refused.text) == (403, True)
    done = await caller.send(path, code=alice.code(), new=NEW, again=NEW)
    assert "Your password is changed. Sign in with it." in done.text
    assert (await hall.caller().prove_password("alice", NEW)).url.path == "/signin/code"
    assert "not good any more" in (await caller.get(path)).text
    # Whoever was in is out.
    assert (await alice.get("/account")).status_code == 303


async def test_a_link_is_good_for_half_an_hour(hall: PortalHouse, alice: Caller):
    assert isinstance(alice.totp, pyotp.TOTP)
    caller = hall.caller()
    await caller.get("/forgot")
    await caller.send("/forgot", name="alice")
    path = link_in(hall, "password-link")
    hall.clock.advance(seconds=timedelta(minutes=30).total_seconds())
    assert "not good any more" in (await caller.get(path)).text


async def test_a_key_that_its_owner_adds_is_shown_to_wait_where_keys_wait(tmp_path: Path):
    with portal_house(tmp_path / "d", MFT_PORTAL__KEYS_WAIT="true") as hall:
        hall.add("alice")
        caller = hall.caller()
        await caller.sign_in("alice")
        await caller.get("/account/keys")
        added = await caller.send("/account/keys", password=PASSWORD, key=KEY, label="laptop")
        assert "it opens nothing until it is approved" in added.text
        assert "Waits for approval." in (await caller.get("/account/keys")).text
        [(_, waiting)] = hall.house.own_keys.waiting()
        hall.house.own_keys.approve(OPERATOR, "alice", waiting.fingerprint)
        assert "Waits for approval." not in (await caller.get("/account/keys")).text

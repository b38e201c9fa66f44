"""SFTP Account Setup/Update: the page's words, who sees it, what it says to each answer, and the banner elsewhere."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from mft.directory import trial
from mft.model.account import OrganizationKind
from mft.model.directory import SetupState
from mft.model.errors import Unavailable
from tests.support.installed import OPERATOR
from tests.support.portal import DIRECTORY, Caller, PortalHouse, portal_house

AGREEMENT = (
    "I agree that I am responsible for maintaining the security of the username and password "
    "and will not share it with anyone."
)
USER = "CAROL@NC"
WHY = (
    "SFTP setup/update must be performed if a user want to access NCTracks MFT solution via SFTP method with new "
    "NCID (newly provisioned users/NCID) and/or password (after password reset on NCID system)."
)
LINKS = '{"External Users (Provider)": "https://ncid.example/", "State": "https://state.example/"}'
INFORMATION = "https://plan.example/trading-partners"


def words(page: str) -> str:
    """Return what people read: the text without its markup, one space between words."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split()).replace(" .", ".")


def alerts(page: str) -> list[str]:
    """Return what stands above the text."""
    main = page.partition("<main")[2].partition("</main>")[0]
    bodies = re.findall(r'<div class="usa-alert__body">(.*?)</div>', main, re.DOTALL)
    return [words(body) for body in bodies]


@pytest.fixture
async def carol(hall: PortalHouse) -> Caller:
    """Somebody of a trading partner, signed in, whom the directory knows."""
    hall.partner("carol", USER)
    caller = hall.caller()
    await caller.sign_in("carol")
    return caller


async def submit(caller: Caller, user: str = USER, password: str = DIRECTORY, **other: str):
    """Fill in the form as it stands, and send it."""
    version = re.search(r'name="text_version" value="([^"]+)"', (await caller.get("/setup")).text)
    fields = {"text_version": version[1] if version else "", "user": user, "password": password, "agreed": "yes"}
    return await caller.send("/setup", **fields | other)


def state(hall: PortalHouse) -> SetupState | None:
    return hall.house.setups.view(hall.house.accounts.get("carol").id).state


@pytest.mark.fact("2.5")
@pytest.mark.fact("2.6")
@pytest.mark.fact("2.7")
@pytest.mark.fact("2.8")
@pytest.mark.fact("2.9")
async def test_the_page_says_word_for_word_what_people_know_it_by(tmp_path: Path):
    named = {"MFT_DIRECTORY__INFORMATION": INFORMATION, "MFT_DIRECTORY__IDENTITY_LINKS": LINKS}
    with portal_house(tmp_path / "named", **named) as hall:
        hall.partner("carol", USER)
        await (caller := hall.caller()).sign_in("carol")
        page = (await caller.get("/setup")).text
    said = words(page)
    for sentence in (
        WHY,
        "Please put your NCID and password and click the attestation checkbox to setup/update your SFTP status.",
        "For further information reference the NCTracks Trading Partner Information Page.",
        "To access/update NCID record, use the appropriate link as per your NCID type.",
        "External Users (Provider) click here.",
        "State click here.",
        "Passwords are case-sensitive. Please ensure your Caps Lock key is off.",
        AGREEMENT,
    ):
        assert sentence in said
    assert "<h1>SFTP Account Setup/Update</h1>" in page
    assert ">SFTP ACCOUNT</h2>" in page
    assert ">User ID (NCID):</label>" in page
    assert ">Password:</label>" in page
    assert ">Setup/Update</button>" in page
    assert f'<label class="usa-checkbox__label" for="agreed">{AGREEMENT}</label>' in page
    for link in (INFORMATION, "https://ncid.example/", "https://state.example/"):
        assert f'href="{link}"' in page


async def test_where_nothing_is_named_the_page_leads_nowhere(carol: Caller):
    said = words((await carol.get("/setup")).text)
    assert "Information Page" not in said
    assert "click here" not in said


async def test_other_names_for_the_system_and_its_user_ids_stand_wherever_theirs_do(tmp_path: Path):
    named = {"MFT_DIRECTORY__SOLUTION": "Harbor", "MFT_DIRECTORY__IDENTITY": "Harbor ID"}
    with portal_house(tmp_path / "named", **named) as hall:
        hall.partner("carol", USER)
        await (caller := hall.caller()).sign_in("carol")
        said = words((await caller.get("/setup")).text) + words((await submit(caller, password="no")).text)
    assert "User ID (Harbor ID):" in said
    assert "access Harbor MFT solution" in said
    assert "NC" not in said.replace(USER, "")


@pytest.mark.fact("2.3")
@pytest.mark.fact("2.4")
@pytest.mark.parametrize("kind", OrganizationKind)
async def test_providers_and_trading_partners_see_the_menu_and_nobody_else_the_page(
    kind: OrganizationKind, hall: PortalHouse
):
    hall.house.organizations.add(OPERATOR, "acme", "Acme", kind)
    hall.add("ada", "acme")
    caller = hall.caller()
    home = (await caller.sign_in("ada")).text
    sees = kind in {OrganizationKind.PROVIDER, OrganizationKind.PARTNER}
    menu = home.partition('aria-label="Side navigation"')[2].partition("</nav>")[0]
    assert ('<a href="/setup">SFTP Account Setup/Update</a>' in menu) is sees
    assert ('<span class="mft-menu-title">Trading Partner</span>' in menu) is sees
    assert (await caller.get("/setup")).status_code == (200 if sees else 404)
    assert (await caller.send("/setup")).status_code == (400 if sees else 404)
    for promised in ("Eligibility", "Prior Approval", "Batch Transfer", "Manage Transaction"):
        assert promised not in home


async def test_without_a_directory_there_is_no_such_page(tmp_path: Path):
    with portal_house(tmp_path / "none", MFT_DIRECTORY__KIND="none") as hall:
        hall.add("ada", "clearing")
        await (caller := hall.caller()).sign_in("ada")
        assert "Trading Partner" not in words((await caller.get("/")).text).replace("trading partner", "")
        assert (await caller.get("/setup")).status_code == 404


async def test_whoever_has_no_user_id_noted_is_told_whom_to_ask_and_shown_no_form(hall: PortalHouse):
    hall.add("ada", "clearing")
    caller = hall.caller()
    home = await caller.sign_in("ada")
    page = await caller.get("/setup")
    assert "No User ID (NCID) is noted for your account yet. Ask your service desk" in words(page.text)
    assert "Setup/Update</button>" not in page.text
    assert alerts(home.text) == alerts(page.text) == []


@pytest.mark.fact("2.3")
async def test_user_id_password_and_agreement_set_it_up_and_the_page_says_what_to_do_next(
    hall: PortalHouse, carol: Caller
):
    assert [said[:22] for said in alerts((await carol.get("/")).text)] == ["SFTP is not set up yet"]
    done = await carol.follow(await submit(carol))
    (said,) = alerts(done.text)
    assert said.startswith("Your SFTP account is set up")
    assert "with the user name carol and the password you just typed." in said
    assert state(hall) is SetupState.ACTIVE
    assert alerts((await carol.get("/")).text) == []
    assert DIRECTORY not in done.text


async def test_a_page_that_only_says_done_says_so_to_nobody_else(carol: Caller):
    assert "is set up" not in "".join(alerts((await carol.get("/setup?done")).text))


ANSWERS = {
    "no-box": ({"agreed": ""}, 400, "The box is not ticked"),
    "another-box": ({"agreed": "no"}, 400, "The box is not ticked"),
    "an-older-text": ({"text_version": "sftp-setup-0"}, 400, "The box is not ticked"),
    "another-user": ({"user": "DAVE@NC"}, 403, "This is not your User ID"),
    "no-user": ({"user": ""}, 403, "This is not your User ID"),
    "wrong-password": ({"password": "not it"}, 403, "The password was not accepted"),
    "no-password": ({"password": ""}, 403, "The password was not accepted"),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_what_will_not_do_is_told_beside_its_field_and_changes_nothing(
    case: str, hall: PortalHouse, carol: Caller
):
    trial.add(hall.people, hall.house.passwords, "DAVE@NC", DIRECTORY)
    fields, status, title = ANSWERS[case]
    answer = await submit(carol, **fields)
    assert answer.status_code == status
    assert alerts(answer.text)[0].startswith(title)
    assert answer.text.count('class="usa-error-message"') == 1
    assert 'aria-invalid="true"' in answer.text
    assert state(hall) is None
    # What was typed is there again, but for the password.
    typed = fields.get("user", USER)
    assert f'name="user" type="text" value="{typed}"' in answer.text
    assert DIRECTORY not in answer.text
    assert "not it" not in answer.text


async def test_a_page_tells_no_difference_between_people_who_are_and_are_not(hall: PortalHouse, carol: Caller):
    trial.add(hall.people, hall.house.passwords, "DAVE@NC", DIRECTORY)
    known = await submit(carol, user="DAVE@NC")
    unknown = await submit(carol, user="NOBODY@NC")
    assert known.text.replace("DAVE@NC", "") == unknown.text.replace("NOBODY@NC", "")


async def test_while_the_directory_is_silent_nothing_is_changed_and_what_worked_works(hall: PortalHouse, carol: Caller):
    await submit(carol)
    hall.people.rename(hall.people.with_suffix(".away"))
    answer = await submit(carol)
    assert answer.status_code == 503
    assert alerts(answer.text)[0].startswith("Try again later")
    assert state(hall) is SetupState.ACTIVE


async def test_after_too_many_tries_one_has_to_wait(carol: Caller):
    said = [alerts((await submit(carol, user="DAVE@NC")).text)[0] for _ in range(6)]
    assert said[-1].startswith("Too many tries")
    assert not said[0].startswith("Too many tries")


@pytest.mark.fact("2.2")
@pytest.mark.parametrize("path", ["/", "/account", "/about", "/setup"])
async def test_after_a_changed_password_every_page_says_what_to_do_until_it_is_done(
    path: str, hall: PortalHouse, carol: Caller
):
    await submit(carol)
    trial.set_password(hall.people, hall.house.passwords, USER, "Another one, 8")
    hall.clock.advance(seconds=timedelta(minutes=16).total_seconds())
    await hall.house.setups.look(hall.house.accounts.get("carol").id)
    page = (await carol.get(path)).text
    (said,) = alerts(page)
    assert said.startswith("Your password has changed: set up SFTP again")
    leads = '<a class="usa-link" href="/setup">SFTP Account Setup/Update</a>'
    assert (leads in page.partition("<main")[2]) is (path != "/setup")
    await submit(carol, password="Another one, 8")
    assert alerts((await carol.get(path)).text) == []


async def test_who_was_shut_out_is_told_whom_to_ask_and_shown_no_form(hall: PortalHouse, carol: Caller):
    await submit(carol)
    hall.house.setups.revoke(OPERATOR, "carol", "left the clearing house")
    page = (await carol.get("/setup")).text
    (said,) = alerts(page)
    assert said.startswith("SFTP is closed")
    assert "Ask your service desk." in said
    assert "Setup/Update</button>" not in page
    refused = await carol.send("/setup", user=USER, password=DIRECTORY, agreed="yes", text_version="sftp-setup-1")
    assert (refused.status_code, state(hall)) in {(409, SetupState.REVOKED), (400, SetupState.REVOKED)}


async def test_an_attestation_text_that_cannot_be_read_breaks_the_setup_page_only(
    hall: PortalHouse, carol: Caller, monkeypatch: pytest.MonkeyPatch
):
    def unread(*_: object) -> None:
        raise Unavailable("the text cannot be read")

    monkeypatch.setattr(type(hall.house.setups), "view", unread)
    assert (await carol.get("/setup")).status_code == 503
    assert (await carol.get("/")).status_code == 200

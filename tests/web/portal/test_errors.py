"""Errors of rooms are pages: a fixed sentence and a reference, and never the error's own text."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp

from mft.accounts.insiders import Insider
from mft.app.portal import portal_parts
from mft.model.errors import Conflict, Exhausted, Forbidden, Invalid, MftError, NotFound, Unavailable
from mft.web.portal.app import portal
from mft.web.portal.frame import Visitor
from mft.web.portal.route import May, Method, Row
from mft.web.portal.routes import TABLE
from tests.support.portal import URL, PortalHouse, portal_house

SECRET = "the verifier is <b>hunter2</b>"
ERRORS: dict[str, tuple[type[Exception], int]] = {
    "invalid": (Invalid, 400),
    "not-found": (NotFound, 404),
    "forbidden": (Forbidden, 403),
    "conflict": (Conflict, 409),
    "exhausted": (Exhausted, 429),
    "unavailable": (Unavailable, 503),
    "other": (MftError, 500),
    "defect": (KeyError, 500),
}


def raising(kind: type[Exception]) -> Row:
    async def endpoint(_visitor: Visitor) -> Response:
        raise kind(SECRET)

    name = next(name for name, (each, _) in ERRORS.items() if each is kind)
    return Row(f"/{name}", Method.GET, endpoint, May.ANYONE, "Raising")


@pytest.fixture
def app(hall: PortalHouse) -> ASGIApp:
    return portal(portal_parts(hall.house, URL), tuple(raising(kind) for kind, _ in ERRORS.values()))


@pytest.mark.parametrize("name", ERRORS)
async def test_each_kind_of_error_is_a_page_of_its_own_with_a_reference(name: str, app: ASGIApp):
    _, status = ERRORS[name]
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
        answer = await client.get(f"/{name}")
    assert answer.status_code == status
    assert re.search(r"name this reference: <strong class=\"mft-code\">[0-9A-Z]{4}-[0-9A-Z]{4}</strong>", answer.text)
    assert "hunter2" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("body", ["name=a%00b&form_token=", "name=%ff&form_token=", "name&form_token=", "a=%ED%A0%80"])
async def test_a_form_that_holds_what_no_field_may_is_refused_before_any_room_sees_it(body: str, hall: PortalHouse):
    caller = hall.caller()
    await caller.get("/signin")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await caller.client.post("/signin", content=body + caller.token, headers=headers)
    assert (answer.status_code, "The form could not be read" in answer.text) == (400, True)


async def test_a_page_that_somebody_does_not_see_is_neither_in_the_menu_nor_there(hall: PortalHouse):
    async def secret(visitor: Visitor) -> Response:
        return visitor.show("home.html", cards={}, since=None, source="")

    def of_clearing(insider: Insider) -> bool:
        return insider.organization.name == "clearing"

    row = Row("/partners", Method.GET, secret, May.SIGNED_IN, "Secret", menu=("Trading Partner", "X"), sees=of_clearing)
    hall.app = portal(portal_parts(hall.house, URL), (*TABLE, row))
    for name, org, status in (("alice", "northwind", 404), ("carl", "clearing", 200)):
        hall.add(name, org)
        caller = hall.caller()
        await caller.sign_in(name)
        assert ("Trading Partner" in (await caller.get("/")).text) is (status == 200)
        assert (await caller.get("/partners")).status_code == status


@pytest.fixture
def losing(tmp_path: Path) -> Iterator[PortalHouse]:
    with portal_house(tmp_path / "d") as opened:
        yield opened


async def test_without_its_database_the_portal_says_try_again_and_lets_nobody_in(losing: PortalHouse):
    losing.add("alice")
    caller = losing.caller()
    await caller.sign_in("alice")
    losing.house.store.close()
    for file in losing.house.settings.data.glob("mft.db*"):
        file.unlink()
    for path in ("/", "/signed-in", "/nothing"):
        answer = await caller.get(path)
        assert (answer.status_code, "Try again in a few minutes" in answer.text) == (503, True)

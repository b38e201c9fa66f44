"""A crawler fills every field of every form with what nobody should: no 5xx, and nothing comes back as markup."""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

from mft.web.portal.route import May, Method
from mft.web.portal.routes import TABLE
from tests.support.portal import Caller, PortalHouse, portal_house

MARK = "zqj7x"
HOSTILE = {
    "markup": f"<script>alert('{MARK}')</script>",
    "attribute": f"\"'><img src=x onerror={MARK}()>",
    "template": "{{7*191}}" + MARK,
    "sql": f"' OR 1=1; DROP TABLE account; -- {MARK}",
    "empty": "",
    "spaces": " \t ",
    "long": "x" * 40_000,
    "digits": "9" * 5_000,
    "unicode": f"\u202e{MARK}\ufeff\u0000".replace("\u0000", ""),
    "emoji": "\U0001f4a3" * 500,
    "combining": "e" + "\u0301" * 2_000,
    "newlines": f"a\r\nset-cookie: {MARK}=1\r\n\r\n<b>",
    "path": "../../../../etc/passwd",
    "number": "-1",
    "kelvin": "\u212aelvin\u0130\ufb01",
}
PAGES = [row for row in TABLE if row.method is Method.GET]
BODIES = {
    "nul": b"%s=a%%00b&form_token=%s",
    "surrogate": b"%s=%%ED%%A0%%80&form_token=%s",
    "not-utf8": b"%s=%%ff%%fe&form_token=%s",
    "raw-bytes": b"%s=\xff\xfe&form_token=%s",
    "half-escape": b"%s=%%4&form_token=%s",
    "no-pairs": b"%s&form_token=%s",
    "twice": b"%s=a&%s=b&form_token=x",
    "many": b"&".join([b"%s=a&form_token=%s", *[b"x%d=1" % n for n in range(500)]]),
}
"""Forms no browser would send; the first blank is a field's name, the second the right token."""
_FORM = re.compile(r'<form[^>]*method="post"[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_FIELD = re.compile(r'<(?:input|select|textarea)[^>]*\bname="([^"]+)"[^>]*?(?:\bvalue="([^"]*)")?[^>]*>')
_MARKUP = re.compile(rf"<script>|<img src=x|<b>|1337{MARK}")


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[PortalHouse]:
    """A house that lets everybody try without end: what is refused here would keep anybody else out."""
    with portal_house(tmp_path / "d", MFT_SFTP__PENALTY_EXEMPT='["127.0.0.0/8"]') as opened:
        yield opened


@dataclass(frozen=True)
class Form:
    """A form as it was found."""

    page: str
    action: str
    fields: Mapping[str, str]


def forms_on(page: str, text: str) -> list[Form]:
    """Return the forms of the page *page*, but for the one that would end the visit."""
    found = [
        Form(page, unescape(action), {unescape(name): unescape(value) for name, value in _FIELD.findall(body)})
        for action, body in _FORM.findall(text)
    ]
    return [form for form in found if form.action != "/signout"]


def hold(answer, what: str) -> None:
    """Hold an answer to a hostile form to what every answer owes."""
    assert answer.status_code < 500, (what, answer.status_code)
    assert "set-cookie: " + MARK not in str(answer.headers)
    assert MARK not in answer.headers.get("location", "")
    # Our own pages hold none of this; the picture of the enrolment has no text.
    assert not _MARKUP.search(answer.text), (what, answer.text)
    assert "Traceback" not in answer.text
    assert "sqlalchemy" not in answer.text.lower()


Arrive = Callable[[], Awaitable[Caller]]
"""Gives a caller at one stage of the sign-in; what it types may end its visit."""


async def crawl(arrive: Arrive, pages: Iterable[str]) -> set[str]:
    """Send every form of *pages* wrongly in every way; return where they went."""
    caller, sent = await arrive(), set()
    for page in pages:
        for form in forms_on(page, (await caller.get(page)).text):
            sent.add(form.action)
            caller = await mutate(caller, form, arrive)
    return sent


async def mutate(caller: Caller, form: Form, arrive: Arrive) -> Caller:
    for name in form.fields:
        for kind, value in HOSTILE.items():
            caller = await before(caller, form, arrive)
            fields = {**form.fields, "form_token": caller.token, name: value}
            hold(await caller.client.post(form.action, data=fields), f"{form.action} {name} {kind}")
        for kind, body in BODIES.items():
            caller = await before(caller, form, arrive)
            content = body.replace(b"%s", name.encode(), 1).replace(b"%s", caller.token.encode(), 1)
            headers = {"content-type": "application/x-www-form-urlencoded"}
            answer = await caller.client.post(form.action, content=content.replace(b"%%", b"%"), headers=headers)
            hold(answer, f"{form.action} {name} {kind}")
    hold(await caller.client.post(form.action, data={}), f"{form.action} nothing")
    return caller


async def before(caller: Caller, form: Form, arrive: Arrive) -> Caller:
    """Return a caller who was just shown *form*."""
    page = await caller.get(form.page)
    hold(page, form.page)  # What was taken a moment ago is shown here.
    if form.action in page.text:
        return caller
    caller = await arrive()
    page = await caller.get(form.page)
    assert form.action in page.text, page.text
    return caller


def at(hall: PortalHouse, name: str, password: str) -> Arrive:
    """Return how to come to what is due when *name* has proven the password."""

    async def arrive() -> Caller:
        await (caller := hall.caller()).prove_password(name, password)
        return caller

    return arrive


async def test_no_form_before_and_in_a_sign_in_breaks_or_gives_back_markup(hall: PortalHouse):
    alice, nell, ned = hall.add("alice"), hall.add("nell"), hall.add("ned", temporary=True)
    await hall.caller().sign_in("alice")

    async def nobody() -> Caller:
        return hall.caller()

    assert await crawl(nobody, open_pages()) == {"/signin", "/forgot"}
    assert await crawl(at(hall, "alice", alice), ["/signin/code"]) == {"/signin/code"}
    assert await crawl(at(hall, "nell", nell), ["/signin/enrol"]) == {"/signin/enrol"}
    assert await crawl(at(hall, "ned", ned), ["/signin/password"]) == {"/signin/password"}
    assert "Welcome" in (await hall_is_whole(hall)).text


def open_pages() -> list[str]:
    return [row.path for row in PAGES if row.may is May.VISIT and "{" not in row.path]


@pytest.mark.parametrize("page", [row.path for row in PAGES if row.may is May.SIGNED_IN and row.path != "/signed-in"])
async def test_no_form_of_those_who_are_in_breaks_or_gives_back_markup(page: str, hall: PortalHouse):
    hall.partner("alice", "ALICE@NC")
    known = hall.caller()
    await known.sign_in("alice")

    async def inside() -> Caller:
        caller = hall.caller()
        caller.totp = known.totp
        await caller.sign_in("alice")
        return caller

    await crawl(inside, [page])
    assert "Welcome" in (await hall_is_whole(hall)).text


async def hall_is_whole(hall: PortalHouse):
    """Return the home of somebody who signs in after all that."""
    hall.clock.advance(hours=1)
    hall.add("zoe")
    caller = hall.caller()
    await caller.sign_in("zoe")
    return await caller.get("/")


async def test_a_query_and_a_cookie_of_any_kind_break_nothing(hall: PortalHouse):
    for value in [*HOSTILE.values(), "x" * 43, "%00", "a;b", "=", "é"]:
        caller = hall.caller()
        cookie = f"__Host-mft={value}".encode("utf-8", "replace").replace(b"\r\n", b" ")[:8000]
        for path in ("/", "/signin", "/signed-in"):
            headers = [(b"cookie", cookie), (b"user-agent", cookie), (b"accept-language", cookie)]
            hold(
                await caller.client.get(path, params={"next": value[:1000], "ended": value[:1000]}, headers=headers),
                path,
            )

"""What no page ever sees, and that whatever is answered has the headers."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mft.web.portal.headers import POLICY, Headers
from mft.web.portal.limits import FORM, Limits

URL = "https://files.example.org"
BODY = 1000


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = Headers(Limits(Starlette(routes=[Route("/", echo, methods=["GET", "POST"])]), URL, BODY))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as opened:
        yield opened


FORM_HEADERS = {"content-type": FORM, "origin": URL, "sec-fetch-site": "same-origin"}


async def test_a_form_of_ours_comes_through(client: httpx2.AsyncClient):
    for headers in (
        FORM_HEADERS,
        {"content-type": f"{FORM}; charset=utf-8"},
        FORM_HEADERS | {"sec-fetch-site": "none"},
    ):
        answer = await client.post("/", content=b"a=1", headers=headers)
        assert (answer.status_code, answer.text) == (200, "3")


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (421, {"host": "evil.example"}),
        (421, {"host": "files.example.org:444"}),
        (421, {"host": "localhost"}),
        (415, {"content-encoding": "gzip"}),
        (415, {"content-encoding": "identity"}),
        (415, {"content-type": "multipart/form-data; boundary=x"}),
        (415, {"content-type": "application/json"}),
        (415, {"content-type": ""}),
        (403, {"origin": "https://evil.example"}),
        (403, {"origin": "null"}),
        (403, {"origin": "http://files.example.org"}),
        (403, {"sec-fetch-site": "cross-site"}),
        (403, {"sec-fetch-site": "same-site"}),
    ],
)
async def test_a_form_that_is_not_ours_is_refused(client: httpx2.AsyncClient, status: int, headers: dict[str, str]):
    answer = await client.post("/", content=b"a=1", headers=FORM_HEADERS | headers)
    assert answer.status_code == status
    assert "evil" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
async def test_other_methods_are_refused_and_told_which_there_are(client: httpx2.AsyncClient, method: str):
    answer = await client.request(method, "/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_a_body_may_have_as_many_bytes_as_the_setting_says_and_not_one_more(client: httpx2.AsyncClient):
    assert (await client.post("/", content=b"x" * BODY, headers=FORM_HEADERS)).status_code == 200
    assert (await client.post("/", content=b"x" * (BODY + 1), headers=FORM_HEADERS)).status_code == 413


async def test_a_body_that_does_not_say_its_length_is_counted_as_it_comes(client: httpx2.AsyncClient):
    async def body(parts: int) -> AsyncIterator[bytes]:
        for _ in range(parts):
            yield b"x" * 100

    assert (await client.post("/", content=body(10), headers=FORM_HEADERS)).status_code == 200
    assert (await client.post("/", content=body(11), headers=FORM_HEADERS)).status_code == 413


@pytest.mark.parametrize("said", ["-1", "1e3", "٣", "9" * 5000, "1001"])
async def test_a_length_that_is_none_or_too_much_is_refused_unread(client: httpx2.AsyncClient, said: str):
    headers = [*FORM_HEADERS.items(), ("content-length", said)]
    answer = await client.post(
        "/", content=b"a=1", headers=[(name.encode(), value.encode()) for name, value in headers]
    )
    assert answer.status_code == 413

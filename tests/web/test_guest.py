"""The guest in the server's loop: it speaks TLS, and does not keep connections on which nobody asks."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mft.clock import SystemClock
from mft.crypto.tls import trial_certificate
from mft.web import guest
from mft.web.guest import Tls, answering, listen


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])
REQUEST = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(*trial_certificate(tmp_path, IPv4Address("127.0.0.1"), SystemClock().now()))


@pytest.fixture
async def url(tls: Tls) -> AsyncIterator[str]:
    async with answering(APP, listen("127.0.0.1", 0, tls), name="test") as told:
        yield told


def trusting(tls: Tls) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tls.certificate))


async def test_it_answers_over_tls_with_the_certificate_it_was_given(url: str, tls: Tls):
    assert url.startswith("https://127.0.0.1:")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]), ssl=trusting(tls))
    writer.write(REQUEST)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()


async def test_tls_before_1_2_is_refused(url: str, tls: Tls):
    context = trusting(tls)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]), ssl=context)


@pytest.mark.parametrize("begun", [b"", REQUEST[:20], REQUEST + REQUEST[:20]], ids=["silent", "slow", "slow-again"])
async def test_a_connection_on_which_nobody_asks_to_the_end_is_closed(begun: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guest, "_ASKS_WITHIN", 0.2)
    async with answering(APP, listen("127.0.0.1", 0), name="test") as told:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(told.rpartition(":")[2]))
        writer.write(begun)
        answered = await asyncio.wait_for(reader.read(), 10)
        assert answered.count(b"HTTP/1.1 200") == begun.count(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()


async def test_a_slow_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guest, "_ASKS_WITHIN", 0.05)
    go = asyncio.Event()

    async def slow(_request: Request) -> Response:
        asyncio.get_running_loop().call_later(0.5, go.set)
        await go.wait()
        return PlainTextResponse("slow")

    async with answering(Starlette(routes=[Route("/", slow)]), listen("127.0.0.1", 0), name="test") as told:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(told.rpartition(":")[2]))
        writer.write(REQUEST)
        assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()

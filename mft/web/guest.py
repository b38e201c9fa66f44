"""uvicorn as a guest in the server's own loop: it listens, and leaves signals and logs to the house."""

import asyncio
import os
import socket
from asyncio import CancelledError, create_task
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from mft.model.errors import Unavailable

_ASKS_WITHIN: Final = 20.0
"""Seconds that a connection may take until the head of a request, the first or a further one, is there."""
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; TLS 1.3 has none that we would leave out."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Where certificate chain and key are, PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that takes connections, and what it speaks."""

    socket: socket.socket
    tls: Tls | None

    @property
    def url(self) -> str:
        """Where it is; the port is real even when any was asked for."""
        host, port = self.socket.getsockname()
        return f"{'https' if self.tls else 'http'}://{host}:{port}"


def listen(address: str, port: int, tls: Tls | None = None) -> Listening:
    """Begin to listen; *port* 0 takes any free one.  Raises Unavailable if the address cannot be had."""
    try:
        return Listening(socket.create_server((address, port)), tls)
    except OSError as error:
        raise Unavailable(f"cannot listen on {address}:{port}: {os.strerror(error.errno or 0)}") from error


class _Guest(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


class _Prompt(H11Protocol):
    """Closes a connection on which nobody asks for anything, or never to the end: uvicorn would keep it for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(_ASKS_WITHIN, self._look, None)

    def _look(self, last: object) -> None:
        """Close if no request was asked since *last*, and that one is answered."""
        if self.transport.is_closing():
            return
        now = self.cycle
        if now is last and not (now and not now.response_complete):
            self.transport.close()
        else:
            self.loop.call_later(_ASKS_WITHIN, self._look, now)


@asynccontextmanager
async def answering(app: ASGIApp, listening: Listening, *, name: str, at_once: int | None = None) -> AsyncIterator[str]:
    """Answer with *app* while the block runs; gives the URL.

    More than *at_once* connections are told to come back (503).
    """
    guest = _Guest(_config(app, listening.tls, at_once))
    task = create_task(guest.serve(sockets=[listening.socket]), name=name)
    try:
        yield listening.url
    finally:
        guest.should_exit = True
        with suppress(CancelledError):
            await task


def _config(app: ASGIApp, tls: Tls | None, at_once: int | None) -> uvicorn.Config:
    encrypted: dict[str, Any] = (
        {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.key, "ssl_ciphers": _CIPHERS} if tls else {}
    )
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        lifespan="off",
        ws="none",
        # Whom we believe about the source is decided in mft.web.portal.source.
        proxy_headers=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=2,
        limit_concurrency=at_once,
        h11_max_incomplete_event_size=16_384,
        http=_Prompt,
        **encrypted,
    )

"""uvicorn as a guest in the server's own loop: it listens, and leaves signals and logs to the house."""

import socket
from asyncio import CancelledError, create_task
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Tls:
    """Where certificate chain and key are, PEM."""

    certificate: Path
    key: Path


class _Guest(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signal handlers alone."""
        yield


@asynccontextmanager
async def answering(
    app: ASGIApp, address: str, port: int, *, name: str, tls: Tls | None = None, at_once: int | None = None
) -> AsyncIterator[str]:
    """Answer with *app* while the block runs; gives the URL, whose port is real even when *port* is 0.

    More than *at_once* connections are told to come back (503).
    """
    listening = socket.create_server((address, port))
    host, bound = listening.getsockname()
    config = uvicorn.Config(
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
        http="h11",
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    guest = _Guest(config)
    task = create_task(guest.serve(sockets=[listening]), name=name)
    try:
        yield f"{'https' if tls else 'http'}://{host}:{bound}"
    finally:
        guest.should_exit = True
        with suppress(CancelledError):
            await task

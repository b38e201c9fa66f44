"""What is refused before any page looks at a request: other hosts, other methods, long or packed bodies.

A body is counted as it arrives; a request that says it is short and is not gets no further either.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
FORM: Final = "application/x-www-form-urlencoded"
TOO_LONG: Final = "That is more than a form may hold."


class Limits:
    """Stands before *app* and refuses what no page of ours asks for."""

    def __init__(self, app: ASGIApp, url: str, body: int) -> None:
        """Keep the application, its own *url* (the only host it answers for), and a body's most bytes."""
        self._app = app
        self._host = urlsplit(url).netloc
        self._origin = url
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI asks."""
        headers = Headers(scope=scope)
        refusal = next(self._refusals(scope["method"], headers), None)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _refusals(self, method: str, headers: Headers) -> Iterator[PlainTextResponse]:
        if headers.getlist("host") != [self._host]:
            yield _refused(421, f"This address is not ours. Go to {self._origin}/")
        if method not in _METHODS:
            yield _refused(405, "This cannot be done here.", allow="GET, HEAD, POST")
        if "content-encoding" in headers:
            # CVE-2026-28318: a packed body is the sender's choice of our work.
            yield _refused(415, "A packed body is not read.")
        if method == "POST":
            yield from self._refusals_of_a_form(headers)

    def _refusals_of_a_form(self, headers: Headers) -> Iterator[PlainTextResponse]:
        if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            yield _refused(415, "Only forms are read.")
        said = headers.get("content-length", "0")
        if not (said.isascii() and said.isdecimal()) or len(said) > len(str(self._body)) or int(said) > self._body:
            yield _refused(413, TOO_LONG)
        # A browser says from where a form was sent; one of another site's, or a script's, is not ours.
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            yield _refused(403, "This form was sent from another site.")
        if headers.get("origin", self._origin) != self._origin:
            yield _refused(403, "This form was sent from another site.")

    def _counted(self, receive: Receive) -> Receive:
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._body:
                raise HTTPException(413)
            return message

        return counted


def _refused(status: int, said: str, **headers: str) -> PlainTextResponse:
    return PlainTextResponse(said + "\n", status, headers)

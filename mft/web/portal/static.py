"""Our own files and the vendored ones: style, scripts, fonts and pictures, which browsers may keep."""

from pathlib import PurePath
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from mft.web.portal.rendering import STATIC

_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""What is served, and as what; the machine's own table of types is not asked."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_FOR_A_DAY: Final = "public, max-age=86400"


class Static(StaticFiles):
    """Serves what lies below ``static``."""

    def __init__(self) -> None:
        """Serve our own folder and no other."""
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file at *path*."""
        kind = _KINDS.get(PurePath(path).suffix)
        if kind is None or "\0" in path:
            raise HTTPException(404)
        answer = await super().get_response(path, scope)
        answer.headers["content-type"] = kind
        # An address with a digest changes when the file does; a picture that a style sheet names has none.
        answer.headers["cache-control"] = _FOR_EVER if scope["query_string"].startswith(b"v=") else _FOR_A_DAY
        return answer

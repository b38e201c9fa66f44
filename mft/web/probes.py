"""What a monitor on this machine may ask: ``/metrics`` and ``/healthz``.

Listens on loopback only and holds no rule: each check is a function handed in, and what it raises
goes to the log.  The answer names what failed and never says more.
"""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mft.logs.metrics import CONTENT_TYPE, exposition
from mft.logs.setup import log
from mft.model.errors import MftError
from mft.offload import Offload

Check = Callable[[], object]
"""Returns when all is well; raises MftError or OSError when not."""

_LOG: Final = log("mft.web.probes")


def probes(checks: Mapping[str, Check], offload: Offload) -> Starlette:
    """Return the application that answers for *checks*, by name."""

    async def healthz(_request: Request) -> Response:
        failed = [name for name, check in checks.items() if not await offload.file(_passes, name, check)]
        return JSONResponse({"status": "failed" if failed else "ok", "failed": failed}, 503 if failed else 200)

    async def metrics(_request: Request) -> Response:
        return Response(exposition(), media_type=None, headers={"content-type": CONTENT_TYPE})

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics)])


def _passes(name: str, check: Check) -> bool:
    try:
        check()
    except (MftError, OSError) as error:
        _LOG.warning("health.failed", check=name, why=str(error))
        return False
    return True

"""Logs: one JSON object a line on standard error, times in UTC, secrets struck out.

Libraries that log through the standard library come out of the same pipe, so that one reader
understands every line.  ``log(name)`` is how the rest of the program gets its logger.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import Processor

STRUCK_OUT: Final = "**********"

_SECRET: Final = re.compile(
    r"pass(word|phrase|wd)|secret|token|credential|verifier|authorization|cookie|private|(master|wrapped|file|signing)_key",
    re.IGNORECASE,
)

_QUIETED: Final = {
    # asyncssh tells every channel and packet at INFO; the doors say what an operator needs.
    "asyncssh": logging.WARNING,
    "asyncio": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "uvicorn": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "paramiko": logging.CRITICAL,
}


def strike_out(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace every value whose key looks like a secret's, however deep it lies."""
    for key, value in line.items():
        line[key] = _struck(key, value)
    return line


def _struck(key: str, value: Any) -> Any:
    if _SECRET.search(key) and not isinstance(value, bool | int | None):
        return STRUCK_OUT
    if isinstance(value, dict):
        return {inner: _struck(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_struck("", item) for item in value]
    return value


_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    strike_out,
)


def start_logging(level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log line of this process, ours and the libraries', to *stream* (standard error)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIETED.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=BoundLogger,
        cache_logger_on_first_use=True,
    )


def log(name: str) -> BoundLogger:
    """Return the logger called *name*, such as ``mft.sftp.front``; it takes an event and key=value."""
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger

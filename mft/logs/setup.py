"""Logs: one JSON object a line on standard error, times in UTC, secrets struck out.

Libraries that log through the standard library come out of the same pipe, so that one reader
understands every line.  ``log(name)`` is how the rest of the program gets its logger.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import nullcontext, suppress
from functools import partial
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
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    strike_out,
)


_JSON: Final = structlog.processors.JSONRenderer(ensure_ascii=False)


class _Lines:
    """Writes our own lines, finished, to where the standard library's *handler* writes those of libraries.

    Through that library each would become a record, be asked for its caller, and be copied: as much again.
    """

    def __init__(self, name: str, handler: logging.StreamHandler[TextIO]) -> None:
        self.name = name
        self._handler = handler

    def write(self, line: str) -> None:
        # As with the standard library's own: a log that cannot be written stops nothing.
        with self._handler.lock or nullcontext(), suppress(OSError, ValueError):
            self._handler.stream.write(line + self._handler.terminator)
            self._handler.flush()

    debug = info = warning = error = write


def start_logging(level: str = "info", stream: TextIO | None = None, *, worker: int = 0) -> None:
    """Send every log line of this process, ours and the libraries', to *stream* (standard error).

    Where several *worker* processes write, each line says which one it was.
    """
    shared: tuple[Processor, ...] = (partial(_signed, worker), *_SHARED) if worker else _SHARED
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                _JSON,
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
        processors=[*shared, _JSON],
        logger_factory=lambda name: _Lines(name, handler),
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=True,
    )


def _signed(worker: int, _logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line.setdefault("worker", worker)
    return line


class Log:
    """Takes one event at a time: a ``noun.past`` name and flat values, never a secret or content."""

    def __init__(self, logger: BoundLogger) -> None:
        """Keep *logger*."""
        self._logger = logger

    def debug(self, event: str, /, **details: object) -> None:
        """Note what only somebody looking for a fault wants to read."""
        self._logger.debug(event, **details)

    def info(self, event: str, /, **details: object) -> None:
        """Note something that happens every day."""
        self._logger.info(event, **details)

    def warning(self, event: str, /, **details: object) -> None:
        """Note something that an operator should know; the server goes on as before."""
        self._logger.warning(event, **details)

    def error(self, event: str, /, **details: object) -> None:
        """Note that something could not be done."""
        self._logger.error(event, **details)

    def exception(self, event: str, /, **details: object) -> None:
        """Note the error that is being handled, with its traceback: an operator should look into it."""
        self._logger.exception(event, **details)  # noqa: LOG004  (the caller is in a handler)


def log(name: str) -> Log:
    """Return the log called *name*, such as ``mft.sftp``."""
    return Log(structlog.stdlib.get_logger(name))

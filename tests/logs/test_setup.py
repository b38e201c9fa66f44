"""Log lines: one JSON object each, in UTC, without secrets."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import structlog

from mft.logs.setup import STRUCK_OUT, log, start_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    found = io.StringIO()
    start_logging("info", found)
    yield found
    logging.captureWarnings(capture=False)
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_event_level_logger_and_utc_time(stream: io.StringIO):
    log("mft.x").info("ready", sftp=["127.0.0.1:2222"])
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"], line["sftp"]) == (
        "ready",
        "info",
        "mft.x",
        ["127.0.0.1:2222"],
    )
    assert datetime.fromisoformat(line["at"]).utcoffset() == timedelta(0)


@pytest.mark.parametrize("key", ["password", "new_password", "Passphrase", "client_secret", "token", "master_key"])
def test_whatever_looks_like_a_secret_is_struck_out_however_deep(stream: io.StringIO, key: str):
    log("mft.x").info("event", **{key: "hunter2"}, detail={"inner": [{key: "hunter2"}]})
    assert "hunter2" not in stream.getvalue()
    assert lines(stream)[0][key] == STRUCK_OUT


def test_a_library_that_uses_the_standard_library_comes_out_of_the_same_pipe(stream: io.StringIO):
    logging.getLogger("asyncssh").warning("lost %s", "it")
    logging.getLogger("asyncssh").info("every packet")
    logging.getLogger("uvicorn.access").error("GET /")
    assert [line["event"] for line in lines(stream)] == ["lost it"]


def test_a_line_break_in_a_value_stays_inside_its_line(stream: io.StringIO):
    log("mft.x").info("event", client='x"\n{"event": "forged"}')
    assert len(stream.getvalue().splitlines()) == 1


def test_an_exception_is_told_inside_its_line(stream: io.StringIO):
    try:
        int("surprise")
    except ValueError:
        log("mft.x").exception("failed")
    (line,) = lines(stream)
    assert "ValueError: invalid literal" in line["exception"]


def test_a_warning_of_python_becomes_a_line(stream: io.StringIO):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        start_logging("info", stream)
        warnings.warn("old", UserWarning, stacklevel=1)
    assert any("old" in line["event"] for line in lines(stream))

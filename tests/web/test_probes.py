"""The monitor: what it says when all is well and when it is not."""

import asyncio
import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mft.model.errors import Unavailable
from mft.offload import Offload
from mft.web.guest import answering, listen
from mft.web.probes import probes


@pytest.fixture
def offload() -> Iterator[Offload]:
    lanes = Offload(inline_reads=True, writers=1, hashers=1)
    yield lanes
    lanes.close()


def fetch(url: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (our own http URL)
            return answer.status, answer.headers["content-type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["content-type"], error.read().decode()


def broken() -> None:
    raise Unavailable("password=hunter2")


async def test_health_is_ok_when_every_check_passes(offload: Offload):
    async with answering(probes({"database": lambda: None}, offload), listen("127.0.0.1", 0), name="monitor") as url:
        status, _, body = await offload.hash(fetch, f"{url}/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok", "failed": []})


async def test_health_names_what_failed_and_says_no_more(offload: Offload):
    checks = {"database": broken, "blobs": lambda: None, "master_key": lambda: Path("/nowhere").stat()}
    async with answering(probes(checks, offload), listen("127.0.0.1", 0), name="monitor") as url:
        status, _, body = await offload.hash(fetch, f"{url}/healthz")
    assert (status, json.loads(body)) == (503, {"status": "failed", "failed": ["database", "master_key"]})


async def test_metrics_are_in_prometheus_format(offload: Offload):
    async with answering(probes({}, offload), listen("127.0.0.1", 0), name="monitor") as url:
        status, kind, body = await offload.hash(fetch, f"{url}/metrics")
    assert status == 200
    assert kind.startswith("text/plain")
    assert "# TYPE mft_signons_total counter" in body


async def test_anything_else_is_not_there(offload: Offload):
    async with answering(probes({}, offload), listen("127.0.0.1", 0), name="monitor") as url:
        status, _, _ = await offload.hash(fetch, f"{url}/docs")
    assert status == 404


async def test_the_monitor_leaves_the_process_signals_to_the_house(offload: Offload):
    heard = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, heard.set)
    try:
        async with answering(probes({}, offload), listen("127.0.0.1", 0), name="monitor") as url:
            await offload.hash(fetch, f"{url}/healthz")
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait_for(heard.wait(), 10)
            assert (await offload.hash(fetch, f"{url}/healthz"))[0] == 200
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)

"""The results that the documents rest on are whole, add up, and are what the documents say.

They are made by ``make bench``, alone on the machine; there is no other way to make these tests pass.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.chart import PICTURE, draw
from benchmarks.page import PAGE, written
from benchmarks.peers.table import PEERS
from benchmarks.plan import FIRST, USUAL
from benchmarks.results import LATEST, read
from benchmarks.targets import doubts

USUALLY = frozenset(name for name, peer in PEERS.items() if not peer.durable)
OURS = frozenset({"mft"})
EXPECTED: dict[tuple[str, str], frozenset[str]] = {
    **{("download", cipher): USUALLY for cipher in USUAL},
    **{("upload", cipher): frozenset(PEERS) for cipher in USUAL},
    ("signon", "key"): USUALLY,
    ("signon", "password"): OURS,
    ("small_upload", FIRST): frozenset(PEERS),
    **{(name, FIRST): USUALLY for name in ("small_download", "small_stat", "small_rename", "list", "idle")},
    **{(name, FIRST): USUALLY for name in ("parallel4_down", "parallel16_down", "stat_p99_transfer")},
    ("parallel4_up", FIRST): frozenset(PEERS),
    **{(name, f"{FIRST}, 2 workers"): OURS for name in ("parallel4_down", "parallel4_up", "parallel16_down")},
    ("decide", "100000 accounts"): OURS,
    **{("stat_p99_sweep", way): OURS for way in ("job of the server", "mft retention run")},
    **{("refused", kind): OURS for kind in ("unknown", "wrong", "stale", "unlisted", "locked", "disabled", "purged")},
}
OFTEN = frozenset({"mft", "mft-plain", "openssh", "openssh-fsync", "go"})


@pytest.fixture(scope="module")
def latest() -> dict[str, Any]:
    if not LATEST.exists():
        pytest.fail(
            f"{LATEST} is not there: run `make bench`, with nothing else on the machine, and commit what it writes"
        )
    return read(LATEST)


def cells() -> Iterator[tuple[str, str, str]]:
    return ((*what, server) for what, servers in EXPECTED.items() for server in sorted(servers))


def test_every_measure_of_every_server_is_there_or_said_to_be_impossible(latest: dict[str, Any]):
    there = {(row["measure"], row["variant"], row["server"]) for row in latest["rows"]}
    said = {(one["measure"], one["variant"], one["server"]) for one in latest["skipped"] if one["why"]}
    assert sorted(set(cells()) - there - said) == []
    assert {server for _, _, server in said} & OFTEN <= {"go"}, "Debian's Go library has no AES-256-GCM"


def test_it_adds_up_and_all_that_was_moved_arrived(latest: dict[str, Any]):
    assert doubts(latest) == []
    assert latest["digests_agree"] is True


def test_it_is_the_long_form_of_a_commit_without_changes(latest: dict[str, Any]):
    assert latest["form"]["short"] is False
    assert "with changes" not in latest["commit"]
    transfers = [row for row in latest["rows"] if row["measure"] in {"download", "upload"} and row["server"] in OFTEN]
    assert all(row["runs"] >= 3 for row in transfers)


def test_the_page_and_its_chart_are_made_of_it(latest: dict[str, Any]):
    assert PAGE.read_text() == written(PAGE.read_text(), latest)
    assert PICTURE.read_text() == draw(latest)

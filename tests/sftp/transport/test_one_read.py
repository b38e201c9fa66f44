"""docs/architecture.md names what one READ passes, from socket to socket: here a real one is watched on its way."""

import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from mft.offload import Offload
from mft.sftp.session.packets import Kind
from mft.store.engine import Store
from tests.support.sessions import HOME, LONG_WAY, SHORT_WAY, Place, Raw, hosted, noise, two_houses
from tests.support.wire import INIT, READ, open_file, read_file
from tests.support.world import put
from tests.test_documents import find

PAGE = Path(__file__).parents[3] / "docs" / "architecture.md"
SIZE = 200_000
"""Bytes of the READ: it begins and ends in mid segment."""


@pytest.fixture
async def place(store: Store, tmp_path: Path, offload: Offload, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with hosted(two_houses(store, tmp_path), offload, request.param) as found:
        yield found


def steps() -> dict[int, list[str]]:
    """Return the names in each step of the page's READ, in the order in which they stand there."""
    section = PAGE.read_text().split("### One READ", 1)[1].split("\n### ", 1)[0]
    numbered = re.split(r"^(\d+)\. ", section, flags=re.MULTILINE)[1:]
    pairs = zip(numbered[::2], numbered[1::2], strict=True)
    return {int(number): re.findall(r"`(mft(?:\.\w+)+)`", text) for number, text in pairs}


def code_of(name: str) -> CodeType:
    """Return what runs when the function of that dotted *name* is called."""
    found: Any = find(name)
    code = getattr(getattr(found, "__func__", found), "__code__", None)
    assert isinstance(code, CodeType), f"{name} is no function"
    return code


@contextmanager
def watched() -> Iterator[list[CodeType]]:
    """Give everything of ours that is called meanwhile, in order, each once."""
    called: dict[CodeType, None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_globals.get("__name__", "").startswith("mft."):
            called.setdefault(frame.f_code)

    order: list[CodeType] = []
    sys.setprofile(note)
    try:
        yield order
    finally:
        sys.setprofile(None)
        order.extend(called)


async def one_read(place: Place) -> list[CodeType]:
    """Return what a READ of SIZE bytes passed."""
    content = noise(SIZE + 100_000)
    put(place.world.as_("alice"), f"{HOME}/roster.csv", content)
    async with await place.connect() as connection:
        process = await connection.create_process(subsystem="sftp", encoding=None)
        raw = Raw(connection, process)
        await raw.ask(INIT)
        (opened,) = await raw.ask(open_file(1, f"{HOME}/roster.csv".encode(), READ))
        asked = read_file(2, opened.handle, 1_000, SIZE)
        with watched() as called:
            (answer,) = await raw.ask(asked)
        assert (answer.kind, answer.content) == (Kind.DATA, content[1_000 : 1_000 + SIZE])
    return called


@pytest.mark.parametrize("place", [SHORT_WAY], indirect=True)
async def test_a_read_passes_what_the_page_names_in_that_order(place: Place):
    named = [name for step in steps().values() for name in step]
    by_code = {code_of(name): name for name in named}
    called = [by_code[code] for code in await one_read(place) if code in by_code]
    assert called == named


@pytest.mark.parametrize("place", [SHORT_WAY], indirect=True)
async def test_a_read_passes_no_file_of_ours_that_the_page_is_silent_about(place: Place):
    named = {code_of(name).co_filename for step in steps().values() for name in step}
    passed = {code.co_filename for code in await one_read(place)}
    assert sorted(passed - named) == []


@pytest.mark.parametrize("place", [LONG_WAY], indirect=True)
async def test_with_another_cipher_a_read_passes_what_the_page_says_is_left(place: Place):
    told = re.search(r"the flow passes (\d+), begins at (\d+) and\s+ends at (\d+)", PAGE.read_text())
    assert told is not None
    before, first, last = map(int, told.groups())
    passed = {before, *range(first, last + 1)}
    named = [name for number, step in steps().items() if number in passed for name in step]
    by_code = {code_of(name): name for name in named}
    called = await one_read(place)
    assert [by_code[code] for code in called if code in by_code] == named
    assert code_of(steps()[1][0]) not in called

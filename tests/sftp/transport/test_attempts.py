"""What waits for nothing is done where it stands."""

import asyncio

import pytest

from mft.sftp.transport.attempts import at_once


async def test_what_waits_for_nothing_is_done_when_it_returns():
    done = []

    async def work() -> None:
        done.append(1)

    at_once(work())
    assert done == [1]


async def test_what_goes_wrong_is_told_to_who_asked():
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        at_once(work())


async def test_what_would_wait_after_all_is_an_error_and_is_given_up():
    ended = []

    async def work() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            ended.append(1)

    with pytest.raises(RuntimeError, match="would wait"):
        at_once(work())
    assert ended == [1]

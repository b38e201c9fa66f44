"""Ends of sessions are written down together, none is lost, and each that waits hears of a failure."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mft.accounts.knock import Outcome
from mft.accounts.signon import Ended, Leaving
from mft.model.errors import Unavailable
from mft.model.event import Action
from mft.sftp.front import endings
from mft.sftp.front.endings import Endings
from mft.sftp.front.parts import Parts
from tests.support.gate import Gate, build_gate


class Slow:
    """The room, which takes no end before it is let go; *refused* of its first times it cannot."""

    def __init__(self, gate: Gate, refused: int = 0, error: Exception | None = None) -> None:
        self.gate = gate
        self.refused = refused
        self.error = error or Unavailable("the database did not answer")
        self.go = asyncio.Event()
        self.begun = asyncio.Event()
        self.taken: list[int] = []
        self.told: list[str] = []

    async def write(self, room: Any, ended: Sequence[Ended]) -> None:
        self.begun.set()
        await self.go.wait()
        self.taken.append(len(ended))
        if self.refused:
            self.refused -= 1
            raise self.error
        room(ended)

    def exception(self, event: str, **_details: object) -> None:
        self.told.append(event)

    def parts(self) -> Parts:
        return cast(Parts, SimpleNamespace(offload=self, sign_on=self.gate.signon, log=self))


@pytest.fixture
def gate(store):
    made = build_gate(store)
    made.account()
    yield made
    made.offload.close()


async def entered(gate: Gate, count: int) -> list[Any]:
    outcomes: list[Outcome] = [await gate.enter() for _ in range(count)]
    return [outcome.session for outcome in outcomes]


async def test_what_ends_meanwhile_is_written_in_one_transaction_with_what_else_does(gate: Gate):
    slow = Slow(gate)
    ends = Endings(slow.parts())
    sessions = await entered(gate, 4)
    tasks = [asyncio.create_task(ends.write_down(one, Leaving.CLIENT_LEFT)) for one in sessions[:1]]
    await slow.begun.wait()
    tasks += [asyncio.create_task(ends.write_down(one, Leaving.CONNECTION_LOST)) for one in sessions[1:]]
    await asyncio.sleep(0)
    assert gate.lines(Action.SESSION_CLOSED) == []
    assert not any(task.done() for task in tasks)
    slow.go.set()
    await asyncio.gather(*tasks)
    assert slow.taken == [1, 3]
    lines = gate.lines(Action.SESSION_CLOSED)
    assert [line.event.detail["session"] for line in lines] == [one.id for one in sessions]
    assert [line.event.detail["why"] for line in lines] == ["client_left", *["connection_lost"] * 3]
    assert gate.sessions.listing() == []


async def test_what_ends_about_the_same_time_is_written_in_one_transaction(gate: Gate):
    slow = Slow(gate)
    slow.go.set()
    ends = Endings(slow.parts())
    tasks = []
    for session in await entered(gate, 4):
        tasks.append(asyncio.create_task(ends.write_down(session, Leaving.CLIENT_LEFT)))
        for _ in range(10):
            await asyncio.sleep(0)  # Long enough for the first to be written, if it would wait for nobody.
    await asyncio.gather(*tasks)
    assert slow.taken == [4]
    assert len(gate.lines(Action.SESSION_CLOSED)) == 4


async def test_a_database_that_does_not_answer_is_asked_again(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(endings, "_RETRY_SECONDS", 0.0)
    slow = Slow(gate, refused=2)
    slow.go.set()
    (session,) = await entered(gate, 1)
    await Endings(slow.parts()).write_down(session, Leaving.CLIENT_LEFT)
    assert slow.told == ["session.unwritten"] * 2
    assert len(gate.lines(Action.SESSION_CLOSED)) == 1


async def test_what_nobody_foresaw_is_told_to_each_who_waits_and_the_next_is_written(gate: Gate):
    slow = Slow(gate, refused=1, error=RuntimeError("surprise"))
    slow.go.set()
    one, another = await entered(gate, 2)
    ends = Endings(slow.parts())
    with pytest.raises(RuntimeError):
        await ends.write_down(one, Leaving.CLIENT_LEFT)
    await ends.write_down(another, Leaving.CLIENT_LEFT)
    assert [line.event.detail["session"] for line in gate.lines(Action.SESSION_CLOSED)] == [another.id]


async def test_one_who_no_longer_waits_keeps_nobody_else_from_hearing(gate: Gate):
    slow = Slow(gate)
    ends = Endings(slow.parts())
    sessions = await entered(gate, 2)
    impatient, patient = (asyncio.create_task(ends.write_down(one, Leaving.CLIENT_LEFT)) for one in sessions)
    await asyncio.sleep(0)
    impatient.cancel()
    slow.go.set()
    await patient
    assert len(gate.lines(Action.SESSION_CLOSED)) == 2

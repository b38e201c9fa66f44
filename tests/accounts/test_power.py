"""What a power cut takes of a session's end: its moment, and never that there was one."""

from pathlib import Path

import pytest

from mft.accounts.sessions import Leaving
from mft.model.event import Action
from tests.support.gate import Gate, build_gate
from tests.support.power import Power


async def test_a_session_whose_end_a_power_cut_took_is_ended_by_the_next_start(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    gate.account()
    power = Power(monkeypatch, gate.store, Path(str(gate.store.engine.url.database)))
    session = (await gate.enter()).session
    assert session is not None
    gate.signon.close(session, Leaving.CLIENT_LEFT, {})
    assert gate.sessions.listing() == []
    after = build_gate(power.cut())
    assert [kept.id for kept in after.sessions.listing()] == [session.id]
    assert after.sessions.bury_node("node-1") == 1
    assert after.sessions.listing() == []
    assert [line.event.detail["why"] for line in after.lines(Action.SESSION_ENDED)] == ["server_died"]
    power.close()

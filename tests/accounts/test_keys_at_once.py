"""A key is looked at and settled in one transaction, unless something has to be waited for between."""

import pytest

from mft.policy.signon import Admit, Reason, Refuse
from tests.support.gate import OLGA, SOME_KEY, Gate

OTHER_PRINT = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


async def test_a_key_is_looked_at_and_settled_in_one_transaction(any_gate: Gate):
    gate = any_gate
    gate.account(password=None)
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    dossiers = []
    kept = gate.signon.admission.dossier

    def dossier(connection, knock):
        dossiers.append(connection.get_execution_options().get("mft_writes", False))
        return kept(connection, knock)

    gate.signon.admission.dossier = dossier
    outcome = await gate.signon.by_key(gate.knock(), key.fingerprint)
    assert isinstance(outcome.verdict, Admit)
    assert dossiers == [True]


async def test_a_key_that_was_removed_during_the_pause_opens_nothing(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    gate.account(password=None)
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    for _ in range(4):
        await gate.signon.by_key(gate.knock(), OTHER_PRINT)
    before, pauses = len(gate.lines()), []

    async def pause(seconds):
        assert len(gate.lines()) == before, "something was written before the pause"
        gate.credentials.remove_key(OLGA, "alice", key.fingerprint)
        pauses.append(seconds)

    monkeypatch.setattr(gate.signon, "_pause", pause)
    outcome = await gate.signon.by_key(gate.knock(), key.fingerprint)
    assert outcome.verdict == Refuse(Reason.SECRET_MISMATCH)
    assert pauses == [1]
    assert gate.sessions.listing() == []

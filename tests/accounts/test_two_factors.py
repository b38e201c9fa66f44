"""Two required factors: each is proven by itself, and one excuses nothing of the other."""

from dataclasses import replace

import pytest

from mft.accounts.knock import Outcome
from mft.model.account import SSH_METHODS, Method
from mft.policy.signon import Admit, AlsoNeeds, MustReplace, Reason, Refuse
from tests.support.gate import OLGA, SECRET, SOME_KEY, Gate

OTHER_PRINT = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


@pytest.mark.parametrize("first", ["key", "password"])
async def test_two_required_factors_are_asked_for_one_after_the_other(gate: Gate, first):
    gate.account(required=SSH_METHODS)
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    knock = gate.knock()
    if first == "key":
        half = await gate.signon.by_key(knock, key.fingerprint)
        assert half.verdict == AlsoNeeds(Method.PASSWORD)
        whole = await gate.signon.by_password(half.knock, SECRET)
    else:
        half = await gate.signon.by_password(knock, SECRET)
        assert half.verdict == AlsoNeeds(Method.PUBLIC_KEY)
        whole = await gate.signon.by_key(half.knock, key.fingerprint)
    assert half.session is None
    assert isinstance(whole.verdict, Admit)
    assert whole.session is not None
    assert len(whole.session.credentials) == 2


async def test_factors_of_one_account_do_not_open_another(gate: Gate):
    gate.account(required=SSH_METHODS)
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    half = await gate.signon.by_key(gate.knock(), key.fingerprint)
    gate.account("mallory", password="quiet harbour 92 lanterns", required=SSH_METHODS)
    swapped = replace(half.knock, name="mallory")
    outcome = await gate.signon.by_password(swapped, "quiet harbour 92 lanterns")
    assert outcome.verdict == Refuse(Reason.CREDENTIAL_REVOKED)


async def test_a_factor_once_proven_does_not_excuse_a_wrong_password(gate: Gate):
    gate.account(required=SSH_METHODS)
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    half = await gate.signon.by_key(gate.knock(), key.fingerprint)
    refused = await gate.signon.by_password(half.knock, "wrong")
    assert refused.verdict == Refuse(Reason.SECRET_MISMATCH)
    assert refused.knock == half.knock


async def test_a_factor_once_proven_does_not_excuse_an_unknown_key(gate: Gate):
    gate.account(required=SSH_METHODS)
    gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    half = await gate.signon.by_password(gate.knock(), SECRET)
    refused = await gate.signon.by_key(half.knock, OTHER_PRINT)
    assert refused.verdict == Refuse(Reason.SECRET_MISMATCH)
    assert refused.knock == half.knock


async def test_the_temporary_password_of_a_two_factor_account_waits_for_the_key(gate: Gate):
    gate.account(password=None, required=SSH_METHODS)
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    secret = gate.credentials.issue_temporary(OLGA, "alice").secret
    early = await gate.signon.replace_password(gate.knock(), secret, "slow rivers carve 40 canyons")
    assert isinstance(early, Outcome)
    assert early.verdict == AlsoNeeds(Method.PUBLIC_KEY)
    half = await gate.signon.by_key(gate.knock(), key.fingerprint)
    asked = await gate.signon.by_password(half.knock, secret)
    assert isinstance(asked.verdict, MustReplace)
    done = await gate.signon.replace_password(asked.knock, secret, "slow rivers carve 40 canyons")
    assert isinstance(done, Outcome)
    assert isinstance(done.verdict, Admit)

"""The temporary password: 48 hours, one use, nothing but its own replacement (fact 0.12)."""

import asyncio

import pytest

from mft.accounts.credentials import TemporaryPassword
from mft.accounts.knock import Outcome, Unfit
from mft.model.account import CredentialKind
from mft.model.event import Action
from mft.offload import Offload
from mft.policy.signon import Admit, MustReplace, Reason, Refuse
from mft.store import accounts, credentials
from tests.support.gate import BETTER, ELSEWHERE, OLGA, SECRET, Gate


@pytest.fixture
def issued(gate: Gate) -> TemporaryPassword:
    """A temporary password of alice's, just issued."""
    gate.account(password=None)
    return gate.credentials.issue_temporary(OLGA, "alice")


def kinds(gate: Gate, name: str = "alice") -> list[CredentialKind]:
    with gate.store.read() as connection:
        return [c.kind for c in credentials.of_account(connection, gate.current(name).id)]


async def replaced(gate: Gate, old: str, new: str = BETTER) -> Outcome | Unfit:
    return await gate.signon.replace_password(gate.knock(), old, new)


@pytest.mark.fact("0.12")
async def test_it_opens_no_session_and_is_replaced(gate: Gate, issued):
    asked = await gate.enter(secret=issued.secret)
    assert isinstance(asked.verdict, MustReplace)
    assert (asked.session, asked.reference, gate.sessions.listing()) == (None, None, [])
    assert gate.current().last_signon_at is None
    done = await replaced(gate, issued.secret)
    assert isinstance(done, Outcome)
    assert isinstance(done.verdict, Admit)
    assert done.session is not None
    assert kinds(gate) == [CredentialKind.PASSWORD]
    assert isinstance((await gate.enter(secret=BETTER)).verdict, Admit)
    assert (await gate.enter(secret=issued.secret)).verdict == Refuse(Reason.SECRET_MISMATCH)


@pytest.mark.fact("0.12")
async def test_it_may_be_shown_again_and_again_until_it_is_replaced(gate: Gate, issued):
    for _ in range(3):
        assert isinstance((await gate.enter(secret=issued.secret)).verdict, MustReplace)
    assert kinds(gate) == [CredentialKind.TEMPORARY]


@pytest.mark.fact("0.12")
@pytest.mark.parametrize(
    ("lapse", "in_time"),
    [
        ({"hours": 47, "minutes": 59, "seconds": 59, "microseconds": 999_999}, True),
        ({"hours": 48}, False),
        ({"hours": 48, "microseconds": 1}, False),
    ],
)
async def test_it_lives_48_hours_to_the_microsecond_with_no_sweep(gate: Gate, issued, lapse, in_time):
    gate.clock.advance(**lapse)
    asked = await gate.enter(secret=issued.secret)
    done = await replaced(gate, issued.secret)
    assert isinstance(done, Outcome)
    if in_time:
        assert isinstance(asked.verdict, MustReplace)
        assert isinstance(done.verdict, Admit)
    else:
        assert asked.verdict == done.verdict == Refuse(Reason.TEMPORARY_EXPIRED)
        assert kinds(gate) == [CredentialKind.TEMPORARY]


@pytest.mark.fact("0.12")
async def test_the_moment_that_counts_is_that_of_the_transaction(gate: Gate, issued):
    gate.clock.advance(hours=47, minutes=59, seconds=59)
    gate.passwords.before_seal = lambda: gate.clock.advance(seconds=1)
    done = await replaced(gate, issued.secret)
    assert isinstance(done, Outcome)
    assert done.verdict == Refuse(Reason.TEMPORARY_EXPIRED)
    assert kinds(gate) == [CredentialKind.TEMPORARY]
    assert gate.lines(Action.PASSWORD_CHANGED) == []


@pytest.mark.fact("0.12")
async def test_of_fifty_replacements_at_once_exactly_one_wins(any_gate: Gate):
    gate = any_gate
    gate.account(password=None)
    secret = gate.credentials.issue_temporary(OLGA, "alice").secret
    # Two rooms over one database, each with threads of its own, as two processes would be.
    other = gate.another_signon(offload=Offload(inline_reads=gate.store.is_sqlite, writers=8, hashers=4))
    attempts = [
        (gate.signon if number % 2 else other).replace_password(gate.knock(), secret, f"{BETTER} {number}")
        for number in range(50)
    ]
    outcomes = await asyncio.gather(*attempts)
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    won = [n for n, o in enumerate(outcomes) if isinstance(o, Outcome) and isinstance(o.verdict, Admit)]
    assert len(won) == 1
    assert {o.verdict for n, o in enumerate(outcomes) if n not in won and isinstance(o, Outcome)} <= {
        Refuse(Reason.CREDENTIAL_REVOKED),
        Refuse(Reason.SECRET_MISMATCH),
    }
    assert len(gate.lines(Action.PASSWORD_CHANGED)) == 1
    assert kinds(gate) == [CredentialKind.PASSWORD]
    assert isinstance((await gate.enter(secret=f"{BETTER} {won[0]}")).verdict, Admit)


UNFIT = {
    "too short": "tiny",
    "too long": "x" * 257,
    "a name inside": "northwind-lanterns-91-x",
    "the payer inside": "my ExampleHealthPlan secret",
    "easily guessed": "passwordpassword",
    "not typeable": "quiet harbour \u0007 91 lanterns",
    "endless": "quiet harbour " * 100_000,
}


@pytest.mark.fact("0.12")
@pytest.mark.parametrize("new", UNFIT.values(), ids=UNFIT)
async def test_a_refused_new_password_consumes_nothing(gate: Gate, issued, new):
    answer = await replaced(gate, issued.secret, new)
    assert isinstance(answer, Unfit)
    assert answer.reason
    assert new not in answer.reason
    assert kinds(gate) == [CredentialKind.TEMPORARY]
    assert gate.lines(Action.PASSWORD_REFUSED)[-1].event.subject == "alice"
    assert new[:20] not in str(gate.lines())
    done = await replaced(gate, issued.secret)
    assert isinstance(done, Outcome)
    assert isinstance(done.verdict, Admit)


async def test_the_temporary_password_itself_is_no_new_password(gate: Gate, issued):
    answer = await replaced(gate, issued.secret, issued.secret)
    assert isinstance(answer, Unfit)
    assert "same" in answer.reason


@pytest.mark.usefixtures("issued")
async def test_without_the_old_password_nothing_is_learnt_about_the_new_one(gate: Gate):
    answer = await replaced(gate, "wrong", "tiny")
    assert isinstance(answer, Outcome)
    assert answer.verdict == Refuse(Reason.SECRET_MISMATCH)
    assert gate.lines(Action.PASSWORD_REFUSED) == []


async def test_from_elsewhere_nothing_is_replaced(gate: Gate, issued):
    answer = await gate.signon.replace_password(gate.knock(source=ELSEWHERE), issued.secret, BETTER)
    assert isinstance(answer, Outcome)
    assert answer.verdict == Refuse(Reason.SOURCE_NOT_LISTED)
    assert kinds(gate) == [CredentialKind.TEMPORARY]


async def test_an_address_removed_while_the_person_types_stops_the_replacement(gate: Gate, issued):
    gate.passwords.before_seal = lambda: gate.allowlists.remove(OLGA, "alice", "8.8.8.8")
    answer = await replaced(gate, issued.secret)
    assert isinstance(answer, Outcome)
    assert answer.verdict == Refuse(Reason.SOURCE_NOT_LISTED)
    assert kinds(gate) == [CredentialKind.TEMPORARY]


async def test_a_reset_while_the_person_types_wins(gate: Gate, issued):
    newer: list[TemporaryPassword] = []

    def reset() -> None:
        gate.passwords.before_seal = lambda: None
        newer.append(gate.credentials.issue_temporary(OLGA, "alice"))

    gate.passwords.before_seal = reset
    answer = await replaced(gate, issued.secret)
    assert isinstance(answer, Outcome)
    assert answer.verdict == Refuse(Reason.CREDENTIAL_REVOKED)
    assert isinstance((await gate.enter(secret=newer[0].secret)).verdict, MustReplace)


async def test_one_may_change_ones_own_password_with_the_old_one(gate: Gate):
    gate.account()
    before = (await gate.enter()).session
    answer = await replaced(gate, SECRET)
    assert isinstance(answer, Outcome)
    assert isinstance(answer.verdict, Admit)
    assert before is not None
    assert gate.signon.recheck(before) == Refuse(Reason.CREDENTIAL_REVOKED)
    assert isinstance((await gate.enter(secret=BETTER)).verdict, Admit)


@pytest.mark.fact("0.13")
async def test_a_reset_makes_the_old_password_and_the_old_temporary_one_worthless(gate: Gate):
    gate.account()
    first = gate.credentials.issue_temporary(OLGA, "alice")
    second = gate.credentials.issue_temporary(OLGA, "alice")
    for secret in (SECRET, first.secret):
        assert (await gate.enter(secret=secret)).verdict == Refuse(Reason.SECRET_MISMATCH)
    assert isinstance((await gate.enter(secret=second.secret)).verdict, MustReplace)
    assert kinds(gate) == [CredentialKind.TEMPORARY]


def test_it_holds_100_random_bits_and_is_printed_only_on_purpose(gate: Gate, issued):
    assert len(issued.secret.replace("-", "")) == 20
    assert issued.secret not in repr(issued)
    assert issued.secret not in str(gate.lines())
    assert (issued.expires_at - gate.clock.now()).total_seconds() == 48 * 3600
    with gate.store.read() as connection:
        dossier = accounts.dossier(connection, "alice", gate.terms)
    assert dossier is not None
    assert issued.secret not in str(dossier)

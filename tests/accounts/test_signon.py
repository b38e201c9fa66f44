"""Signing on: what a caller sees, what the trail says, what it costs."""

import asyncio
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from mft.accounts.allowlists import NewAddress
from mft.accounts.knock import Outcome
from mft.crypto.passwords import Passwords, prepare
from mft.model.account import AccountState, CredentialKind, OrganizationKind
from mft.model.directory import Setup, SetupState
from mft.model.errors import Unavailable
from mft.model.event import Action
from mft.policy.signon import Admit, Reason, Refuse
from mft.store import accounts, allowlist, credentials, organizations, sessions, setups
from mft.store.tables import account as account_table
from tests.support.gate import ELSEWHERE, HOME, OLGA, OTTO, SECRET, SOME_KEY, Gate
from tests.support.statements import counted

OTHER_PRINT = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


async def test_a_password_from_a_listed_address_opens_a_session(any_gate: Gate):
    gate = any_gate
    account = gate.account()
    outcome = await gate.enter()
    assert isinstance(outcome.verdict, Admit)
    assert outcome.reference is None
    assert outcome.session is not None
    assert (outcome.session.account, outcome.session.source) == (account.id, HOME)
    assert outcome.session.opened_at == gate.clock.now()
    assert gate.sessions.listing("alice") == [outcome.session]
    assert gate.current().last_signon_at == gate.clock.now()
    assert gate.allowlists.listing("alice")[0].last_seen_at == gate.clock.now()
    line = gate.lines(Action.SIGNON_ADMITTED)[-1]
    assert (line.event.subject, line.event.actor.source) == ("alice", HOME)
    assert line.event.detail["listed_as"] == "8.8.8.8"


async def test_a_key_from_a_listed_address_opens_a_session(any_gate: Gate):
    gate = any_gate
    gate.account(password=None)
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    assert await gate.signon.key_known("alice", key.fingerprint)
    outcome = await gate.signon.by_key(gate.knock(), key.fingerprint)
    assert isinstance(outcome.verdict, Admit)
    assert outcome.session is not None
    assert outcome.session.credentials == {key.id}


def disabled(gate: Gate) -> None:
    gate.account()
    gate.move("alice", AccountState.ACTIVE, AccountState.DISABLED)


def purged(gate: Gate) -> None:
    account = gate.account()
    gate.move("alice", AccountState.ACTIVE, AccountState.PURGED)
    with gate.store.write() as connection:
        credentials.remove_password(connection, account.id)


def locked(gate: Gate) -> None:
    gate.account(failures=100)


def dormant(gate: Gate) -> None:
    gate.account()
    gate.clock.advance(days=120)


def not_recertified(gate: Gate) -> None:
    account = gate.account()
    with gate.store.write() as connection:
        accounts.suspend(connection, account.id, gate.clock.now())


def organization_disabled(gate: Gate) -> None:
    account = gate.account()
    with gate.store.write() as connection:
        organizations.set_enabled(connection, account.organization, enabled=False)


def temporary_expired(gate: Gate) -> str:
    gate.account(password=None)
    secret = gate.credentials.issue_temporary(OLGA, "alice").secret
    gate.clock.advance(hours=48)
    return secret


def expired(gate: Gate) -> None:
    account = gate.account(password=None)
    made = gate.credential(CredentialKind.PASSWORD, expires_at=gate.clock.now())
    with gate.store.write() as connection:
        credentials.add(connection, account.id, made)


def stands(state: SetupState, ago: timedelta = timedelta()):
    """Give alice the directory's password SECRET, and let it stand so."""

    def scene(gate: Gate) -> None:
        account = gate.account(organization=gate.organization("acme", OrganizationKind.PARTNER).id)
        with gate.store.write() as connection:
            setups.put(connection, account.id, Setup(state, "m1", gate.clock.now() - ago, "sftp-setup-1"))
            credentials.add(connection, account.id, gate.credential(CredentialKind.DIRECTORY))

    return scene


# How each reason comes about; what comes back is the secret to try, if it is not SECRET.
SCENES = {
    Reason.UNKNOWN_ACCOUNT: lambda _: None,
    Reason.SECRET_MISMATCH: lambda gate: gate.account() and "not the password",
    Reason.CREDENTIAL_EXPIRED: expired,
    Reason.TEMPORARY_EXPIRED: temporary_expired,
    Reason.ACCOUNT_DISABLED: disabled,
    Reason.ACCOUNT_PURGED: purged,
    Reason.ACCOUNT_LOCKED: locked,
    Reason.ACCOUNT_DORMANT: dormant,
    Reason.NOT_RECERTIFIED: not_recertified,
    Reason.ORGANIZATION_DISABLED: organization_disabled,
    Reason.SETUP_MISSING: stands(SetupState.UNATTESTED),
    Reason.SETUP_STALE: stands(SetupState.STALE),
    Reason.SETUP_REVOKED: stands(SetupState.REVOKED),
    Reason.SETUP_UNKNOWN: stands(SetupState.ACTIVE, timedelta(hours=24)),
    Reason.SOURCE_NOT_LISTED: lambda gate: gate.account(allow="8.8.4.4") and None,
}


def seen_by_the_caller(outcome: Outcome) -> tuple[object, ...]:
    """All that a door may show: that it is a refusal, and a code of so many characters."""
    assert outcome.reference is not None
    return isinstance(outcome.verdict, Refuse), len(outcome.reference), outcome.session, outcome.knock.proven


@pytest.mark.fact("0.16")
@pytest.mark.parametrize("reason", SCENES)
async def test_every_refusal_looks_the_same_and_the_trail_tells_them_apart(gate: Gate, reason):
    secret = SCENES[reason](gate) or SECRET
    before, hashes = len(gate.lines()), gate.passwords.compared
    outcome = await gate.enter(secret=secret)
    assert outcome.verdict == Refuse(reason)
    assert seen_by_the_caller(outcome) == (True, 9, None, frozenset())
    assert gate.passwords.compared - hashes == 1
    assert len(gate.lines()) - before == 1
    line = gate.lines()[-1].event
    assert (line.action, line.reference, line.detail["reason"]) == (Action.SIGNON_REFUSED, outcome.reference, reason)
    assert gate.sessions.listing() == []


@pytest.mark.fact("0.16")
async def test_a_password_replaced_while_it_is_typed_is_refused_as_revoked(gate: Gate):
    gate.account()

    def reset_meanwhile(*_: object):
        gate.credentials.issue_temporary(OLGA, "alice")
        return True

    gate.passwords.matches = reset_meanwhile
    outcome = await gate.enter()
    assert outcome.verdict == Refuse(Reason.CREDENTIAL_REVOKED)
    assert seen_by_the_caller(outcome) == (True, 9, None, frozenset())


class Broken:
    """A store that does not answer."""

    is_sqlite = True

    @contextmanager
    def read(self, **_wish: bool):
        raise Unavailable("the database did not answer")
        yield

    write = read


@pytest.mark.fact("0.16")
async def test_when_the_store_does_not_answer_nobody_comes_in(gate: Gate):
    gate.account()
    signon = gate.another_signon(store=Broken())
    attempts = [
        await signon.by_password(gate.knock(), SECRET),
        await signon.by_key(gate.knock(), OTHER_PRINT),
        await signon.replace_password(gate.knock(), SECRET, SECRET + "!"),
    ]
    for outcome in attempts:
        assert isinstance(outcome, Outcome)
        assert outcome.verdict == Refuse(Reason.CANNOT_TELL)
        assert seen_by_the_caller(outcome) == (True, 9, None, frozenset())
    assert not await signon.key_known("alice", OTHER_PRINT)


def test_the_scenes_are_all_the_reasons():
    elsewhere = {Reason.CREDENTIAL_REVOKED, Reason.CANNOT_TELL, Reason.SESSION_ENDED, Reason.KEY_WAITING}
    # A password that does not count at a door is not compared there, so that nothing was right.
    elsewhere |= {Reason.WRONG_DOOR}
    elsewhere |= {Reason.PROVIDER_UNFIT, Reason.MFA_MISSING, Reason.NOT_LINKED}
    assert set(Reason) == set(SCENES) | elsewhere


@pytest.mark.fact("0.16")
async def test_a_refusal_holds_the_observed_and_the_allowed_addresses(gate: Gate):
    gate.account(allow="8.8.4.0/24")
    gate.allowlists.add(OLGA, "alice", NewAddress("1.1.0.0/20"))
    await gate.enter(source=ELSEWHERE)
    detail = gate.lines(Action.SIGNON_REFUSED)[-1].event.detail
    assert detail["source"] == "9.9.9.9"
    assert detail["allowed"] == "8.8.4.0/24"
    assert detail["not_in_force"] == "1.1.0.0/20"
    assert detail["client"] == "OpenSSH_9.2"
    assert detail["method"] == "password"


async def test_a_wrong_password_from_elsewhere_names_both_in_the_trail(gate: Gate):
    gate.account()
    await gate.enter(secret="wrong", source=ELSEWHERE)
    detail = gate.lines(Action.SIGNON_REFUSED)[-1].event.detail
    assert (detail["reason"], detail["also"]) == ("secret_mismatch", "source_not_listed")


@pytest.mark.fact("0.14")
@pytest.mark.parametrize(
    ("listed", "source", "admitted"),
    [
        ("8.8.8.0-8.8.8.9", "8.8.8.0", True),
        ("8.8.8.0-8.8.8.9", "8.8.8.9", True),
        ("8.8.8.0-8.8.8.9", "8.8.8.10", False),
        ("8.8.8.0/24", "8.8.8.255", True),
        ("8.8.8.0/24", "8.8.9.0", False),
        (None, "8.8.8.8", False),
    ],
)
async def test_only_the_listed_addresses_admit(gate: Gate, listed, source, admitted):
    gate.account(allow=listed)
    outcome = await gate.enter(source=IPv4Address(source))
    assert isinstance(outcome.verdict, Admit) == admitted


@pytest.mark.fact("0.17")
async def test_a_new_address_is_added_and_the_old_one_stays(gate: Gate):
    gate.account(allow="8.8.8.8")
    assert isinstance((await gate.enter(source=ELSEWHERE)).verdict, Refuse)
    gate.allowlists.add(OTTO, "alice", NewAddress("9.9.9.9"))
    assert isinstance((await gate.enter(source=ELSEWHERE)).verdict, Admit)
    assert isinstance((await gate.enter(source=HOME)).verdict, Admit)


@pytest.mark.fact("0.15")
async def test_a_sign_on_a_moment_before_120_days_starts_the_term_anew(gate: Gate):
    gate.account()
    gate.clock.advance(days=120, microseconds=-1)
    assert isinstance((await gate.enter()).verdict, Admit)
    gate.clock.advance(days=119)
    assert isinstance((await gate.enter()).verdict, Admit)
    gate.clock.advance(days=120)
    assert (await gate.enter()).verdict == Refuse(Reason.ACCOUNT_DORMANT)


@pytest.mark.fact("0.15")
async def test_an_operators_edit_does_not_lengthen_the_term(gate: Gate):
    gate.account()
    gate.clock.advance(days=119)
    gate.allowlists.add(OLGA, "alice", NewAddress("9.9.9.9"))
    gate.credentials.set_password(OLGA, "alice", SECRET)
    gate.clock.advance(days=1)
    assert (await gate.enter()).verdict == Refuse(Reason.ACCOUNT_DORMANT)


@pytest.mark.parametrize("typed", ["\uff41lice", "al\u00adice", "alice"], ids=["full width", "soft hyphen", "plain"])
async def test_names_are_read_as_ssh_reads_them(gate: Gate, typed):
    gate.account()
    assert isinstance((await gate.enter(typed)).verdict, Admit)


@pytest.mark.parametrize("typed", ["Alice", "alice ", "alice\x00", "", "x" * 5000, "ali\u0441e", "a\ud800b", "';--"])
async def test_other_names_are_strangers_and_never_an_error(any_gate: Gate, typed):
    any_gate.account()
    assert (await any_gate.enter(typed)).verdict == Refuse(Reason.UNKNOWN_ACCOUNT)


async def test_passwords_are_compared_as_ssh_normalises_them(gate: Gate):
    gate.account(password="caf\u00e9 lantern 91 harbours")
    assert isinstance((await gate.enter(secret="cafe\u0301 lantern\u00a091 harbours")).verdict, Admit)
    for secret in ("CAF\u00c9 LANTERN 91 HARBOURS", "", "\x07", "x" * 300_000):
        assert (await gate.enter(secret=secret)).verdict == Refuse(Reason.SECRET_MISMATCH)


async def test_a_secret_typed_as_the_name_stays_out_of_the_trail(gate: Gate):
    await gate.enter("Tr0ub4dor&3 is my secret!")
    assert "Tr0ub4dor" not in str(gate.lines())


async def test_passwords_and_verifiers_stay_out_of_the_trail(gate: Gate):
    gate.account()
    await gate.enter()
    await gate.enter(secret="another secret of mine")
    text = str(gate.lines())
    for secret in (SECRET, "another secret of mine", "$argon2id$"):
        assert secret not in text


async def test_an_unknown_key_is_a_mismatch_and_costs_no_hash(gate: Gate):
    gate.account()
    outcome = await gate.signon.by_key(gate.knock(), OTHER_PRINT)
    assert outcome.verdict == Refuse(Reason.SECRET_MISMATCH)
    assert gate.passwords.compared == 0
    assert gate.lines()[-1].event.detail["method"] == "publickey"


async def test_asking_after_a_key_leaves_no_trace(gate: Gate):
    gate.account()
    key = gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    before = gate.lines()
    for name, fingerprint in (("alice", key.fingerprint), ("alice", OTHER_PRINT), ("nobody", key.fingerprint)):
        known = await gate.signon.key_known(name, fingerprint)
        assert known == ((name, fingerprint) == ("alice", key.fingerprint))
    assert gate.lines() == before
    assert gate.current().failures == 0


async def test_a_verifier_made_at_another_cost_is_made_anew(gate: Gate):
    account = gate.account(password=None)
    old = gate.credential(CredentialKind.PASSWORD, verifier=Passwords(16, 1).seal(prepare(SECRET)))
    with gate.store.write() as connection:
        credentials.add(connection, account.id, old)
    first = await gate.enter()
    assert first.session is not None
    with gate.store.read() as connection:
        (kept,) = credentials.of_account(connection, account.id)
    assert (kept.id, kept.verifier != old.verifier) == (old.id, True)
    assert isinstance(gate.signon.recheck(first.session), Admit)
    assert isinstance((await gate.enter()).verdict, Admit)


async def test_a_sign_on_and_a_purge_at_once_end_cleanly(gate: Gate):
    for round_ in range(10):
        name = f"alice{round_}"
        account = gate.account(name)
        await asyncio.gather(gate.enter(name), gate.offload.write(purge_unless_signed_on, gate, account.id))
        current = gate.current(name)
        admitted = bool(gate.sessions.listing(name))
        assert admitted == (current.state is AccountState.ACTIVE)


def purge_unless_signed_on(gate: Gate, account) -> None:
    with gate.store.write() as connection:
        purge = account_table.update().where(account_table.c.id == account, account_table.c.last_signon_at.is_(None))
        if connection.execute(purge.values(state="purged")).rowcount:
            credentials.remove_password(connection, account)


async def test_the_narrowest_entry_is_the_one_marked_as_seen(gate: Gate):
    gate.account(allow="8.8.8.0/24")
    gate.allowlists.add(OLGA, "alice", NewAddress("8.8.8.8"))
    await gate.enter()
    seen = {str(e.addresses): e.last_seen_at for e in gate.allowlists.listing("alice")}
    assert seen == {"8.8.8.0/24": None, "8.8.8.8": gate.clock.now()}


def test_the_dossier_is_one_statement(any_gate: Gate):
    any_gate.account()
    any_gate.allowlists.add(OLGA, "alice", NewAddress("9.9.9.9"))
    any_gate.credentials.add_key(OLGA, "alice", SOME_KEY)
    with counted(any_gate.store) as statements, any_gate.store.read() as connection:
        dossier = accounts.dossier(connection, "alice", any_gate.terms)
    assert dossier is not None
    assert (len(dossier.credentials), len(dossier.allowlist), dossier.organization.name) == (2, 2, "northwind")
    assert len(statements) == 1


def test_an_account_without_credentials_or_addresses_has_a_dossier_all_the_same(any_gate: Gate):
    any_gate.account(password=None, allow=None)
    with any_gate.store.read() as connection:
        dossier = accounts.dossier(connection, "alice", any_gate.terms)
        nobody = accounts.dossier(connection, "nobody", any_gate.terms)
        assert allowlist.waiting(connection) == []
        assert sessions.listing(connection) == []
    assert dossier is not None
    assert (dossier.credentials, dossier.allowlist) == ((), ())
    assert nobody is None
    assert dossier.dormant_from() == dossier.account.created_at + timedelta(days=120)

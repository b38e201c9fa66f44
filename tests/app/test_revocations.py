"""A restore brings nobody's former rights back."""

import asyncio
import re
import shutil
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pyotp
import pytest

from mft.accounts.allowlists import NewAddress
from mft.accounts.card import account_card
from mft.accounts.knock import Knock
from mft.accounts.staff import StaffRoll
from mft.app.backup import back_up
from mft.app.build import House, open_house
from mft.app.restore import Order, Restored, restore
from mft.app.values import terms
from mft.audit.export import export_jsonl
from mft.audit.search import tail
from mft.audit.verify import verify_store
from mft.directory import trial
from mft.model.account import SSH_METHODS, Account, AccountState, Credential, CredentialKind, OrganizationKind
from mft.model.directory import Setup, SetupState
from mft.model.errors import Conflict
from mft.model.ids import CredentialId, new_id
from mft.model.path import VirtualPath
from mft.model.rights import ALL, Right
from mft.model.session import Door
from mft.model.staff import Role
from mft.policy.signon import Reason, setup_bar
from mft.settings.load import load
from mft.store import accounts, credentials, identities, setups
from mft.store.identities import Identity
from tests.support.gate import SECRET, SOME_KEY
from tests.support.installed import OPERATOR, QUICK, Installed, furnish, installed

HOME = VirtualPath.parse("/Distribution/northwind")
INBOX = HOME / "inbox"


def set_up_authenticator(house: House) -> tuple[str, ...]:
    """Give alice an authenticator, another one if she has one, and return her recovery codes."""
    alice = house.accounts.get("alice")
    with house.store.write() as connection:
        secret = house.factors.enrol(connection, alice).secret
        code = pyotp.TOTP(secret).at(house.clock.now())
        confirmed = house.factors.confirm(connection, OPERATOR, alice, code)
    assert confirmed is not None
    return confirmed.codes


def set_up_sftp(house: House) -> None:
    """Let alice be somebody of the trial directory whose password opens SFTP, and of a provider."""
    people = house.settings.directory.trial_file
    assert people is not None
    trial.add(people, house.passwords, "alice-ncid", SECRET)
    alice = house.external_ids.set(OPERATOR, "alice", "alice-ncid")
    now = house.clock.now()
    with house.store.write() as connection:
        setups.put(connection, alice.id, Setup(SetupState.ACTIVE, trial.listing(people)[0].mark, now, "sftp-setup-1"))
        for kind in (CredentialKind.DIRECTORY, CredentialKind.IDENTITY):
            verifier = house.passwords.seal(SECRET) if kind is CredentialKind.DIRECTORY else ""
            name = CredentialId(new_id("cred"))
            credentials.add(connection, alice.id, Credential(name, kind, verifier, "", "", now, "alice", None))
        identities.add(connection, Identity("https://idp.example", "sub-1", alice.id, now))


@pytest.fixture
def made(tmp_path: Path) -> Installed:
    """A server with one account that has one of everything."""
    server = installed(tmp_path / "old")
    with open_house(server.loaded().settings) as house:
        furnish(house, OrganizationKind.PROVIDER)
        house.allowlists.add(OPERATOR, "alice", NewAddress("8.8.8.8"))
        house.credentials.add_key(OPERATOR, "alice", SOME_KEY)
        house.credentials.set_password(OPERATOR, "alice", SECRET)
        set_up_authenticator(house)
        set_up_sftp(house)
        house.organizations.set_portal_any_address(OPERATOR, "northwind", allowed=True)
        house.files.operator(OPERATOR).make_folder(INBOX)
        house.grants.give(OPERATOR, INBOX, house.accounts.get("alice"), ALL)
    return server


def opened(server: Installed):
    return open_house(server.loaded().settings)


def restored(server: Installed, target: Path, since: Callable[[House], None], witness: str = "") -> Restored:
    """Back up, let *since* happen, restore."""
    with opened(server) as house:
        made = back_up(house, server.loaded().file, target / "b.tar", OPERATOR)
        since(house)
        lines = export_jsonl(house.store, house.signer.public_bytes, house.clock.now())
        (target / "trail.jsonl").write_text("\n".join(lines) + "\n")
    told = None
    if witness:
        shutil.move(server.folder / "data", target / "lost")
        told = target / witness if witness != "none" else None
    done = restore(Order(made.file, target / "new", told), OPERATOR)
    shutil.copytree(server.folder / "keys", target / "new/keys", dirs_exist_ok=True)
    return done


def held(house: House) -> dict[str, object]:
    """Return what alice can do, and with what."""
    card = account_card(house.store, "alice", house.clock.now(), terms(house.settings))
    return {
        "state": card.account.state,
        "suspended": card.account.recertify_by is not None,
        "required": card.account.required,
        "password": card.has_password or card.temporary_expires_at is not None,
        "keys": len(card.keys),
        "addresses": {str(one.addresses) for one in card.allowlist},
        "grants": {str(one.folder): one.rights for one in house.grants.of(card.account)},
        "organization": card.organization.enabled,
        "any address": card.organization.portal_any_address,
        "factor": house.factors.standing(card.account.id).confirmed_at is not None,
        "codes": house.factors.standing(card.account.id).codes_left,
        **elsewhere(house, card.account),
    }


def elsewhere(house: House, account: Account) -> dict[str, object]:
    with house.store.read() as connection:
        kinds = {one.kind for one in credentials.of_account(connection, account.id)}
        linked = identities.of_account(connection, account.id) is not None
    return {
        "elsewhere": account.external_id,
        "setup": account.setup.state if account.setup else None,
        "synced": CredentialKind.DIRECTORY in kinds,
        "linked": linked,
        "identity": CredentialKind.IDENTITY in kinds,
    }


NOBODY_ELSEWHERE = {"elsewhere": "", "setup": None, "synced": False, "linked": False, "identity": False}
BEFORE = {
    "elsewhere": "alice-ncid",
    "setup": SetupState.ACTIVE,
    "synced": True,
    "linked": True,
    "identity": True,
    "state": AccountState.ACTIVE,
    "suspended": False,
    "required": frozenset(),
    "password": True,
    "keys": 1,
    "addresses": {"127.0.0.1", "8.8.8.8"},
    "grants": {str(INBOX): ALL},
    "organization": True,
    "factor": True,
    "codes": 10,
    "any address": True,
}


def disable(house: House) -> None:
    house.accounts.disable(OPERATOR, "alice", "left")


def suspend(house: House) -> None:
    with house.store.write() as connection:
        accounts.suspend(connection, house.accounts.get("alice").id, house.clock.now())
    house.account_pass.run()


def purge(house: House) -> None:
    house.purging.purge(OPERATOR, "alice", "left")


def disable_organization(house: House) -> None:
    house.organizations.set_enabled(OPERATOR, "northwind", enabled=False)


def remove_address(house: House) -> None:
    house.allowlists.remove(OPERATOR, "alice", "8.8.8.8")


def remove_key(house: House) -> None:
    house.credentials.remove_key(OPERATOR, "alice", house.credentials.keys("alice")[0].fingerprint)


def change_password(house: House) -> None:
    house.credentials.set_password(OPERATOR, "alice", "slow rivers carve 40 canyons")


def reset_password(house: House) -> None:
    house.credentials.issue_temporary(OPERATOR, "alice")


def require_both(house: House) -> None:
    house.accounts.set_required(OPERATOR, "alice", SSH_METHODS)


def lose_authenticator(house: House) -> None:
    house.factors.remove(OPERATOR, "alice", "lost")


def use_recovery_code(house: House) -> None:
    alice = house.accounts.get("alice")
    with house.store.write() as connection:
        code = house.factors.renew_codes(connection, OPERATOR, alice)[0]
        assert house.factors.prove(connection, OPERATOR, alice, code)


def heed_the_lists(house: House) -> None:
    house.organizations.set_portal_any_address(OPERATOR, "northwind", allowed=False)


def be_another(house: House) -> None:
    house.external_ids.set(OPERATOR, "alice", "alice-smith")


def revoke_setup(house: House) -> None:
    house.setups.revoke(OPERATOR, "alice", "left")


def open_setup_again(house: House) -> None:
    house.setups.revoke(OPERATOR, "alice", "a slip")
    asyncio.run(house.setups.resync(OPERATOR, "alice"))


def change_directory_password(house: House) -> None:
    people = house.settings.directory.trial_file
    assert people is not None
    trial.set_password(people, house.passwords, "alice-ncid", "another one")
    asyncio.run(house.setups.look_at_all())


def revoke(house: House) -> None:
    house.grants.revoke(OPERATOR, INBOX, house.accounts.get("alice"))


def narrow(house: House) -> None:
    house.grants.give(OPERATOR, INBOX, house.accounts.get("alice"), Right.LIST)


def rename_and_revoke(house: House) -> None:
    house.files.operator(OPERATOR).rename(INBOX, HOME / "former", replace=False)
    house.grants.revoke(OPERATOR, HOME / "former", house.accounts.get("alice"))


TAKING = [
    (disable, {"state": AccountState.DISABLED}),
    (
        purge,
        {
            "state": AccountState.PURGED,
            "password": False,
            "keys": 0,
            "addresses": set(),
            "grants": {},
            "factor": False,
            "codes": 0,
            **NOBODY_ELSEWHERE,
        },
    ),
    (change_directory_password, {"setup": SetupState.STALE, "synced": False}),
    (open_setup_again, {"setup": SetupState.UNATTESTED, "synced": False}),
    (revoke_setup, {"setup": SetupState.REVOKED, "synced": False}),
    (be_another, NOBODY_ELSEWHERE),
    (suspend, {"suspended": True}),
    (disable_organization, {"organization": False}),
    (remove_address, {"addresses": {"127.0.0.1"}}),
    (remove_key, {"keys": 0}),
    (change_password, {"password": False}),
    (reset_password, {"password": False}),
    (require_both, {"required": SSH_METHODS}),
    (lose_authenticator, {"factor": False, "codes": 0}),
    (set_up_authenticator, {"factor": False, "codes": 0}),
    (use_recovery_code, {"codes": 0}),
    (heed_the_lists, {"any address": False}),
    (revoke, {"grants": {}}),
    (narrow, {"grants": {str(INBOX): Right.LIST}}),
    (rename_and_revoke, {"grants": {}}),
]


@pytest.mark.parametrize(("take", "after"), TAKING, ids=lambda one: getattr(one, "__name__", ""))
@pytest.mark.parametrize("witness", ["", "trail.jsonl"])
def test_what_was_taken_away_after_the_backup_stays_away(
    made: Installed, tmp_path: Path, take: Callable[[House], None], after: dict[str, object], witness: str
):
    done = restored(made, tmp_path, take, witness)
    assert len(done.taken) == 1
    with open_house(load(done.config, QUICK).settings) as house:
        assert held(house) == BEFORE | after
        assert verify_store(house.store, house.signer.public_bytes).sound
        again = [one.event for one in tail(house.store, 5) if one.event.detail.get("since_backup")]
        assert [event.actor for event in again] == [OPERATOR]


def test_without_a_witness_it_is_back_and_nobody_claims_otherwise(made: Installed, tmp_path: Path):
    def take_everything(house: House) -> None:
        for take, _ in TAKING[:-1]:
            if take is not purge:  # It would leave nothing to take.
                take(house)

    done = restored(made, tmp_path, take_everything, "none")
    assert (done.witness, done.taken) == (None, ())
    with open_house(load(done.config, QUICK).settings) as house:
        assert held(house) == BEFORE


def test_what_was_taken_and_given_back_stands_and_nothing_new_comes_from_a_trail(made: Installed, tmp_path: Path):
    def to_and_fro(house: House) -> None:
        disable(house)
        house.accounts.enable(OPERATOR, "alice")
        remove_key(house)
        house.credentials.add_key(OPERATOR, "alice", SOME_KEY)
        disable_organization(house)
        house.organizations.set_enabled(OPERATOR, "northwind", enabled=True)
        house.allowlists.add(OPERATOR, "alice", NewAddress("9.9.9.9"))
        house.grants.give(OPERATOR, HOME, house.accounts.get("alice"), ALL)

    done = restored(made, tmp_path, to_and_fro)
    assert done.taken == ()
    with open_house(load(done.config, QUICK).settings) as house:
        assert held(house) == BEFORE


def test_a_directorys_password_opens_nothing_until_the_directory_was_asked_again(made: Installed, tmp_path: Path):
    done = restored(made, tmp_path, lambda _: None)
    assert done.taken == ()
    with open_house(load(done.config, QUICK).settings) as house:
        setup = house.accounts.get("alice").setup
        assert setup is not None
        assert (setup.state, setup.checked_at) == (SetupState.ACTIVE, None)
        dossier = house.signon.admission.dossier
        with house.store.read() as connection:
            known = dossier(connection, Knock("alice", IPv4Address("127.0.0.1"), Door.SFTP, ""))
        assert known is not None
        assert setup_bar(known, house.clock.now()) is Reason.SETUP_UNKNOWN


def test_nobody_is_in_after_a_restore_who_had_signed_out(made: Installed, tmp_path: Path):
    with opened(made) as house:
        token, _ = house.visits.begin(IPv4Address("127.0.0.1"))
    done = restored(made, tmp_path, lambda house: house.visits.end(token))
    with open_house(load(done.config, QUICK).settings) as house:
        assert asyncio.run(house.visits.find(token, IPv4Address("127.0.0.1"))) is None


ANN_ALONE = {"ann": Role.OPERATOR}
STAFFED = ANN_ALONE | {"bert": Role.OPERATOR, "dora": Role.SERVICE_DESK}


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        (STAFFED, lambda roll: roll.remove(OPERATOR, "bert"), {"ann": Role.OPERATOR, "dora": Role.SERVICE_DESK}),
        (STAFFED, lambda roll: roll.add(OPERATOR, "bert", Role.AUDITOR), STAFFED | {"bert": Role.AUDITOR}),
        (STAFFED, lambda roll: roll.add(OPERATOR, "dora", Role.OPERATOR), STAFFED),
        (STAFFED, lambda roll: roll.add(OPERATOR, "eve", Role.AUDITOR), STAFFED),
        (ANN_ALONE, lambda roll: roll.remove(OPERATOR, "ann"), {"ann": Role.AUDITOR}),
    ],
    ids=["removed", "lowered", "raised", "added", "the last"],
)
def test_nobody_of_the_staff_has_a_role_back_that_was_taken(
    made: Installed, tmp_path: Path, before: dict[str, Role], change: Callable[[StaffRoll], object], after: object
):
    with opened(made) as house:
        for name, role in before.items():
            house.staff.add(OPERATOR, name, role)
    done = restored(made, tmp_path, lambda house: change(house.staff))
    assert len(done.taken) == (before != after)
    with open_house(load(done.config, QUICK).settings) as house:
        assert {one.name: one.role for one in house.staff.listing()} == after
        assert verify_store(house.store, house.signer.public_bytes).sound


def test_a_second_restore_takes_what_the_first_took(made: Installed, tmp_path: Path):
    first = restored(made, tmp_path, change_password)
    second = restore(Order(tmp_path / "b.tar", tmp_path / "third", first.config.parent / "data"), OPERATOR)
    assert len(second.taken) == 1


def test_what_a_restore_that_was_killed_left_is_named_with_what_to_do(made: Installed, tmp_path: Path):
    with opened(made) as house:
        file = back_up(house, made.loaded().file, tmp_path / "b.tar", OPERATOR).file
    left = tmp_path / ".new.restoring"
    left.mkdir()
    with pytest.raises(Conflict, match=f"; if none runs, remove it and restore again: rm -r {re.escape(str(left))}"):
        restore(Order(file, tmp_path / "new"), OPERATOR)
    left.rmdir()  # It was left as it was.
    assert restore(Order(file, tmp_path / "new"), OPERATOR).witness


def test_a_backup_leaves_the_file_of_another_that_is_under_way(made: Installed, tmp_path: Path):
    other = tmp_path / ".b.tar.arriving"
    other.write_text("half")
    with opened(made) as house, pytest.raises(Conflict, match="another backup is writing it"):
        back_up(house, made.loaded().file, tmp_path / "b.tar", OPERATOR)
    assert other.read_text() == "half"
    assert not (tmp_path / "b.tar").exists()

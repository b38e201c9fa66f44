"""What is particular to the trial directory: its file."""

import asyncio
import json
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mft.crypto.passwords import Passwords
from mft.directory import trial
from mft.directory.trial import TrialDirectory, TrialPerson
from mft.model.directory import Person
from mft.model.errors import Conflict, Invalid, NotFound, Unavailable
from tests.directory.conftest import QUICK


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.json"
    trial.add(path, QUICK, "maria", "correct horse")
    return path


def test_the_file_is_its_owners_and_holds_no_password(file: Path):
    assert file.stat().st_mode & 0o777 == 0o600
    trial.set_password(file, QUICK, "maria", "battery staple")
    trial.disable(file, "maria")
    assert file.stat().st_mode & 0o777 == 0o600
    held = file.read_text()
    assert "$argon2id$" in held
    assert "correct horse" not in held
    assert "battery staple" not in held
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_file_that_others_read_answers_nothing(file: Path):
    file.chmod(0o644)
    with pytest.raises(Unavailable, match="chmod 600"):
        asyncio.run(TrialDirectory(file, QUICK).verify("maria", "correct horse"))


@pytest.mark.parametrize(
    "held",
    [
        "",
        "{",
        "[]",
        '{"people": [{"user": "maria"}]}',
        '{"people": [{"user": 1}]}',
        '{"people": [{"user": "maria", "verifier": "", "mark": "1", "groups": "desk"}]}',
        '{"people": [{"user": "maria", "verifier": "", "mark": "1", "groups": [1]}]}',
    ],
)
def test_a_file_that_cannot_be_understood_answers_nothing_and_is_not_shown(file: Path, held: str):
    file.write_text(held)
    for question in (
        TrialDirectory(file, QUICK).verify("maria", "correct horse"),
        TrialDirectory(file, QUICK).standing("maria"),
        TrialDirectory(file, QUICK).groups("maria"),
    ):
        with pytest.raises(Unavailable, match="cannot be understood") as refused:
            asyncio.run(question)
        assert refused.value.__cause__ is None


def test_nobody_is_added_twice_whatever_the_case(file: Path):
    with pytest.raises(Conflict, match="mft directory trial passwd"):
        trial.add(file, QUICK, "MARIA", "another")
    assert len(trial.listing(file)) == 1


def test_whoever_is_not_there_is_not_changed(file: Path):
    with pytest.raises(NotFound):
        trial.set_password(file, QUICK, "bob", "another")
    with pytest.raises(NotFound):
        trial.disable(file, "bob")


@pytest.mark.parametrize(
    ("user", "password"), [("", "x"), ("bob", ""), ("b\0b", "x"), ("bob", "x\0"), ("b\nb", "x"), ("b" * 256, "x")]
)
def test_what_is_no_name_or_no_password_is_not_added(file: Path, user: str, password: str):
    with pytest.raises(Invalid):
        trial.add(file, QUICK, user, password)


def test_the_same_password_set_again_has_another_mark(file: Path):
    (before,) = trial.listing(file)
    trial.set_password(file, QUICK, "maria", "correct horse")
    (after,) = trial.listing(file)
    assert after.mark != before.mark


def test_nobody_is_lost_when_many_are_added_at_once(tmp_path: Path):
    file = tmp_path / "people.json"
    users = [f"user{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda user: trial.add(file, QUICK, user, "x"), users))
    assert {one.user for one in trial.listing(file)} == set(users)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(Unavailable, match="nowhere"):
        trial.add(tmp_path / "nowhere" / "people.json", QUICK, "maria", "x")


def test_a_person_shows_no_verifier():
    assert "argon2" not in repr(TrialPerson("maria", "$argon2id$v=19$", "mark"))


def test_a_file_that_cannot_be_written_is_named_and_stays_as_it_was(file: Path):
    before, (limit, most) = file.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))  # Holds for the superuser, too.
    try:
        with pytest.raises(Unavailable, match="cannot be written"):
            trial.disable(file, "maria")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    assert file.read_bytes() == before


class Meanwhile(Passwords):
    """Changes the file while a password is compared."""

    file: Path

    def matches(self, secret: str, verifier: str | None) -> bool:
        trial.set_password(self.file, QUICK, "maria", "battery staple")
        return super().matches(secret, verifier)


@pytest.mark.fact("2.2")
async def test_somebody_who_is_changed_while_we_ask_is_asked_about_again(file: Path):
    assert isinstance(await TrialDirectory(file, QUICK).verify("maria", "correct horse"), Person)
    passwords = Meanwhile(memory_kib=8, passes=1)
    passwords.file = file
    with pytest.raises(Unavailable, match="changed meanwhile"):
        await TrialDirectory(file, passwords).verify("maria", "correct horse")


def test_a_verifier_of_another_cost_still_answers(file: Path):
    held = json.loads(file.read_text())
    held["people"][0]["verifier"] = Passwords(memory_kib=16, passes=2).seal("correct horse")
    file.write_text(json.dumps(held))
    assert isinstance(asyncio.run(TrialDirectory(file, QUICK).verify("maria", "correct horse")), Person)


def test_a_file_from_before_there_were_groups_is_still_read(file: Path):
    held = json.loads(file.read_text())
    del held["people"][0]["groups"]
    file.write_text(json.dumps(held))
    assert asyncio.run(TrialDirectory(file, QUICK).groups("maria")) == frozenset()


@pytest.mark.parametrize("group", ["", "a\0", "a\nb", "x" * 256, "\ud800"])
def test_what_is_no_name_of_a_group_is_not_kept(file: Path, group: str):
    with pytest.raises(Invalid):
        trial.add(file, QUICK, "bob", "battery staple", ["desk", group])
    with pytest.raises(Invalid):
        trial.put_into(file, "maria", [group])
    assert [(one.user, one.groups) for one in trial.listing(file)] == [("maria", ())]


def test_whoever_is_added_with_groups_is_in_them_and_keeps_them_with_another_password(file: Path):
    trial.add(file, QUICK, "bob", "battery staple", ["desk", "auditors", "desk"])
    trial.set_password(file, QUICK, "bob", "correct horse")
    assert trial.listing(file)[0].groups == ("auditors", "desk")
    with pytest.raises(NotFound):
        trial.put_into(file, "nobody", ["desk"])

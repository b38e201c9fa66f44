"""Making a server's folder."""

from pathlib import Path

import pytest

from mft.app.build import open_house
from mft.app.install import PEOPLE, Wanted, install
from mft.audit.search import tail
from mft.crypto.hostkeys import list_host_keys
from mft.model.directory import Wrong
from mft.model.errors import Conflict
from mft.model.event import Action
from mft.settings.load import load
from tests.support.installed import OPERATOR, installed


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_is_made_opens_as_a_house_and_the_trail_begins_with_the_host_key(tmp_path: Path):
    made = install(Wanted(tmp_path / "d", trial=True), OPERATOR)
    with open_house(load(made.config, {}).settings) as house:
        (event,) = tail(house.store, 10)
    assert (event.event.action, event.event.subject) == (Action.HOSTKEY_ADDED, made.host_key)
    assert [key.fingerprint for key in list_host_keys(made.settings.sftp.host_keys)] == [made.host_key]


def test_nobody_else_reads_anything_of_it(tmp_path: Path):
    installed(tmp_path / "d")
    open_to_others = [p for p in [tmp_path / "d", *(tmp_path / "d").rglob("*")] if p.stat().st_mode & 0o077]
    assert open_to_others == []


def test_a_trial_is_on_loopback_and_everything_else_is_not(tmp_path: Path):
    trial = install(Wanted(tmp_path / "a", trial=True, sftp_port=2022), OPERATOR).settings
    assert [(one.address, one.port) for one in trial.sftp.listeners] == [("127.0.0.1", 2022)]
    assert [str(network) for network in trial.trial_networks] == ["127.0.0.0/8"]
    assert (trial.portal.enabled, trial.portal.address, trial.portal.port) == (True, "127.0.0.1", 0)
    assert (trial.directory.kind, trial.directory.trial_file) == ("trial", tmp_path / "a" / PEOPLE)
    real = install(Wanted(tmp_path / "b", trial=False), OPERATOR).settings
    assert not real.portal.enabled
    assert real.directory.kind == "none"
    assert not (tmp_path / "b" / PEOPLE).exists()
    assert [one.address for one in real.sftp.listeners] == ["0.0.0.0"]  # noqa: S104  (what a server is for)
    assert real.trial_networks == ()


async def test_the_directory_of_a_trial_is_empty_and_answers_wherever_the_configuration_is(tmp_path: Path):
    (tmp_path / "etc").mkdir()
    made = install(Wanted(tmp_path / "lib", trial=True, config=tmp_path / "etc/mft.toml"), OPERATOR)
    assert made.settings.directory.trial_file == tmp_path / "lib" / PEOPLE
    with open_house(load(made.config, {}).settings) as house:
        assert house.directory is not None
        assert await house.directory.verify("nc01", "correct horse") == Wrong()


def test_a_second_run_says_what_exists_and_changes_nothing(tmp_path: Path):
    installed(tmp_path / "d")
    before = snapshot(tmp_path / "d")
    with pytest.raises(Conflict, match=r"holds a server already: .*mft\.toml.*mft serve --config"):
        installed(tmp_path / "d")
    assert snapshot(tmp_path / "d") == before


def test_a_folder_with_other_things_in_it_keeps_them(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    installed(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_people_who_are_there_already_are_never_written_over(tmp_path: Path):
    (tmp_path / PEOPLE).write_text("precious")
    with pytest.raises(Conflict, match=PEOPLE):
        installed(tmp_path)
    assert (tmp_path / PEOPLE).read_text() == "precious"


def test_keys_that_are_there_already_are_never_written_over(tmp_path: Path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/master.key").write_text("precious")
    with pytest.raises(Conflict, match="keys"):
        installed(tmp_path)
    assert (tmp_path / "keys/master.key").read_text() == "precious"
    assert not (tmp_path / "mft.toml").exists()

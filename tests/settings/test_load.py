"""Reading the configuration: what overrides what, and what stops the start."""

import re
from pathlib import Path

import pytest

from mft.model.errors import Invalid
from mft.settings.load import load, variable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mft.toml"


def refused(file: Path, text: str, environ: dict[str, str] | None = None) -> str:
    file.write_text(text)
    with pytest.raises(Invalid) as caught:
        load(file, environ or {})
    return str(caught.value)


def test_an_empty_file_means_the_defaults_with_paths_in_its_own_folder(file: Path):
    file.write_text("")
    settings = load(file, {}).settings
    assert settings.data == file.parent / "data"
    assert settings.sftp.host_keys == file.parent / "keys/host"
    assert settings.store_url == f"sqlite:///{file.parent}/data/mft.db"


def test_absolute_paths_stay(file: Path):
    file.write_text('data = "/srv/mft"')
    assert load(file, {}).settings.data == Path("/srv/mft")


@pytest.mark.parametrize(
    ("text", "named", "mend"),
    [
        ('nod = "a"', "nod", "perhaps node"),
        ('[terms]\ntemp_pasword = "1 h"', "terms.temp_pasword", "perhaps temporary_password"),
        ("[sftp]\nchacha = true", "sftp.chacha", "perhaps chacha20"),
        ('[[sftp.listeners]]\nadress = "127.0.0.1"', "sftp.listeners[0].adress", "perhaps address"),
        ("[zzz]\na = 1", "zzz", "remove it"),
    ],
)
def test_an_unknown_key_at_any_level_stops_the_start_and_names_file_key_and_mend(
    file: Path, text: str, named: str, mend: str
):
    said = refused(file, text)
    assert f"{file}: {named} is not a setting" in said
    assert mend in said


def test_every_fault_is_told_at_once(file: Path):
    said = refused(file, 'nod = "a"\n[sftp]\nhandles = 0\n[terms]\nundo = "soon"')
    assert len(said.splitlines()) == 3
    assert "sftp.handles" in said
    assert "terms.undo: is a whole number and a unit" in said


def test_a_wrong_value_is_never_repeated_since_it_may_be_a_secret(file: Path):
    said = refused(file, "database_url = 12345678")
    assert "database_url" in said
    assert "12345678" not in said


@pytest.mark.parametrize(("text", "said"), [("= 1", "is not TOML"), (None, "there is no such file")])
def test_a_file_that_cannot_be_read_says_so(file: Path, text: str | None, said: str):
    if text is not None:
        file.write_text(text)
    with pytest.raises(Invalid, match=said):
        load(file, {})


def test_the_environment_overrides_the_file_and_the_origin_is_kept(file: Path):
    file.write_text('node = "a"\n[sftp]\nhandles = 5\nchacha20 = false')
    environ = {"MFT_SFTP__CHACHA20": "true", "MFT_TERMS__UNDO": "2 h", "MFT_CONFIG": "x", "HOME": "/"}
    loaded = load(file, environ)
    assert loaded.settings.sftp.chacha20
    assert loaded.settings.sftp.handles == 5
    assert loaded.settings.terms.undo.total_seconds() == 7200
    assert loaded.origins[("node",)] == str(file)
    assert loaded.origins[("sftp", "chacha20")] == "environment: MFT_SFTP__CHACHA20"


def test_lists_come_from_the_environment_as_json(file: Path):
    file.write_text("")
    environ = {
        "MFT_SFTP__LISTENERS": '[{"address": "127.0.0.1", "port": 0}]',
        "MFT_TRIAL_NETWORKS": '["127.0.0.0/8"]',
    }
    settings = load(file, environ).settings
    assert settings.sftp.listeners[0].port == 0
    assert str(settings.trial_networks[0]) == "127.0.0.0/8"
    assert "is not JSON" in refused(file, "", {"MFT_TRIAL_NETWORKS": "127.0.0.0/8"})


def test_a_variable_that_names_no_setting_stops_the_start(file: Path):
    said = refused(file, "", {"MFT_SFTP__CHACHA": "1"})
    assert "MFT_SFTP__CHACHA is not a setting, perhaps MFT_SFTP__CHACHA20" in said


def test_a_fault_in_a_variable_names_the_variable(file: Path):
    assert refused(file, "", {"MFT_SFTP__HANDLES": "many"}).startswith("environment: MFT_SFTP__HANDLES: sftp.handles:")


def test_systemd_credentials_override_everything(file: Path, tmp_path: Path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "master_key").write_text("…")
    (folder / "database_url").write_text("postgresql+psycopg://mft:hunter-2@db/mft\n")
    file.write_text('master_key = "elsewhere"')
    loaded = load(file, {"CREDENTIALS_DIRECTORY": str(folder), "MFT_DATABASE_URL": "sqlite:////other.db"})
    assert loaded.settings.master_key == folder / "master_key"
    assert loaded.settings.store_url == "postgresql+psycopg://mft:hunter-2@db/mft"
    assert loaded.origins[("database_url",)] == "systemd credential: database_url"
    assert "hunter-2" not in repr(loaded.settings)


def test_a_variable_is_spelled_like_its_key():
    assert variable(("sftp", "chacha20")) == "MFT_SFTP__CHACHA20"


@pytest.mark.parametrize(
    ("portal", "said"),
    [
        ('address = "0.0.0.0"', "certificate and private_key are needed unless address is on loopback"),
        ('certificate = "a.pem"', "certificate and private_key belong together"),
        ('private_key = "a.key"', "certificate and private_key belong together"),
        ('url = "http://files.example.org"', "portal.url"),
        ('url = "https://files.example.org/"', "portal.url"),
    ],
)
def test_a_portal_that_could_not_be_trusted_is_refused(portal: str, said: str, tmp_path: Path):
    file = tmp_path / "mft.toml"
    file.write_text(f"[portal]\nenabled = true\n{portal}\n")
    with pytest.raises(Invalid, match=re.escape(said)):
        load(file, {})

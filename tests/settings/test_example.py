"""The example file is the model, written out."""

import tomllib
from pathlib import Path

import pytest

from mft.settings.example import render
from mft.settings.load import keys_of, load
from mft.settings.model import Settings

COMMITTED = Path(__file__).parents[2] / "config/mft.example.toml"


def test_the_committed_example_is_what_the_model_says():
    assert COMMITTED.read_text() == render(), "run: mft config example > config/mft.example.toml"


def test_the_example_as_it_stands_changes_nothing():
    settings = load(COMMITTED, {}).settings
    assert settings.terms == Settings().terms
    assert settings.sftp.listeners == Settings().sftp.listeners


def test_every_line_of_the_example_can_be_switched_on(tmp_path: Path):
    lines = COMMITTED.read_text().splitlines()
    keys = {key[-1] for key in keys_of()} | {"address", "port", "proxy_from"}
    live = [
        line.removeprefix("# ")
        for line in lines
        if line.removeprefix("# ").split(" = ")[0] in keys or line.removeprefix("# ").startswith("[")
    ]
    file = tmp_path / "mft.toml"
    file.write_text("\n".join(live))
    assert load(file, {}).settings.model_dump(exclude={"data", "master_key", "sftp", "audit"}) == Settings().model_dump(
        exclude={"data", "master_key", "sftp", "audit"}
    )
    assert set(tomllib.loads(file.read_text())["terms"]) == set(Settings().terms.model_dump())


def test_changes_are_written_live_and_read_back(tmp_path: Path):
    file = tmp_path / "mft.toml"
    listeners = [{"address": "127.0.0.1", "port": 0}]
    file.write_text(render({("sftp", "listeners"): listeners, ("trial_networks",): ["127.0.0.0/8"], ("node",): "n-1"}))
    settings = load(file, {}).settings
    assert (settings.node, settings.sftp.listeners[0].address, len(settings.trial_networks)) == ("n-1", "127.0.0.1", 1)


def test_a_change_to_a_key_that_does_not_exist_is_a_defect_and_says_so():
    with pytest.raises(KeyError, match=r"sftp\.nothing"):
        render({("sftp", "nothing"): 1})


def test_a_table_that_is_one_settings_value_is_read_back_as_it_was(tmp_path: Path):
    file = tmp_path / "mft.toml"
    links = {'External "Users" (Provider)': "https://example.org/a", "Stäte": "https://example.org/b"}
    own = {"remits": "1 months"}
    file.write_text(render({("directory", "identity_links"): links, ("retention", "own"): own}))
    settings = load(file, {}).settings
    assert settings.directory.identity_links == links
    assert list(settings.retention.own) == ["remits"]

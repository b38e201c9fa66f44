"""Opening the house."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mft.app.build import open_house
from mft.model.errors import Invalid, Unavailable
from mft.settings.model import Settings
from tests.support.installed import furnish, get, installed, names, put


def test_what_was_put_is_there_when_the_house_is_opened_again(tmp_path: Path):
    settings = installed(tmp_path / "d").loaded().settings
    with open_house(settings) as house:
        furnish(house)
        put(house, "report.csv", b"one")
    with open_house(settings) as house:
        assert names(house) == {"report.csv"}
        assert get(house, "report.csv") == b"one"


def spoil_master(settings: Settings) -> None:
    settings.master_key.chmod(0o644)


def lose_signer(settings: Settings) -> None:
    settings.audit.signing_key.unlink()


def empty_database(settings: Settings) -> None:
    for file in settings.data.glob("mft.db*"):
        file.unlink()


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (spoil_master, Invalid, "chmod 600"),
        (lose_signer, Unavailable, "cannot be read"),
        (empty_database, Unavailable, "mft db upgrade"),
    ],
)
def test_a_house_that_is_not_whole_does_not_open_and_says_what_to_do(
    tmp_path: Path, spoil: Callable[[Settings], None], error: type[Exception], said: str
):
    settings = installed(tmp_path / "d").loaded().settings
    spoil(settings)
    with pytest.raises(error, match=said), open_house(settings):
        pass

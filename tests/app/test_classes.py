"""A folder of a class that the settings forgot: the server does not start, the doctor says so, a command mends it."""

import asyncio
from pathlib import Path

import pytest

from mft.app.build import open_house
from mft.app.doctor import Standing, examine
from mft.app.serve import serve
from mft.model.errors import Unavailable
from mft.model.path import VirtualPath
from mft.policy.retention import STANDARD, RetentionClass
from tests.support.installed import OPERATOR, Installed, furnish, installed

HOME = VirtualPath.parse("/Distribution/northwind")


@pytest.fixture
def forgetful(tmp_path: Path) -> Installed:
    """A server whose settings knew a class of their own, and lost it."""
    made = installed(tmp_path / "d")
    file = made.loaded().file
    plain = file.read_text()
    file.write_text(plain.replace("# own = {}", 'own = { remits = "7 months" }'))
    with open_house(made.loaded().settings) as house:
        furnish(house)
        house.folders.set_retention(OPERATOR, HOME, RetentionClass("remits"))
    file.write_text(plain)
    return made


def test_a_folder_of_an_unknown_class_stops_the_start_and_the_doctor_says_what_to_do(forgetful: Installed):
    said = f"folder {HOME} is of class remits which the settings do not know"
    with pytest.raises(Unavailable, match=said):
        asyncio.run(serve(forgetful.loaded().settings))
    (found,) = [one for one in examine(forgetful.loaded()) if one.check == "classes"]
    assert (found.standing, found.said) == (Standing.BAD, said)
    assert f"mft folder retention {HOME} CLASS --yes" in found.mend


def test_a_folder_of_an_unknown_class_is_mended_by_giving_it_another(forgetful: Installed):
    with open_house(forgetful.loaded().settings) as house:
        house.folders.set_retention(OPERATOR, HOME, STANDARD)
    (found,) = [one for one in examine(forgetful.loaded()) if one.check == "classes"]
    assert found.standing is Standing.GOOD

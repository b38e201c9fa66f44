"""Who is acting."""

import pytest

from mft.cli.acting import person
from mft.model.errors import Invalid


@pytest.mark.parametrize(
    ("named", "environ", "acting"),
    [
        ("maria", {"SUDO_USER": "otto", "USER": "root"}, "maria"),
        (None, {"SUDO_USER": "otto", "USER": "root"}, "otto"),
        (None, {"SUDO_USER": "", "USER": "otto"}, "otto"),
    ],
)
def test_the_acting_person_is_the_named_one_else_who_called_sudo_else_the_user(named, environ, acting):
    assert person(named, environ) == acting


def test_where_no_user_is_named_the_owner_of_the_process_is_acting():
    assert person(None, {}, "mft") == "mft"


@pytest.mark.parametrize("environ", [{}, {"USER": " "}, {"USER": "a\x1bb"}])
def test_nobody_acts_namelessly(environ):
    with pytest.raises(Invalid, match="--as"):
        person(None, environ)

"""The table of what clients hear."""

import inspect

import pytest

from mft.model import errors
from mft.sftp.session.packets import Code, Garbled
from mft.sftp.session.requests import EXTENSIONS, REQUESTS
from mft.sftp.session.status import ANSWERS, CONFLICTS, Unsupported, answer_for

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind is not errors.MftError]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_of_the_model_has_a_row(kind):
    assert kind in ANSWERS


@pytest.mark.parametrize("kind", [*KINDS, Garbled, Unsupported, errors.MftError])
def test_no_error_text_passes_the_table(kind):
    for request in (row.name for row in REQUESTS.values()):
        answer = answer_for(kind("SELECT secret FROM account"), request)
        assert "SELECT" not in answer.text
        assert answer.code not in {Code.OK, Code.NO_CONNECTION, Code.CONNECTION_LOST}


def test_an_error_without_a_row_is_answered_as_its_parent():
    class Torn(errors.Forbidden):
        pass

    assert answer_for(Torn("x"), "OPEN").code == Code.PERMISSION_DENIED


def test_conflicts_are_told_by_the_names_of_the_table():
    names = {row.name for row in REQUESTS.values()} | {row.name for _, row in EXTENSIONS.values()}
    assert CONFLICTS.keys() <= names

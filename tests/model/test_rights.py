"""Rights, as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.model.errors import Invalid
from mft.model.rights import ALL, Right, format_rights, parse_rights


@given(st.sets(st.sampled_from(list(Right)), min_size=1))
def test_what_is_printed_is_read_back(chosen):
    rights = Right.NONE
    for right in chosen:
        rights |= right
    assert parse_rights(format_rights(rights)) == rights


def test_all_means_the_five():
    assert parse_rights("all") == parse_rights("list,read,create,replace,delete") == ALL
    assert parse_rights(" List , READ ") == Right.LIST | Right.READ


@pytest.mark.parametrize("text", ["", ",", "none", "write", "list,admin", "list read"])
def test_anything_else_is_refused(text):
    with pytest.raises(Invalid):
        parse_rights(text)


def test_no_rights_are_printed_as_none():
    assert format_rights(Right.NONE) == "none"

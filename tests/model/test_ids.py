"""Ids and reference codes."""

import re

from mft.model.ids import new_blob_id, new_id, new_reference


def test_reference_codes_are_nine_characters_without_letters_that_look_like_digits():
    for _ in range(500):
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", new_reference())


def test_ids_do_not_repeat_and_carry_their_prefix():
    made = {new_id("acc") for _ in range(2000)}
    assert len(made) == 2000
    assert all(re.fullmatch(r"acc_[0-9a-hjkmnp-tv-z]{12}", one) for one in made)


def test_blob_ids_are_32_hexadecimal_digits():
    assert re.fullmatch(r"[0-9a-f]{32}", new_blob_id())

"""Columns in the width there is."""

import sys

import pytest

from mft.cli.grid import print_rows, shares

HEADINGS = ("id", "due at", "left")
ROWS = [("req_je160th6fcra", "2026-12-06 07:49:54 UTC", "13"), ("req_g2jdsrfzkat6", "2026-12-06 07:49:59 UTC", "-")]


@pytest.fixture
def drawn(capsys, monkeypatch):
    def draw(width):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(width))
        print_rows(HEADINGS, ROWS)
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return draw


def test_a_table_that_fits_has_a_line_a_row(drawn):
    assert drawn(80)[2:] == [
        "req_je160th6fcra  2026-12-06 07:49:54 UTC  13",
        "req_g2jdsrfzkat6  2026-12-06 07:49:59 UTC  -",
    ]


def test_a_narrower_table_wraps_between_words_and_breaks_none(drawn):
    assert drawn(34)[2:] == [
        "req_je160th6fcra  2026-12-06  13",
        "                  07:49:54",
        "                  UTC",
        "req_g2jdsrfzkat6  2026-12-06  -",
        "                  07:49:59",
        "                  UTC",
    ]


def test_rows_that_no_table_can_hold_stand_field_by_field(drawn):
    assert drawn(33) == [
        "id      req_je160th6fcra",
        "due at  2026-12-06 07:49:54 UTC",
        "left    13",
        "",
        "id      req_g2jdsrfzkat6",
        "due at  2026-12-06 07:49:59 UTC",
        "left    -",
    ]


@pytest.mark.parametrize(
    ("least", "full", "room", "expected"),
    [
        ([2, 3], [9, 3], 20, [9, 3]),
        ([2, 3], [9, 3], 8, [5, 3]),
        ([2, 2], [9, 5], 10, [7, 3]),
        ([2, 3], [9, 3], 4, None),
    ],
    ids=["all", "one gives way", "both give way", "none fits"],
)
def test_who_needs_most_gets_the_next_column(least, full, room, expected):
    assert shares(least, full, room) == expected

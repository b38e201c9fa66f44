"""CSV: every field, and nothing that a spreadsheet would compute."""

import csv
import io
from datetime import UTC, date, datetime

import pytest

from mft.cli.sheet import csv_lines
from mft.model.staff import Role


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_text_is_a_formula(start):
    header, line = csv_lines(["name"], [{"name": f"{start}HYPERLINK(1)"}])
    assert header == "name"
    assert next(csv.reader(io.StringIO(line, newline=""), strict=True)) == [f"'{start}HYPERLINK(1)"]


def test_a_line_end_inside_a_text_begins_no_row_of_its_own():
    _, line = csv_lines(["name"], [{"name": "a\n=1+1\r=2+2"}])
    assert list(csv.reader(io.StringIO(line, newline=""), strict=True)) == [["a\n=1+1\r=2+2"]]


def test_no_member_of_a_list_hides_a_formula_at_its_start():
    assert list(csv_lines(["all"], [{"all": ["=1+1", "b"]}])) == ["all", "'=1+1; b"]


def test_numbers_stay_numbers_and_moments_and_words_are_spelled_as_in_json():
    row = {
        "left": -3,
        "days": -1.5,
        "at": datetime(2026, 11, 22, 9, tzinfo=UTC),
        "day": date(2026, 11, 22),
        "role": Role.AUDITOR,
        "past": True,
        "none": None,
    }
    assert list(csv_lines(row, [row])) == [
        "left,days,at,day,role,past,none",
        "-3,-1.5,2026-11-22T09:00:00Z,2026-11-22,auditor,yes,",
    ]

"""How an answer looks."""

import json
from datetime import UTC, datetime

import pytest

from mft.cli.show import Done, Record, Rows, Secret, printable, show, size_text
from mft.model.path import VirtualPath
from mft.model.session import Door

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_rows_in_a_pipe_are_aligned_columns_with_a_heading(capsys):
    show(Rows(("name", "created_at"), [{"name": "bob", "created_at": AT}, {"name": "alexandra"}]), as_json=False)
    assert capsys.readouterr().out == ("name       created at\nbob        2026-11-22 09:00:00 UTC\nalexandra  -\n")


def test_json_holds_every_field_in_forms_that_scripts_read(capsys):
    fields = {"at": AT, "sha256": b"\x01\xff", "path": VirtualPath(("a", "b")), "door": Door.CLI, "none": None, "n": 3}
    show(Record(fields), as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "at": "2026-11-22T09:00:00Z",
        "sha256": "01ff",
        "path": "/a/b",
        "door": "cli",
        "none": None,
        "n": 3,
    }


def test_no_rows_are_a_sentence_for_people_and_an_empty_list_for_scripts(capsys):
    nothing = Rows(("name",), [], nothing="There are no accounts.")
    show(nothing, as_json=False)
    show(nothing, as_json=True)
    assert capsys.readouterr().out == "There are no accounts.\n[]\n"


def test_a_secret_stands_alone_on_standard_output(capsys):
    show(Secret("aaaaa-bbbbb", "For bob, for 48 hours:"), as_json=False)
    said = capsys.readouterr()
    assert said.out == "aaaaa-bbbbb\n"
    assert said.err == "For bob, for 48 hours:\n"


def test_control_sequences_never_reach_the_terminal(capsys):
    show(Done("client \x1b[2J\u202etxt"), as_json=False)
    assert "\x1b" not in capsys.readouterr().out
    assert printable("a\tb") == "a\\tb"


@pytest.mark.fact("0.21")
def test_sizes_have_one_decimal():
    assert [size_text(size) for size in (0, 1023, 9523, 290_000)] == ["0 B", "1023 B", "9.3 KB", "283.2 KB"]

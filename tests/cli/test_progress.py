"""What moves on a terminal while work goes on."""

import sys

from mft.cli.progress import counting


def test_things_that_are_done_are_counted_among_all_on_a_terminal_and_nowhere_else(capsys, monkeypatch):
    with counting("files") as counted:
        counted(1, 3)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with counting("files") as counted:
        counted(2, 3)
    assert "2/3" in capsys.readouterr().err

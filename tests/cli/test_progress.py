"""What moves on a terminal while work goes on."""

import sys

import pytest

from mft.cli.progress import counting


def test_things_that_are_done_are_counted_among_all_on_a_terminal_and_nowhere_else(capsys, monkeypatch):
    with counting("files") as counted:
        counted(1, 3)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with counting("files") as counted:
        counted(2, 3)
    assert "2/3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (("retention", "plan"), "looking for what is due"),
        (("retention", "run"), "removing what is due"),
        (("simulate", "--until", "2030-01-01"), "looking ahead"),
        (("keys", "rewrap"), "wrapping keys anew"),
        (("audit", "verify"), "verifying"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2]),
)
def test_what_can_take_long_says_that_it_goes_on(desk, monkeypatch, words, label):
    began = []
    monkeypatch.setattr("rich.progress.Progress.add_task", lambda _bar, said, **_: began.append(said))
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _stream: True, raising=False)
    desk.run(*words)
    assert began == [label]

"""docs/cli.md is what the commands say."""

from pathlib import Path

from mft.cli.reference import render

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_command_reference_is_what_the_commands_say():
    assert PAGE.read_text("utf-8") == render(), "write it anew: python -m mft.cli.reference > docs/cli.md"

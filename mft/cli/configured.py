"""The configuration that a command was told to go by."""

from pathlib import Path

from mft.cli import exits
from mft.cli.acting import config_file
from mft.model.errors import Invalid
from mft.settings.load import Loaded, load


def configuration(named: Path | None) -> Loaded:
    """Return the configuration that was named.  Raises Misconfigured."""
    try:
        return load(config_file(named))
    except Invalid as error:
        raise exits.Misconfigured(str(error)) from None

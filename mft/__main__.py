"""``python -m mft`` is ``mft``."""

from mft.cli.main import cli

if __name__ == "__main__":
    cli()

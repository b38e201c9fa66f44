"""Which file names are work names: what a client calls a file until it is whole.  Pure."""

from typing import Final

WORK_SUFFIXES: Final = (".filepart", ".part", ".partial", ".tmp")
"""WinSCP, lftp and browsers, rclone, and everybody else."""


def is_work_name(name: str) -> bool:
    """Return whether *name* says "not yet whole"; a file so named is its owner's alone until renamed."""
    return name.casefold().endswith(WORK_SUFFIXES)

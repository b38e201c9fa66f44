"""Begin to serve: one process, or a parent and its workers."""

from importlib import import_module

from mft.settings.model import Settings


def start(settings: Settings) -> None:
    """Serve until a signal asks for the end.  Raises MftError when it cannot begin.

    Only one of the two is loaded: the parent of workers stays small, since it has no house.
    """
    import_module("mft.app.serve" if settings.workers == 1 else "mft.app.workers").run(settings)

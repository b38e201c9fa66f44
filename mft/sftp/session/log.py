"""What a session needs of a log.  A bound structlog logger is one; nothing here imports it."""

from typing import Protocol


class Log(Protocol):
    """Takes one event at a time: a ``noun.past`` name and flat values, never a secret or content."""

    def info(self, event: str, /, **details: object) -> object:
        """Note something that happens every day."""
        ...

    def exception(self, event: str, /, **details: object) -> object:
        """Note the error that is being handled, with its traceback: an operator should look into it."""
        ...

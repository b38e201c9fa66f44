"""One line of an outlook: what will happen, when, to what, and by which rule."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Expected:
    """One thing that will happen, or as many of one kind as happen in one folder on one day."""

    at: datetime
    """When; of several, the first.  What is due already happens at the next pass: at the moment of looking."""
    what: str
    subject: str
    """An account's or an organization's name, a request, the path of a file or a folder."""
    rule: str
    """The fact or the setting that causes it."""
    count: int = 1
    bytes: int = 0

"""What knows people by a password that is not ours.  Two do: an LDAP server, and a small file for first days.

A directory answers, or raises; it keeps nothing of what it was asked, and no answer, log or error
holds a password.
"""

from typing import Protocol

from mft.model.directory import Person, Standing, Wrong


class Directory(Protocol):
    """Says whether a password is right, and how somebody stands without it."""

    async def verify(self, user: str, password: str) -> Person | Wrong:
        """Return who *user* is if *password*, exactly as it was typed, is right.

        Raises Unavailable when there is no answer, or none to rely on: it was changed meanwhile, say.
        """
        ...

    async def standing(self, user: str) -> Standing:
        """Return how *user* stands; somebody who is not there is not enabled.  Raises Unavailable."""
        ...

    async def groups(self, user: str) -> frozenset[str]:
        """Return the groups that *user* is in, as the directory names them.  Raises Unavailable.

        Whoever is not there or not enabled is in none.  A group that is in another one is not followed:
        its people are in the first and not in the second.
        """
        ...


def may_be_asked(user: str, password: str | None = None) -> bool:
    """Return whether the words can be anybody's at all; where not, a directory says no without being asked.

    An empty password never goes out: a server takes it for somebody who does not want to be known, and
    says yes (RFC 4513, 5.1.2).  Neither does NUL, which ends a string below us: what came before it
    would be tried, or nothing.
    """
    if password is None:
        return _text(user)
    return _text(user) and _text(password)


def _text(words: str) -> bool:
    """Return whether *words* are some, and can be written as UTF-8 without NUL."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return bool(words) and "\0" not in words

"""The trial directory: a small file of people, for demonstrations and first days.

Passwords stand in it as Argon2id verifiers, apart from those of accounts.  Like an LDAP server it takes
a password exactly as it was typed, and gives each one that is set a mark of its own.
"""

import asyncio
import fcntl
import json
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Final

from mft.crypto.passwords import Passwords
from mft.crypto.secretfile import create_secret, read_secret, replace_secret
from mft.directory.port import may_be_asked
from mft.model.directory import Person, Standing, Wrong
from mft.model.errors import Conflict, Invalid, NotFound, Unavailable

_WHAT: Final = "the trial directory"
_LONGEST: Final = 255
_MARK: Final = 16
"""Hexadecimal digits and more of a mark: no two are ever the same."""


@dataclass(frozen=True, slots=True)
class TrialPerson:
    """Somebody in the file."""

    user: str
    verifier: str
    mark: str
    enabled: bool = True
    groups: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Name the person and no more."""
        return f"TrialPerson({self.user!r})"


class TrialDirectory:
    """Answers from the file as it is now."""

    def __init__(self, file: Path, passwords: Passwords) -> None:
        """Keep where the *file* is; it is read anew for every question."""
        self._file = file
        self._passwords = passwords
        self._one_at_a_time = Lock()  # A check takes 64 MiB.

    async def verify(self, user: str, password: str) -> Person | Wrong:
        """Return who *user* is if *password* is right.  Raises Unavailable."""
        if not may_be_asked(user, password):
            return Wrong()
        return await asyncio.to_thread(self._verify, user, password)

    async def standing(self, user: str) -> Standing:
        """Return how *user* stands.  Raises Unavailable."""
        found = await asyncio.to_thread(self._find, user)
        return Standing(user, found.mark, found.enabled) if found else Standing(user, "", enabled=False)

    async def groups(self, user: str) -> frozenset[str]:
        """Return the groups that *user* is in.  Raises Unavailable."""
        found = await asyncio.to_thread(self._find, user)
        return frozenset(found.groups) if found and found.enabled else frozenset()

    def _verify(self, user: str, password: str) -> Person | Wrong:
        found = self._find(user)
        with self._one_at_a_time:
            fits = self._passwords.matches(password, found.verifier if found else None)
        if found is None or not found.enabled or not fits:
            return Wrong()
        if self._find(user) != found:
            raise Unavailable(f"{user} was changed meanwhile; try again")
        return Person(user, found.mark)

    def _find(self, user: str) -> TrialPerson | None:
        try:
            return _people(self._file).get(user.casefold())
        except Invalid as error:
            raise Unavailable(str(error)) from None


def listing(file: Path) -> list[TrialPerson]:
    """Return everybody in *file*, by name; nobody while there is no file.  Raises Invalid or Unavailable."""
    return sorted(_people(file).values(), key=lambda one: one.user) if file.exists() else []


def make(file: Path) -> None:
    """Make *file* without anybody in it.  Raises Conflict if there is one already."""
    create_secret(file, _written({}), _WHAT)


def add(file: Path, passwords: Passwords, user: str, password: str, groups: Collection[str] = ()) -> None:
    """Add *user*, who is in *groups*, and the file if there is none.  Raises Conflict or Invalid."""
    _demand_fit(user, password)
    kept = _fit_groups(groups)
    with _rewriting(file) as people:
        if user.casefold() in people:
            raise Conflict(
                f"{user} is in the trial directory already; set another password by mft directory trial passwd"
            )
        people[user.casefold()] = TrialPerson(user, passwords.seal(password), _fresh_mark(), groups=kept)


def set_password(file: Path, passwords: Passwords, user: str, password: str) -> None:
    """Give *user* another password, and with it another mark.  Raises NotFound or Invalid."""
    _demand_fit(user, password)
    _change(file, user, lambda one: replace(one, verifier=passwords.seal(password), mark=_fresh_mark()))


def disable(file: Path, user: str) -> None:
    """Let *user*'s password open nothing more.  Raises NotFound."""
    _change(file, user, lambda one: replace(one, enabled=False))


def put_into(file: Path, user: str, groups: Collection[str]) -> None:
    """Put *user* into *groups* and no others.  Raises NotFound or Invalid."""
    kept = _fit_groups(groups)
    _change(file, user, lambda one: replace(one, groups=kept))


def _change(file: Path, user: str, change: Callable[[TrialPerson], TrialPerson]) -> None:
    with _rewriting(file) as people:
        found = people.get(user.casefold())
        if found is None:
            raise NotFound(f"nobody in the trial directory is called {user}; see mft directory trial list")
        people[user.casefold()] = change(found)


def _demand_fit(user: str, password: str) -> None:
    if not may_be_asked(user, password) or not user.isprintable() or len(user) > _LONGEST:
        raise Invalid(f"a user id has 1 to {_LONGEST} printable characters, and a password at least one and no NUL")


def _fit_groups(groups: Collection[str]) -> tuple[str, ...]:
    """Return *groups* as the file keeps them.  Raises Invalid."""
    if not all(may_be_asked(one) and one.isprintable() and len(one) <= _LONGEST for one in groups):
        raise Invalid(f"a group's name has 1 to {_LONGEST} printable characters")
    return tuple(sorted(set(groups)))


def _fresh_mark() -> str:
    return secrets.token_hex(_MARK)


def _people(file: Path) -> dict[str, TrialPerson]:
    """Return everybody in *file* by their name in lower case, in which LDAP servers compare names."""
    said = read_secret(file, _WHAT)
    try:
        return {one["user"].casefold(): _person(one) for one in json.loads(said)["people"]}
    except (ValueError, TypeError, KeyError, AttributeError):
        # Without its cause: an error of the reader shows what it read.
        raise Invalid(f"{_WHAT} {file} cannot be understood; add people by mft directory trial add") from None


def _person(fields: Mapping[str, Any]) -> TrialPerson:
    """Return whom *fields* of the file describe.  Raises TypeError."""
    groups = fields.get("groups", [])
    if not isinstance(groups, list) or not all(isinstance(one, str) for one in groups):
        raise TypeError("groups are a list of names")
    return TrialPerson(**{**fields, "groups": tuple(groups)})


@contextmanager
def _rewriting(file: Path) -> Iterator[dict[str, TrialPerson]]:
    """Give everybody in *file* to be changed, and put the file in its place whole; one at a time does."""
    with _locked(file.parent):
        people = _people(file) if file.exists() else {}
        yield people
        (replace_secret if file.exists() else create_secret)(file, _written(people), _WHAT)


def _written(people: Mapping[str, TrialPerson]) -> bytes:
    return json.dumps({"people": [asdict(one) for one in people.values()]}, indent=2).encode() + b"\n"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable(f"{folder} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)

"""The two directories, each with the same way to put people into it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest

from mft.crypto.passwords import Passwords
from mft.directory import trial
from mft.directory.ldap import LdapDirectory
from mft.directory.port import Directory
from mft.directory.trial import TrialDirectory
from tests.support.slapd import GROUPS, HOST, Slapd, free_ports, running_slapd

QUICK = Passwords(memory_kib=8, passes=1)


class Known(Protocol):
    """A directory, and what its administrator does."""

    directory: Directory
    down: Directory

    def add(self, user: str, password: str) -> None: ...
    def set_password(self, user: str, password: str) -> None: ...
    def disable(self, user: str) -> None: ...
    def put_into(self, user: str, *groups: str) -> None: ...
    def called(self, group: str) -> str: ...


@dataclass
class KnownByFile:
    file: Path

    @property
    def directory(self) -> Directory:
        return TrialDirectory(self.file, QUICK)

    @property
    def down(self) -> Directory:
        return TrialDirectory(self.file.with_name("missing"), QUICK)

    def add(self, user: str, password: str) -> None:
        trial.add(self.file, QUICK, user, password)

    def set_password(self, user: str, password: str) -> None:
        trial.set_password(self.file, QUICK, user, password)

    def disable(self, user: str) -> None:
        trial.disable(self.file, user)

    def put_into(self, user: str, *groups: str) -> None:
        trial.put_into(self.file, user, groups)

    def called(self, group: str) -> str:
        return group


_NUMBERS = count(1)


@dataclass
class KnownByLdap:
    slapd: Slapd
    scheme: str
    names: dict[str, str] = field(default_factory=dict)
    """By user id, the name in the tree: metacharacters are for the user id's filter to bear, and for the name, too."""
    groups: dict[str, set[str]] = field(default_factory=dict)
    """By group, who is in it."""

    @property
    def directory(self) -> Directory:
        return LdapDirectory(self.slapd.server(self.scheme))

    @property
    def down(self) -> Directory:
        (nobody,) = free_ports(1)
        url = f"{self.scheme}://{HOST}:{nobody}"
        return LdapDirectory(self.slapd.server(self.scheme, url=url, timeout=timedelta(seconds=20)))

    def add(self, user: str, password: str) -> None:
        self.names[user] = f"{user} {next(_NUMBERS)}"
        self.slapd.add(user, password, cn=self.names[user])

    def set_password(self, user: str, password: str) -> None:
        self.slapd.set_password(self.names[user], password)

    def disable(self, user: str) -> None:
        self.slapd.put(self.names[user], "pwdAccountLockedTime", "000001010000Z")

    def put_into(self, user: str, *groups: str) -> None:
        for group in groups:
            if group not in self.groups:
                self.slapd.add_group(group)
                self.groups[group] = set()
        for group, users in self.groups.items():
            if (user in users) is not (group in groups):
                self.slapd.join(group, self.names[user], how="add" if group in groups else "delete")
                users ^= {user}

    def called(self, group: str) -> str:
        octets = "".join(f"\\{one:02X}" for one in group.encode())
        return f"CN={octets}, {GROUPS}"

    def leave(self) -> None:
        for group in self.groups:
            self.slapd.remove(group, GROUPS)
        for name in self.names.values():
            self.slapd.remove(name)


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    with running_slapd() as running:
        # Somebody who is always there: where nobody is seen at all, nothing is answered.
        running.add("somebody", "of no account")
        yield running


@pytest.fixture(params=["trial", "ldap", "ldaps"])
def known(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Known]:
    """A directory in which somebody already is."""
    if request.param == "trial":
        made = KnownByFile(tmp_path / "people.json")
        made.add("somebody", "of no account")
        yield made
        return
    ldap = KnownByLdap(request.getfixturevalue("slapd"), request.param)
    yield ldap
    ldap.leave()


@dataclass
class People:
    """Somebody in the directory for the length of a test."""

    slapd: Slapd
    added: list[str] = field(default_factory=list)

    def add(self, user: str, **other: Any) -> None:
        self.slapd.add(user, other.pop("password", "correct horse"), **other)
        if "below" not in other:
            self.added.append(other.get("cn", user))


@pytest.fixture
def people(slapd: Slapd) -> Iterator[People]:
    found = People(slapd)
    yield found
    for cn in found.added:
        slapd.remove(cn)

"""People of an LDAP server: OpenLDAP, Active Directory and their kind.

TLS is demanded, its certificate checked, or nothing is said.  Each question is put by a process of its
own (mft.directory.conversation), which is ended when it takes too long: a silent server holds up
nobody but whoever asked.
"""

import asyncio
import json
import os
import ssl
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final

from mft.crypto.secretfile import read_secret
from mft.directory.port import may_be_asked
from mft.model.directory import Person, Standing, Wrong
from mft.model.errors import Invalid, Unavailable
from mft.policy.groups import is_below

_AT_ONCE: Final = 16
"""Conversations at a time; whoever comes on top is told to come again, and the directory is spared."""
_SYSTEM_TRUST: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""Where Debian's and Red Hat's kind keep what the system trusts, as one file."""


_ANSWERS: Final = frozenset({"person", "wrong", "standing", "groups"})


@dataclass(frozen=True, slots=True)
class LdapServer:
    """The server, and where in it people are."""

    url: str
    """ldap://, where StartTLS is demanded, or ldaps://."""
    base: str
    bind_dn: str = ""
    """Whom we search as; empty: nobody, if the server shows people to everybody."""
    bind_password_file: Path | None = None
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    person: str = "inetOrgPerson"
    user: str = "uid"
    mark: str = "pwdChangedTime"
    locks_end: bool = True
    """Whether its lock after wrong passwords ends by itself; then only an administrator's lock is one for good."""
    group_base: str = ""
    """Below which groups count; empty: none does."""
    group_members: tuple[str, ...] = ("member", "uniqueMember")
    """Attributes of a group that name its people."""
    person_groups: str = ""
    """The attribute of a person that names their groups; empty: it is not read."""
    timeout: timedelta = timedelta(seconds=5)
    """For one whole answer."""


class LdapDirectory:
    """Asks an LDAP server."""

    def __init__(self, server: LdapServer) -> None:
        """Keep *server*; nothing is read or opened before a question."""
        self._server = server
        self._lines = BoundedSemaphore(_AT_ONCE)

    async def verify(self, user: str, password: str) -> Person | Wrong:
        """Return who *user* is if a bind with *password* succeeds.  Raises Unavailable."""
        if not may_be_asked(user, password):
            return Wrong()
        said = await self._ask({"user": user, "password": password})
        return Person(user, said["mark"]) if said["said"] == "person" else Wrong()

    async def standing(self, user: str) -> Standing:
        """Return how *user* stands.  Raises Unavailable."""
        if not may_be_asked(user):
            return Standing(user, "", enabled=False)
        said = await self._ask({"user": user})
        return Standing(user, said["mark"], said["enabled"])

    async def groups(self, user: str) -> frozenset[str]:
        """Return the distinguished names of the groups that *user* is in.  Raises Unavailable."""
        if not may_be_asked(user) or not self._server.group_base:
            return frozenset()
        said = await self._ask({"user": user, "groups": True})
        # What a person names may stand anywhere, where others than those who give roles make groups.
        return frozenset(one for one in said["groups"] if is_below(one, self._server.group_base))

    async def _ask(self, words: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer of a process that lives for this question."""
        _demand_library()
        question = json.dumps({**words, **self._setting()}).encode()
        with self._one_line():
            seconds = self._server.timeout.total_seconds()
            try:
                async with asyncio.timeout(seconds):
                    said = await _converse(question)
            except TimeoutError:
                raise self._no_answer(f"it did not answer within {seconds:g} s") from None
        if said.get("said") not in _ANSWERS:
            raise self._no_answer(str(said.get("why")))
        return said

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        # Never waited for: it belongs to no event loop, and a directory this slow would not answer in time.
        if not self._lines.acquire(blocking=False):
            raise self._no_answer(f"{_AT_ONCE} questions wait for it already")
        try:
            yield
        finally:
            self._lines.release()

    def _setting(self) -> dict[str, Any]:
        server = self._server
        described = {
            "url": server.url,
            "base": server.base,
            "bind_dn": server.bind_dn,
            "ca_file": str(self._trust()),
            "person": server.person,
            "user": server.user,
            "mark": server.mark,
            "locks_end": server.locks_end,
            "group_base": server.group_base,
            "group_members": list(server.group_members),
            "person_groups": server.person_groups,
        }
        return {
            "server": described,
            "bind_password": self._bind_password(),
            "seconds": server.timeout.total_seconds(),
        }

    def _bind_password(self) -> str:
        """Return the password as its file holds it now, so that a changed one needs no restart."""
        server = self._server
        if not server.bind_dn:
            return ""
        if server.bind_password_file is None:
            raise Unavailable("directory.bind_dn is set and .bind_password_file is not; name the file")
        try:
            found = read_secret(server.bind_password_file, "the directory's password").decode().strip("\r\n")
        except (Invalid, UnicodeDecodeError) as error:
            raise Unavailable(str(error)) from None
        if not may_be_asked(server.bind_dn, found):
            raise Unavailable(f"{server.bind_password_file} holds no password; write it there")
        return found

    def _trust(self) -> Path:
        """Return the file of the certificates to trust."""
        named = self._server.ca_file
        found = named or next((Path(one) for one in _system_trust() if Path(one).is_file()), None)
        if found is None:
            raise Unavailable("the system's certificates were not found; name a file in directory.ca_file")
        try:
            ssl.create_default_context(cafile=found)
        except OSError as error:  # ssl.SSLError is one.
            raise Unavailable(f"{found} holds no certificates; check directory.ca_file: {error}") from None
        return found

    def _no_answer(self, why: str) -> Unavailable:
        what, _, mend = why.partition("; ")
        return Unavailable(f"the directory {self._server.url}: {what}; {mend or 'check the [directory] settings'}")


def _system_trust() -> tuple[str, ...]:
    named = ssl.get_default_verify_paths().cafile
    return (named, *_SYSTEM_TRUST) if named else _SYSTEM_TRUST


def _demand_library() -> None:
    """Raise Unavailable where the extra was not installed."""
    if find_spec("bonsai") is None:
        raise Unavailable("the LDAP library is not installed; install the extra: pip install 'mft[ldap]'")


async def _converse(question: bytes) -> dict[str, Any]:
    """Return what a new process answers to *question*; it does not outlive the call."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "mft.directory.conversation"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        # Without its files and variables, ldap.conf(5), which could trust others than we do.
        env={"LDAPNOINIT": "1", "PATH": os.defpath},
    )
    try:
        said, _ = await process.communicate(question)
    finally:
        await _end(process)
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        return {"why": f"the process that asks it ended with {process.returncode}"}
    return found


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()

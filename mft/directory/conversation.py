"""One conversation with an LDAP server, in a process of its own: a question on standard input, the answer on output.

The library below holds the interpreter still while it connects, makes TLS and binds, and waits without
an end for a server that is silent.  In a process of its own it stops nobody but itself, and is killed
when its time is over (mft.directory.ldap).  Nothing else of the server is loaded here.
"""

import json
import signal
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import bonsai
from bonsai import LDAPClient, LDAPConnection, LDAPEntry, LDAPSearchScope

LOCKED_FOR_GOOD: Final = "000001010000Z"
"""What pwdAccountLockedTime says of whom an administrator locked (draft-behera-ldap-password-policy, 5.3.3)."""

_NO_PASSWORD: Final = 0x30
"""inappropriateAuthentication: there is somebody, and they have no password."""
_ACCOUNT_DISABLED: Final = 0x2
"""ADS_UF_ACCOUNTDISABLE in userAccountControl."""
_NAMES: Final = ("entryDN", "distinguishedName")
"""The name as the server writes it (RFC 5020, or Active Directory's): the library's own copy is unescaped anew,
which makes another name of one that holds a backslash."""
_SURELY_TWO: Final = 2
_MOST_GROUPS: Final = 1000
"""Of one person; a server that has more shows the first of them only, and then none is believed."""
_STATES: Final = ("pwdAccountLockedTime", "pwdReset", "userAccountControl")


class NoAnswer(Exception):
    """There is no answer, or none to rely on; the text says why, for operators."""


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody as the directory shows them."""

    name: str
    mark: str
    enabled: bool
    must_change: bool


class Talk:
    """Puts the questions of one conversation to one server."""

    def __init__(self, server: Mapping[str, Any], password: str) -> None:
        """Take the *server* as it was described, and the *password* we search with."""
        self._server = server
        self._password = password

    def verify(self, user: str, password: str) -> dict[str, Any]:
        """Return what a bind as *user* says; the mark has to be the same before and after it."""
        with self._searching() as line:
            found = self._find(line, user)
            if found is None or not found.enabled or found.must_change or not self._opens(found.name, password):
                return {"said": "wrong"}
            if self._find(line, user) != found:
                raise NoAnswer(f"{user} was changed meanwhile; try again")
        return {"said": "person", "mark": found.mark}

    def standing(self, user: str) -> dict[str, Any]:
        """Return how *user* stands."""
        with self._searching() as line:
            found = self._find(line, user)
        return {"said": "standing", "mark": found.mark if found else "", "enabled": bool(found and found.enabled)}

    def groups(self, user: str) -> dict[str, Any]:
        """Return the groups of *user*, none of somebody who is not there or not enabled."""
        named = self._server["person_groups"]
        with self._searching() as line:
            entry = self._entry(line, user, [named] if named else [])
            if entry is None or not self._enabled(entry):
                return {"said": "groups", "groups": []}
            groups = self._naming(line, user, entry) | ({str(one) for one in entry.get(named, [])} if named else set())
        return {"said": "groups", "groups": sorted(groups)}

    @contextmanager
    def _searching(self) -> Iterator[LDAPConnection]:
        """Give a connection of the one we search as."""
        try:
            line = self._client(self._server["bind_dn"], self._password).connect()
        except bonsai.AuthenticationError as error:
            raise NoAnswer(f"it does not let us search: {error}; check directory.bind_dn and its password") from None
        with closing(line):
            yield line

    def _client(self, name: str, password: str) -> LDAPClient:
        """Return how to connect: TLS with a certificate that is vouched for, or not at all."""
        server = self._server
        client = LDAPClient(server["url"], tls=not server["url"].startswith("ldaps:"))
        client.set_cert_policy("demand")
        client.set_ca_cert(server["ca_file"])
        client.set_ignore_referrals(True)
        if name:
            client.set_credentials("SIMPLE", user=name, password=password)
        return client

    def _opens(self, name: str, password: str) -> bool:
        """Return whether *password* binds as *name*."""
        client = self._client(name, password)
        client.set_password_policy(True)
        try:
            line, policy = client.connect()  # With a policy asked for, two come back.
        except (bonsai.AuthenticationError, bonsai.PasswordPolicyError):
            return False
        except bonsai.LDAPError as error:
            if error.code == _NO_PASSWORD:
                return False
            raise
        line.close()
        # Expired, and let in a few times more to change it: that is no password to build on.
        return policy is None or policy["grace"] < 0

    def _find(self, line: LDAPConnection, user: str) -> Found | None:
        """Return the one person called *user* as they are seen, or None if there is none."""
        entry = self._entry(line, user)
        return None if entry is None else self._seen(user, entry)

    def _entry(self, line: LDAPConnection, user: str, more: Collection[str] = ()) -> LDAPEntry | None:
        """Return the one person called *user*, with *more* of them, or None if there is none."""
        server = self._server
        called = f"(&(objectClass={escaped(server['person'])})({server['user']}={escaped(user)}))"
        entries = self._search(line, called, _SURELY_TWO, more)
        if len(entries) > 1:
            raise NoAnswer(f"more than one person is called {user}; narrow directory.base")
        if entries:
            return entries[0]
        self._demand_sight(line)
        return None

    def _demand_sight(self, line: LDAPConnection) -> None:
        """Raise NoAnswer if nobody at all is seen: then we look in the wrong place or may not look, and nobody left."""
        if not self._search(line, f"(objectClass={escaped(self._server['person'])})", 1):
            raise NoAnswer("it shows no person at all; check directory.base, .person and what bind_dn may read")

    def _search(self, line: LDAPConnection, filter_: str, most: int, more: Collection[str] = ()) -> list[LDAPEntry]:
        """Return whom *filter_* means, with *more* of them; when there are more than *most*, as many."""
        server = self._server
        wanted = [server["user"], server["mark"], *_STATES, *_NAMES, *more]
        try:
            return list(line.search(server["base"], LDAPSearchScope.SUBTREE, filter_, wanted, sizelimit=most))
        except bonsai.SizeLimitError:
            # The library keeps none of those that came; nobody looks at them.
            return [LDAPEntry(server["base"])] * most

    def _seen(self, user: str, entry: LDAPEntry) -> Found:
        mark = _first(entry, self._server["mark"])
        if not mark:
            raise NoAnswer(
                f"it shows no {self._server['mark']} of {user}; let bind_dn read it, and a password policy set it"
            )
        return Found(_name(entry, user), mark, self._enabled(entry), _first(entry, "pwdReset").upper() == "TRUE")

    def _naming(self, line: LDAPConnection, user: str, entry: LDAPEntry) -> set[str]:
        """Return the groups that name *entry* as theirs."""
        server, member = self._server, escaped(_name(entry, user))
        if not server["group_members"]:
            return set()
        called = "".join(f"({key}={member})" for key in server["group_members"])
        base, names = server["group_base"], list(_NAMES)
        try:
            found = list(line.search(base, LDAPSearchScope.SUBTREE, f"(|{called})", names, sizelimit=_MOST_GROUPS))
        except bonsai.SizeLimitError:
            raise NoAnswer(f"{user} is in more than {_MOST_GROUPS} groups; narrow directory.group_base") from None
        if not found and not line.search(base, LDAPSearchScope.BASE, "(objectClass=*)", names):
            raise NoAnswer(f"it does not show {base}; check directory.group_base and what bind_dn may read")
        return {_name(one, "a group") for one in found}

    def _enabled(self, entry: LDAPEntry) -> bool:
        locked = _first(entry, "pwdAccountLockedTime")
        if locked and (locked == LOCKED_FOR_GOOD or not self._server["locks_end"]):
            return False
        control = _first(entry, "userAccountControl")
        return not (control.isdecimal() and int(control) & _ACCOUNT_DISABLED)


def escaped(words: str) -> str:
    """Return *words* as a filter's value that means them and nothing else (RFC 4515): letters and digits stay."""
    return "".join(chr(one) if chr(one).isalnum() and one < 128 else f"\\{one:02x}" for one in words.encode())  # noqa: PLR2004


def _name(entry: LDAPEntry, whose: str) -> str:
    """Return the name of *entry* as the server writes it."""
    name = next((said for key in _NAMES if (said := _first(entry, key))), "")
    if not name:
        raise NoAnswer(f"it shows neither {' nor '.join(_NAMES)} of {whose}; let bind_dn read one of them")
    return name


def _first(entry: LDAPEntry, key: str) -> str:
    """Return the first value of *key*, or nothing."""
    return str(entry[key][0]) if entry.get(key) else ""


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to *question*; whatever goes wrong with the server is one, too."""
    talk = Talk(question["server"], question["bind_password"])
    try:
        if "password" in question:
            return talk.verify(question["user"], question["password"])
        return talk.groups(question["user"]) if "groups" in question else talk.standing(question["user"])
    except NoAnswer as error:
        return {"said": "nothing", "why": str(error)}
    except bonsai.LDAPError as error:
        return {"said": "nothing", "why": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answer one question."""
    question = json.loads(sys.stdin.buffer.read())
    # Should whoever asked be gone, so are we soon: the system ends us, whatever the library waits for.
    signal.alarm(int(question["seconds"]) + 2)
    json.dump(answer(question), sys.stdout)


if __name__ == "__main__":
    main()

"""A real OpenLDAP server on this machine: people, a password policy that locks, and TLS."""

import base64
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any, Final
from urllib.parse import quote

import trustme

from mft.directory.ldap import LdapServer

HOST: Final = "127.0.0.1"
BASE: Final = "dc=plan,dc=example"
PEOPLE: Final = f"ou=people,{BASE}"
GROUPS: Final = f"ou=groups,{BASE}"
MANAGER: Final = f"cn=manager,{BASE}"
READER: Final = f"cn=mft,{BASE}"
READER_PASSWORD: Final = "reads people"
EXPIRING: Final = f"cn=expiring,{BASE}"
"""A policy by which passwords are good for an hour."""
LENIENT: Final = f"cn=lenient,{BASE}"
"""The same, and twice more to change them."""
LONG_AGO: Final = "20250101000000Z"
"""When the passwords of people who are added were set: the server notes seconds, and tests do not wait for one."""
MOST_FAILURES: Final = 3

_CONFIG: Final = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
# As Active Directory has them.
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.96 NAME 'pwdLastSet' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
moduleload memberof
{tls}
# As Active Directory does, it says yes to a name without a password: what refuses that has to be us.
allow bind_anon_cred bind_anon_dn
database mdb
suffix "{base}"
rootdn "{manager}"
rootpw managing
directory {folder}/data
overlay ppolicy
ppolicy_default "cn=policy,{base}"
ppolicy_use_lockout
# People are told of the groups that name them by member, and of no others.
overlay memberof
access to dn.subtree="ou=hidden,{base}" attrs=pwdChangedTime by * none
access to attrs=userPassword by self write by anonymous auth by * none
access to * by dn.exact="{reader}" read by self read by * none
"""
_TLS: Final = (
    "TLSCACertificateFile {folder}/ca.pem\nTLSCertificateFile {folder}/tls.pem\nTLSCertificateKeyFile {folder}/tls.pem"
)
_FIRST: Final = """
dn: {base}
objectClass: dcObject
objectClass: organization
o: Plan
dc: plan

dn: {people}
objectClass: organizationalUnit
ou: people

dn: {groups}
objectClass: organizationalUnit
ou: groups

dn: ou=hidden,{base}
objectClass: organizationalUnit
ou: hidden

dn: ou=empty,{base}
objectClass: organizationalUnit
ou: empty

dn: cn=policy,{base}
objectClass: person
objectClass: pwdPolicy
cn: policy
sn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: {most_failures}

dn: {expiring}
objectClass: person
objectClass: pwdPolicy
cn: expiring
sn: policy
pwdAttribute: userPassword
pwdMaxAge: 3600

dn: {lenient}
objectClass: person
objectClass: pwdPolicy
cn: lenient
sn: policy
pwdAttribute: userPassword
pwdMaxAge: 3600
pwdGraceAuthNLimit: 2

dn: {reader}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: mft
userPassword: {reader_password}
"""


@dataclass(frozen=True)
class Slapd:
    """A running server."""

    folder: Path
    clear: int
    """Port of ldap://."""
    tls: int
    """Port of ldaps://."""

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def password_file(self) -> Path:
        return self.folder / "reader"

    def server(self, scheme: str = "ldap", seconds: float = 20, **other: Any) -> LdapServer:
        """Return how the product is told of it."""
        words = {
            "url": f"{scheme}://{HOST}:{self.clear if scheme == 'ldap' else self.tls}",
            "base": PEOPLE,
            "group_base": GROUPS,
            "bind_dn": READER,
            "bind_password_file": self.password_file,
            "ca_file": self.ca_file,
            "timeout": timedelta(seconds=seconds),
        }
        return LdapServer(**(words | other))

    def add(self, user: str, password: str | None, *, below: str = PEOPLE, cn: str = "", **other: str) -> None:
        """Add somebody; by *cn* they are told apart in the tree, and it is their user id where none is named."""
        fields = {"cn": cn or user, "sn": "Person", "uid": user, **other}
        if password is not None:
            fields |= {"userPassword": password, "pwdChangedTime": other.get("pwdChangedTime", LONG_AGO)}
        classes = "objectClass: inetOrgPerson\nobjectClass: extensibleObject\n"
        lines = "".join(_line(key, value) for key, value in fields.items() if value)
        self._modify(f"{self._dn(cn or user, below)}changetype: add\n{classes}{lines}")

    def put(self, cn: str, key: str, value: str) -> None:
        """Set what the directory notes of somebody, be it what it keeps to itself."""
        self._modify(f"{self._dn(cn)}changetype: modify\nreplace: {key}\n{_line(key, value)}")

    def set_password(self, cn: str, password: str) -> None:
        """Let an administrator set somebody's password."""
        self.put(cn, "userPassword", password)

    def remove(self, cn: str, below: str = PEOPLE) -> None:
        """Let somebody, or a group, vanish."""
        self._modify(f"{self._dn(cn, below)}changetype: delete\n")

    def add_group(self, cn: str, *, below: str = GROUPS, kind: str = "member", group: str = "") -> None:
        """Add a group, which names its people by the attribute *kind*; another *group* can be in it."""
        objects = {"member": "groupOfNames", "uniqueMember": "groupOfUniqueNames"}
        # A group has to name somebody.
        lines = f"objectClass: {objects[kind]}\n{_line('cn', cn)}{kind}: {MANAGER}\n"
        inner = self._dn(group, GROUPS).replace("dn: ", f"{kind}: ") if group else ""
        self._modify(f"{self._dn(cn, below)}changetype: add\n{lines}{inner}")

    def join(self, group: str, cn: str, *, below: str = GROUPS, kind: str = "member", how: str = "add") -> None:
        """Let a group name somebody, or by *how* = "delete" no more."""
        member = self._dn(cn).replace("dn: ", f"{kind}: ")
        self._modify(f"{self._dn(group, below)}changetype: modify\n{how}: {kind}\n{member}")

    def knows(self, cn: str) -> bool:
        """Return whether somebody is called so."""
        name = self._dn(cn).removeprefix("dn: ").strip()
        ask = [
            "ldapsearch",
            "-x",
            "-H",
            _socket(self.folder),
            "-D",
            MANAGER,
            "-w",
            "managing",
            "-s",
            "base",
            "-b",
            name,
        ]
        return subprocess.run(ask, capture_output=True, timeout=30, check=False).returncode == 0

    def _modify(self, ldif: str) -> None:
        """Run a change as the one who may do everything, and may relax what the server keeps for itself."""
        subprocess.run(
            ["ldapmodify", "-x", "-e", "relax", "-H", _socket(self.folder), "-D", MANAGER, "-w", "managing"],
            input=ldif.encode(),
            check=True,
            capture_output=True,
            timeout=30,
        )

    @staticmethod
    def _dn(cn: str, below: str = PEOPLE) -> str:
        """Return the line of a name: every octet of *cn* in hexadecimal, so that none of them is special."""
        name = "".join(f"\\{one:02x}" for one in cn.encode())
        return f"dn: cn={name},{below}\n"


def _line(key: str, value: str) -> str:
    return f"{key}:: {base64.b64encode(value.encode()).decode()}\n"


def _socket(folder: Path) -> str:
    return f"ldapi://{quote(str(folder / 'ldapi'), safe='')}"


def free_ports(many: int) -> list[int]:
    """Return ports that nobody listens on now."""
    probes = [socket.create_server((HOST, 0)) for _ in range(many)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def running_slapd(*, tls: bool = True) -> Iterator[Slapd]:
    """Give a server of its own, and end it by its process."""
    # Not in pytest's folder: the name of a socket is short.
    folder = Path(tempfile.mkdtemp(prefix="slapd"))
    slapd = Slapd(folder, *free_ports(2))
    try:
        _write(slapd, tls=tls)
        _must("/usr/sbin/slapadd", "-q", "-f", folder / "slapd.conf", "-l", folder / "first.ldif")
        urls = [f"ldap://{HOST}:{slapd.clear}", *([f"ldaps://{HOST}:{slapd.tls}"] if tls else []), _socket(folder)]
        # With -d it stays in the foreground, and is ours to end.
        command = ["/usr/sbin/slapd", "-f", folder / "slapd.conf", "-h", " ".join(urls), "-d", "0"]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                _await(slapd, process)
                yield slapd
            finally:
                process.terminate()
    finally:
        shutil.rmtree(folder)


def _write(slapd: Slapd, *, tls: bool) -> None:
    folder = slapd.folder
    (folder / "data").mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(folder / "tls.pem")
    slapd.password_file.write_text(f"{READER_PASSWORD}\n")
    slapd.password_file.chmod(0o600)
    words = {
        "folder": folder,
        "base": BASE,
        "people": PEOPLE,
        "groups": GROUPS,
        "expiring": EXPIRING,
        "lenient": LENIENT,
        "manager": MANAGER,
        "reader": READER,
        "reader_password": READER_PASSWORD,
        "most_failures": MOST_FAILURES,
        "tls": _TLS.format(folder=folder) if tls else "",
    }
    (folder / "slapd.conf").write_text(_CONFIG.format(**words))
    (folder / "first.ldif").write_text(_FIRST.format(**words))


def _must(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def _await(slapd: Slapd, process: subprocess.Popen[bytes]) -> None:
    """Return once it answers."""
    until = monotonic() + 30
    ask = ["ldapsearch", "-x", "-H", _socket(slapd.folder), "-s", "base", "-b", ""]
    while subprocess.run(ask, capture_output=True, timeout=30, check=False).returncode:
        assert process.poll() is None, (slapd.folder / "log").read_text()
        assert monotonic() < until


@contextmanager
def overheard(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """Give a port that leads to *port*, and what clients sent through it, as it went over the line."""
    heard: list[bytes] = []
    with socket.create_server((HOST, 0)) as listener:
        Thread(target=_relay, args=(listener, port, heard), daemon=True).start()
        yield listener.getsockname()[1], heard
        # What wakes the thread that accepts.
        listener.shutdown(socket.SHUT_RDWR)


def _relay(listener: socket.socket, port: int, heard: list[bytes]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        Thread(target=_join, args=(client, port, heard), daemon=True).start()


def _join(client: socket.socket, port: int, heard: list[bytes]) -> None:
    with client, closing(socket.create_connection((HOST, port))) as server:
        back = Thread(target=_pump, args=(server, client, []))
        back.start()
        _pump(client, server, heard)
        back.join()


def _pump(source: socket.socket, target: socket.socket, heard: list[bytes]) -> None:
    try:
        while block := source.recv(65536):
            heard.append(block)
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def silent() -> Iterator[int]:
    """Give a port where a server takes connections and never says a word."""
    with socket.create_server((HOST, 0)) as listener:
        yield int(listener.getsockname()[1])

"""The clients people use, each behind the same few verbs.  Real programs, run as people run them."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import paramiko

from tests.support.server import Server
from tests.support.sessions import LONG_WAY, SHORT_WAY

RCLONE = Path(sys.executable).parent / "rclone"


class Refused(Exception):
    """The client said no; the text is what it printed."""


class Client(Protocol):
    """What every client can do for a person.  Remote paths are absolute."""

    def put(self, local: Path, remote: str) -> None: ...
    def get(self, remote: str, local: Path) -> None: ...
    def put_rest(self, local: Path, remote: str) -> None: ...
    def get_rest(self, remote: str, local: Path) -> None: ...
    def names(self, folder: str) -> set[str]: ...
    def rename(self, old: str, new: str) -> None: ...
    def remove(self, remote: str) -> None: ...


def run(*arguments: object, typed: str = "", seconds: float = 90, **environment: str) -> str:
    """Run a program, return what it printed, raise Refused if it failed."""
    done = subprocess.run(
        [str(argument) for argument in arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**os.environ, **environment},
    )
    if done.returncode:
        raise Refused(f"{arguments[0]}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


@dataclass
class OpenSsh:
    """OpenSSH's sftp, by key unless a password is asked for."""

    server: Server
    account: str
    by_password: bool = False
    cipher: str = ""

    def options(self) -> list[str]:
        known = f"UserKnownHostsFile={self.server.folder}/known_hosts"
        common = ["-F", "none", "-o", "StrictHostKeyChecking=accept-new", "-o", known]
        common += ["-o", f"Ciphers={self.cipher}"] if self.cipher else []
        if self.by_password:
            return [*common, "-o", "PreferredAuthentications=password", "-o", "BatchMode=no"]
        return [*common, "-i", str(self.server.keys[self.account]), "-o", "IdentitiesOnly=yes"]

    def batch(self, *commands: str) -> str:
        port = str(self.server.port)
        sftp = ["sftp", *self.options(), "-P", port, "-b", "-", f"{self.account}@127.0.0.1"]
        if not self.by_password:
            return run(*sftp, typed="\n".join(commands) + "\n")
        return run(
            "sshpass", "-e", *sftp, typed="\n".join(commands) + "\n", SSHPASS=self.server.passwords[self.account]
        )

    def put(self, local: Path, remote: str) -> None:
        self.batch(f'put "{local}" "{remote}"')

    def get(self, remote: str, local: Path) -> None:
        self.batch(f'get "{remote}" "{local}"')

    def put_rest(self, local: Path, remote: str) -> None:
        self.batch(f'reput "{local}" "{remote}"')

    def get_rest(self, remote: str, local: Path) -> None:
        self.batch(f'reget "{remote}" "{local}"')

    def names(self, folder: str) -> set[str]:
        lines = self.batch(f'ls -1 "{folder}"').splitlines()
        return {line.rpartition("/")[2].strip() for line in lines if not line.startswith("sftp>")}

    def rename(self, old: str, new: str) -> None:
        self.batch(f'rename "{old}" "{new}"')

    def remove(self, remote: str) -> None:
        self.batch(f'rm "{remote}"')


@dataclass
class Psftp:
    """PuTTY's psftp: the SSH core that WinSCP shares.  By password."""

    server: Server
    account: str

    def batch(self, *commands: str) -> str:
        secret = self.server.folder / f"{self.account}.pw"
        secret.write_text(self.server.passwords[self.account])
        script = self.server.folder / f"{self.account}.psftp"
        script.write_text("\n".join((*commands, "quit")) + "\n")
        return run(
            *("psftp", "-batch", "-P", self.server.port, "-pwfile", secret, "-hostkey", self.server.fingerprint()),
            *("-b", script, f"{self.account}@127.0.0.1"),
            HOME=str(self.server.folder),
        )

    def put(self, local: Path, remote: str) -> None:
        self.batch(f'put "{local}" "{remote}"')

    def get(self, remote: str, local: Path) -> None:
        self.batch(f'get "{remote}" "{local}"')

    def put_rest(self, local: Path, remote: str) -> None:
        self.batch(f'reput "{local}" "{remote}"')

    def get_rest(self, remote: str, local: Path) -> None:
        self.batch(f'reget "{remote}" "{local}"')

    def names(self, folder: str) -> set[str]:
        lines = self.batch(f'ls "{folder}"').splitlines()
        found = {line.split(maxsplit=8)[8] for line in lines if line[:1] in {"-", "d"} and len(line.split()) >= 9}
        return found - {".", ".."}

    def rename(self, old: str, new: str) -> None:
        self.batch(f'mv "{old}" "{new}"')

    def remove(self, remote: str) -> None:
        self.batch(f'rm "{remote}"')


@dataclass
class Lftp:
    """lftp over its own SFTP code and OpenSSH's ssh, by key."""

    server: Server
    account: str
    cipher: str = ""

    def batch(self, *commands: str) -> str:
        ssh = shlex.join(["ssh", "-a", "-x", *OpenSsh(self.server, self.account, cipher=self.cipher).options()])
        settings = (
            f"set sftp:connect-program {shlex.quote(ssh)}",
            "set cmd:fail-exit yes",
            "set net:max-retries 1",
            f"open -u {self.account},- -p {self.server.port} sftp://127.0.0.1",
        )
        return run("lftp", "-c", "; ".join((*settings, *commands)), HOME=str(self.server.folder))

    def put(self, local: Path, remote: str) -> None:
        self.batch(f'put "{local}" -o "{remote}"')

    def get(self, remote: str, local: Path) -> None:
        self.batch(f'get "{remote}" -o "{local}"')

    def put_rest(self, local: Path, remote: str) -> None:
        self.batch(f'put -c "{local}" -o "{remote}"')

    def get_rest(self, remote: str, local: Path) -> None:
        self.batch(f'get -c "{remote}" -o "{local}"')

    def names(self, folder: str) -> set[str]:
        return {line.strip("/").rpartition("/")[2] for line in self.batch(f'cls -1 "{folder}/"').splitlines()}

    def rename(self, old: str, new: str) -> None:
        self.batch(f'mv "{old}" "{new}"')

    def remove(self, remote: str) -> None:
        self.batch(f'rm "{remote}"')


@dataclass
class Rclone:
    """rclone, which writes out of order, under a temporary name, and compares times afterwards."""

    server: Server
    account: str
    cipher: str = ""

    def remote(self, path: str) -> str:
        key = self.server.keys[self.account]
        where = f"host=127.0.0.1,port={self.server.port},user={self.account},key_file={key}"
        where += f",ciphers={self.cipher}" if self.cipher else ""
        return f":sftp,{where},shell_type=none,disable_hashcheck=true:{path}"

    def run(self, *arguments: object) -> str:
        return run(RCLONE, "--config", "/dev/null", "--retries", "1", *arguments, HOME=str(self.server.folder))

    def put(self, local: Path, remote: str) -> None:
        self.run("copyto", "--ignore-times", local, self.remote(remote))

    def get(self, remote: str, local: Path) -> None:
        self.run("copyto", "--ignore-times", self.remote(remote), local)

    # rclone starts again where others go on; the outcome for a person is the same.
    put_rest = put
    get_rest = get

    def names(self, folder: str) -> set[str]:
        return {line.rstrip("/") for line in self.run("lsf", self.remote(folder)).splitlines()}

    def rename(self, old: str, new: str) -> None:
        self.run("moveto", self.remote(old), self.remote(new))

    def remove(self, remote: str) -> None:
        self.run("deletefile", self.remote(remote))


@dataclass
class Curl:
    """curl on libssh2, by password."""

    server: Server
    account: str

    def run(self, *arguments: object) -> str:
        config = f'user = "{self.account}:{self.server.passwords[self.account]}"\n'
        return run("curl", "-sS", "--insecure", "-K", "-", *arguments, typed=config)

    def url(self, path: str) -> str:
        return f"sftp://127.0.0.1:{self.server.port}{quote(path)}"

    def put(self, local: Path, remote: str) -> None:
        self.run("-T", local, self.url(remote))

    def get(self, remote: str, local: Path) -> None:
        self.run("-o", local, self.url(remote))

    def put_rest(self, local: Path, remote: str) -> None:
        self.run("-C", "-", "-T", local, self.url(remote))

    def get_rest(self, remote: str, local: Path) -> None:
        self.run("-C", "-", "-o", local, self.url(remote))

    def names(self, folder: str) -> set[str]:
        return set(self.run("--list-only", self.url(folder + "/")).splitlines()) - {".", ".."}

    def rename(self, old: str, new: str) -> None:
        self.run("-Q", f'rename "{old}" "{new}"', "--list-only", self.url("/"))

    def remove(self, remote: str) -> None:
        self.run("-Q", f'rm "{remote}"', "--list-only", self.url("/"))


@dataclass
class Paramiko:
    """paramiko: a pipelining client with an SSH stack of its own, by key."""

    server: Server
    account: str
    cipher: str = ""

    @contextmanager
    def open(self) -> Iterator[paramiko.SFTPClient]:
        with paramiko.Transport(("127.0.0.1", self.server.port)) as transport:
            if self.cipher:
                transport.get_security_options().ciphers = [self.cipher]
            key = paramiko.Ed25519Key.from_private_key_file(str(self.server.keys[self.account]))
            transport.connect(username=self.account, pkey=key)
            sftp = paramiko.SFTPClient.from_transport(transport)
            assert sftp is not None
            yield sftp

    def put(self, local: Path, remote: str) -> None:
        with self.open() as sftp:
            sftp.put(str(local), remote)

    def get(self, remote: str, local: Path) -> None:
        with self.open() as sftp:
            sftp.get(remote, str(local))

    def put_rest(self, local: Path, remote: str) -> None:
        with self.open() as sftp, sftp.open(remote, "r+") as file, local.open("rb") as source:
            start = file.stat().st_size or 0
            source.seek(start)
            file.seek(start)
            file.set_pipelined()
            file.write(source.read())

    def get_rest(self, remote: str, local: Path) -> None:
        with self.open() as sftp, sftp.open(remote, "rb") as file, local.open("ab") as target:
            file.seek(local.stat().st_size)
            target.write(file.read())

    def names(self, folder: str) -> set[str]:
        with self.open() as sftp:
            return set(sftp.listdir(folder))

    def rename(self, old: str, new: str) -> None:
        with self.open() as sftp:
            sftp.rename(old, new)

    def remove(self, remote: str) -> None:
        with self.open() as sftp:
            sftp.remove(remote)


CHOOSING = {"openssh": OpenSsh, "lftp": Lftp, "rclone": Rclone, "paramiko": Paramiko}
"""Those who can be told which cipher to take, and so go the short way and the long one."""

CLIENTS: dict[str, Callable[[Server, str], Client]] = {
    **{name: partial(client, cipher=SHORT_WAY) for name, client in CHOOSING.items()},
    **{f"{name}-ctr": partial(client, cipher=LONG_WAY) for name, client in CHOOSING.items()},
    "openssh-password": partial(OpenSsh, by_password=True),
    # These two cannot be told on their command lines: psftp takes what PuTTY prefers, and the libssh2 of
    # Debian 12's curl knows no GCM.
    "psftp": Psftp,
    "curl": Curl,
}

"""proftpd with mod_sftp: one process per connection."""

import getpass
import grp
import os
from typing import Final

from benchmarks.peers.launch import Launch, Peer, Site
from benchmarks.peers.versions import debian

_CONFIG: Final = """\
ModulePath /usr/lib/proftpd
LoadModule mod_sftp.c
ServerType standalone
ServerName bench
DefaultAddress 127.0.0.1
Port {port}
User {user}
Group {group}
RootLogin on
UseIPv6 off
UseFtpUsers off
RequireValidShell off
PidFile {folder}/proftpd.pid
ScoreboardFile {folder}/scoreboard
DelayEngine off
WtmpLog off
TransferLog none
SystemLog {folder}/proftpd.log
MaxInstances none
AllowOverwrite on
AuthOrder mod_auth_unix.c
<IfModule mod_delay.c>
DelayEngine off
</IfModule>
SFTPEngine on
SFTPLog none
SFTPHostKey {host_key}
SFTPAuthMethods publickey
SFTPAuthorizedUserKeys file:{allowed}
SFTPCiphers aes128-gcm@openssh.com aes256-gcm@openssh.com aes256-ctr aes128-ctr
"""


def prepare(site: Site) -> Launch:
    """Write its configuration and the key in the form it reads (RFC 4716)."""
    site.files.mkdir()
    allowed = site.write("authorized_keys", rfc4716(site.allowed.read_text()))
    text = _CONFIG.format(
        port=site.port,
        user=getpass.getuser(),
        group=grp.getgrgid(os.getegid()).gr_name,
        folder=site.folder,
        host_key=site.grounds.host_key,
        allowed=allowed,
    )
    config = site.write("proftpd.conf", text)
    return Launch(["/usr/sbin/proftpd", "-n", "-q", "-c", str(config)], getpass.getuser(), str(site.files))


def rfc4716(line: str) -> str:
    """Return the public key *line* of OpenSSH as an SSH2 public key file."""
    body = line.split()[1]
    rows = [body[at : at + 70] for at in range(0, len(body), 70)]
    return "\n".join(("---- BEGIN SSH2 PUBLIC KEY ----", *rows, "---- END SSH2 PUBLIC KEY ----", ""))


PROFTPD: Final = Peer("proftpd", prepare, lambda: debian("proftpd-core"))

"""OpenSSH: sshd with its internal SFTP server, privilege separation and one process tree per connection."""

import getpass
import os
from pathlib import Path
from typing import Final

from benchmarks.peers.launch import Launch, Peer, Site
from benchmarks.peers.versions import debian

_SEPARATION: Final = Path("/run/sshd")
_CONFIG: Final = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {host_key}
AuthorizedKeysFile {allowed}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 2000
MaxSessions 2000
PrintMotd no
UseDNS no
LogLevel ERROR
Ciphers +aes256-ctr,chacha20-poly1305@openssh.com
Subsystem sftp internal-sftp
"""


def prepare(site: Site) -> Launch:
    """Write its configuration."""
    site.files.mkdir()
    if os.geteuid() == 0:
        _SEPARATION.mkdir(exist_ok=True)  # What Debian's unit makes at a start.
    text = _CONFIG.format(port=site.port, host_key=site.grounds.host_key, allowed=site.allowed)
    config = site.write("sshd_config", text)
    return Launch(["/usr/sbin/sshd", "-D", "-e", "-f", str(config)], getpass.getuser(), str(site.files))


OPENSSH: Final = Peer("openssh", prepare, lambda: debian("openssh-server"), compared=True)
OPENSSH_FSYNC: Final = Peer("openssh-fsync", prepare, lambda: debian("openssh-server"), durable=True, compared=True)
"""The same server; its clients ask for fsync before each CLOSE (``sftp -f``)."""

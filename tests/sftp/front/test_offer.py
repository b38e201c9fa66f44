"""What a stranger is offered, as an independent auditor sees it."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from mft.policy.penalties import PenaltyRules
from mft.sftp.front.options import CHACHA20, MACS_OF_OLD, Offer, server_options
from tests.support.hall import HOST_KEY, LOOPBACK, Hall, OpenHall

SSH_AUDIT = Path(sys.executable).parent / "ssh-audit"
OLD_CURVES = ("curve25519-sha256", "curve25519-sha256@libssh.org")
POST_QUANTUM = "does not provide protection against post-quantum attacks"


async def audited(hall: Hall) -> dict[str, Any]:
    """Return what ssh-audit says of the door."""
    process = await asyncio.create_subprocess_exec(
        *(SSH_AUDIT, "-jj", "-p", str(hall.port), "127.0.0.1"), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    return json.loads(printed)


async def test_ssh_audit_finds_nothing_but_the_two_curves_that_old_clients_need(open_hall: OpenHall):
    found = await audited(await open_hall(rules=PenaltyRules(exempt=(LOOPBACK,)), per_source=100))
    noted = [(item["algorithm"], item["notes"]) for kind in ("kex", "key", "enc", "mac") for item in found[kind]]
    assert [name for name, notes in noted if "fail" in notes] == []
    warned = [(name, warning) for name, notes in noted for warning in notes.get("warn", [])]
    assert sorted(warned) == [(name, POST_QUANTUM) for name in OLD_CURVES]
    assert found["recommendations"] == {}
    assert found["cves"] == []
    assert found["compression"] == ["none"]
    assert [key["hostkey"] for key in found["fingerprints"]] == ["ssh-ed25519"] * 2


async def test_the_banner_tells_no_version(hall: Hall):
    assert await hall.greeting() == b"SSH-2.0-MFT\r\n"


@pytest.mark.parametrize(
    "wanted",
    [
        {"kex_algs": ["diffie-hellman-group16-sha512"]},
        {"kex_algs": ["ecdh-sha2-nistp256"]},
        {"encryption_algs": ["aes256-cbc"]},
        {"encryption_algs": [CHACHA20]},
        {"encryption_algs": ["aes128-ctr"], "mac_algs": ["hmac-sha1"]},
        {"encryption_algs": ["aes128-ctr"], "mac_algs": ["hmac-sha2-256"]},
        {"compression_algs": ["zlib@openssh.com"]},
        {"server_host_key_algs": ["ssh-rsa"]},
    ],
    ids=str,
)
async def test_what_is_not_on_the_lists_is_not_spoken(hall: Hall, wanted: dict[str, Any]):
    with pytest.raises(asyncssh.KeyExchangeFailed):
        await hall.connect(**wanted)


@pytest.mark.parametrize("cipher", ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes128-ctr"])
async def test_every_cipher_on_the_list_is_spoken(hall: Hall, cipher: str):
    connection, _ = await hall.connect(encryption_algs=[cipher])
    async with connection:
        assert connection.get_extra_info("recv_cipher") == cipher


async def test_two_settings_let_older_clients_in(open_hall: OpenHall):
    hall = await open_hall(offer=Offer(chacha20=True, encrypt_and_mac=True))
    hall.gate.account("alice", allow="127.0.0.1")
    for wanted in (
        {"encryption_algs": [CHACHA20]},
        {"encryption_algs": ["aes128-ctr"], "mac_algs": [MACS_OF_OLD[0]]},
    ):
        connection, _ = await hall.connect(**wanted)
        connection.close()
        await connection.wait_closed()


def test_host_keys_are_objects_and_never_paths():
    options = server_options([HOST_KEY], Offer())
    assert [key.public_data for key in options.server_host_keys.values()] == [HOST_KEY.public_data]


async def test_an_rsa_host_key_that_moved_here_does_not_sign_with_sha1(open_hall: OpenHall):
    hall = await open_hall(host_key=asyncssh.generate_private_key("ssh-rsa", key_size=3072))
    hall.gate.account("alice", allow="127.0.0.1")
    connection, _ = await hall.connect(server_host_key_algs=["rsa-sha2-512", "rsa-sha2-256"])
    connection.close()
    await connection.wait_closed()
    with pytest.raises(asyncssh.KeyExchangeFailed):
        await hall.connect(server_host_key_algs=["ssh-rsa"])

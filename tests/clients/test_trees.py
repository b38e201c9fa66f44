"""Whole folders: OpenSSH -r and scp, lftp's mirror, rclone's copy and check."""

import hashlib
import random
from pathlib import Path

import pytest

from tests.support.clients import Lftp, OpenSsh, Rclone, run
from tests.support.server import Server


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree with folders in folders, an empty file and odd names."""
    noise = random.Random(7)
    root = tmp_path / "tree"
    for name, size in {
        "a.txt": 10,
        "empty": 0,
        "deep/er/b.bin": 70_000,
        "deep/c d.txt": 5,
        "naïve/ü.txt": 65_536,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(noise.randbytes(size))
    return root


def contents(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_openssh_copies_a_tree_there_and_back(server: Server, place: str, tree: Path, tmp_path: Path):
    client = OpenSsh(server, "alice")
    client.batch(f"put -r {tree} {place}/tree")
    client.batch(f"get -r {place}/tree {tmp_path}/back")
    assert contents(tmp_path / "back") == contents(tree)


def test_openssh_keeps_the_times_it_claims(server: Server, place: str, tree: Path, tmp_path: Path):
    client = OpenSsh(server, "alice")
    client.batch(f"put -p {tree}/a.txt {place}/a.txt")
    client.batch(f"get -p {place}/a.txt {tmp_path}/a.txt")
    assert int((tmp_path / "a.txt").stat().st_mtime) == int((tree / "a.txt").stat().st_mtime)


def test_scp_copies_a_tree_and_ends_with_status_zero(server: Server, place: str, tree: Path, tmp_path: Path):
    options = [*OpenSsh(server, "alice").options(), "-q", "-P", str(server.port), "-r"]
    run("scp", *options, tree, f"alice@127.0.0.1:{place}/tree")
    run("scp", *options, f"alice@127.0.0.1:{place}/tree", tmp_path / "back")
    assert contents(tmp_path / "back") == contents(tree)


def test_lftp_mirrors_both_ways_and_then_finds_nothing_to_do(server: Server, place: str, tree: Path, tmp_path: Path):
    client = Lftp(server, "alice")
    client.batch(f"mirror -R {tree} {place}/tree")
    client.batch(f"mirror {place}/tree {tmp_path}/back")
    assert contents(tmp_path / "back") == contents(tree)
    again = client.batch(f"mirror -R -v {tree} {place}/tree")
    assert "Transferring" not in again


def test_rclone_copies_a_tree_checks_it_and_then_finds_nothing_to_do(
    server: Server, place: str, tree: Path, tmp_path: Path
):
    client = Rclone(server, "alice")
    client.run("copy", tree, client.remote(f"{place}/tree"))
    client.run("check", "--download", tree, client.remote(f"{place}/tree"))
    before = len(server.events("upload.committed"))
    client.run("copy", tree, client.remote(f"{place}/tree"))
    assert len(server.events("upload.committed")) == before
    client.run("copy", client.remote(f"{place}/tree"), tmp_path / "back")
    assert contents(tmp_path / "back") == contents(tree)

"""Each client uploads, downloads, resumes, lists, renames and deletes; contents are compared by digest."""

import hashlib
import random
from pathlib import Path

import pytest

from tests.support.clients import Client, OpenSsh
from tests.support.server import Server

SEGMENT = 65536
SIZES = [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 1 << 20]
BIG = 100 << 20


def written(path: Path, size: int) -> str:
    """Fill *path* with *size* bytes of noise and return their SHA-256."""
    content = random.Random(size).randbytes(size)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_is_what_is_fetched(client: Client, server: Server, place: str, tmp_path: Path, size: int):
    there, back = tmp_path / "there.bin", tmp_path / "back.bin"
    expected = written(there, size)
    client.put(there, f"{place}/file.bin")
    client.get(f"{place}/file.bin", back)
    assert digest(back) == expected
    assert server.json("file", "stat", f"{place}/file.bin")["sha256"] == expected


def test_a_hundred_megabytes_come_back_whole(client: Client, server: Server, place: str, tmp_path: Path):
    there, back = tmp_path / "there.bin", tmp_path / "back.bin"
    expected = written(there, BIG)
    client.put(there, f"{place}/big.bin")
    assert server.json("file", "stat", f"{place}/big.bin")["sha256"] == expected
    client.get(f"{place}/big.bin", back)
    assert digest(back) == expected


def test_an_upload_goes_on_where_it_stopped(client: Client, server: Server, place: str, tmp_path: Path):
    whole, half = tmp_path / "whole.bin", tmp_path / "half.bin"
    expected = written(whole, 1 << 20)
    half.write_bytes(whole.read_bytes()[: (1 << 19) + 7])
    OpenSsh(server, "alice").put(half, f"{place}/file.bin")
    client.put_rest(whole, f"{place}/file.bin")
    assert server.json("file", "stat", f"{place}/file.bin")["sha256"] == expected


def test_a_download_goes_on_where_it_stopped(client: Client, server: Server, place: str, tmp_path: Path):
    whole, part = tmp_path / "whole.bin", tmp_path / "part.bin"
    expected = written(whole, 1 << 20)
    OpenSsh(server, "alice").put(whole, f"{place}/file.bin")
    part.write_bytes(whole.read_bytes()[:333_333])
    client.get_rest(f"{place}/file.bin", part)
    assert digest(part) == expected


def test_names_are_listed_renamed_and_removed(client: Client, place: str, tmp_path: Path):
    there = tmp_path / "there.bin"
    written(there, 100)
    for name in ("one.txt", "zwei drei.txt", "Überweisung.txt"):
        client.put(there, f"{place}/{name}")
    assert client.names(place) == {"one.txt", "zwei drei.txt", "Überweisung.txt"}
    client.rename(f"{place}/one.txt", f"{place}/eins.txt")
    client.remove(f"{place}/zwei drei.txt")
    assert client.names(place) == {"eins.txt", "Überweisung.txt"}


def test_a_file_is_replaced_by_putting_it_again(client: Client, server: Server, place: str, tmp_path: Path):
    there = tmp_path / "there.bin"
    written(there, 5000)
    client.put(there, f"{place}/file.bin")
    expected = written(there, 300)
    client.put(there, f"{place}/file.bin")
    assert server.json("file", "stat", f"{place}/file.bin")["sha256"] == expected

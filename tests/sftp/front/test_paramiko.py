"""paramiko at the door: it asks for the service anew before each attempt, and knows no password change."""

import asyncio
from collections.abc import Callable

import paramiko
import pytest

from mft.model.account import SSH_METHODS
from tests.support.gate import OLGA, SECRET
from tests.support.hall import Hall


async def visited(hall: Hall, *attempts: Callable[[paramiko.Transport], object]) -> str:
    """Make *attempts* one after the other on one connection; return what the last one opened."""

    def visit() -> str:
        with paramiko.Transport(("127.0.0.1", hall.port)) as transport:
            transport.start_client(timeout=10)
            for attempt in attempts[:-1]:
                with pytest.raises(paramiko.AuthenticationException):
                    attempt(transport)
            attempts[-1](transport)
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            return client.normalize("/")

    return await asyncio.to_thread(visit)


def new_key(hall: Hall, registered_for: str = "") -> paramiko.PKey:
    key = paramiko.ECDSAKey.generate(bits=256)
    if registered_for:
        hall.gate.credentials.add_key(OLGA, registered_for, f"{key.get_name()} {key.get_base64()}")
    return key


def by_key(key: paramiko.PKey) -> Callable[[paramiko.Transport], object]:
    return lambda transport: transport.auth_publickey("alice", key)


def by_password(secret: str) -> Callable[[paramiko.Transport], object]:
    return lambda transport: transport.auth_password("alice", secret)


async def test_a_password_opens_the_door(hall: Hall):
    assert await visited(hall, by_password(SECRET)) == "/"


async def test_the_right_key_after_two_wrong_ones_opens_the_door(hall: Hall):
    wrong, right = [new_key(hall) for _ in range(2)], new_key(hall, "alice")
    assert await visited(hall, *(by_key(key) for key in wrong), by_key(right)) == "/"


async def test_a_password_after_a_wrong_key_opens_the_door(hall: Hall):
    assert await visited(hall, by_key(new_key(hall)), by_password(SECRET)) == "/"


async def test_key_and_password_open_the_door_where_both_are_required(hall: Hall):
    hall.gate.account("nora", allow="127.0.0.1", required=SSH_METHODS)
    key = new_key(hall, "nora")

    def both(transport: paramiko.Transport) -> None:
        assert transport.auth_publickey("nora", key) == ["password"]
        assert transport.auth_password("nora", SECRET) == []

    assert await visited(hall, both) == "/"

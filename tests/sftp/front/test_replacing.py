"""Replacing a temporary password over SSH (RFC 4252, 8): what a person is asked, and what consumes what."""

import re
from typing import Any

import asyncssh
import pytest

from mft.model.account import SSH_METHODS
from mft.model.event import Action
from mft.model.session import Door
from mft.sftp.front.auth import REPLACE
from tests.support.gate import BETTER
from tests.support.hall import Client, Hall, enrol, key, leave, temporary
from tests.support.server import SENTENCE

BANNER = re.compile(re.escape(SENTENCE) + r"\r\nReference: .{9}\r\n")


def changed_by_the_owner(hall: Hall) -> int:
    return sum(event.actor.door is Door.SFTP for event in hall.events(Action.PASSWORD_CHANGED))


@pytest.mark.fact("0.12")
async def test_a_temporary_password_opens_nothing_but_its_own_replacement(hall: Hall):
    secret = temporary(hall)
    client = await hall.refused(password=[secret])
    assert client.prompts == [REPLACE]
    assert hall.events(Action.SIGNON_ADMITTED) == []
    connection, client = await hall.connect(password=secret, replacements=[BETTER])
    await leave(connection)
    assert client.prompts == [REPLACE]
    assert changed_by_the_owner(hall) == 1
    connection, _ = await hall.connect(password=BETTER)
    await leave(connection)
    await hall.refused(password=secret)


async def test_a_new_password_that_is_not_fit_is_told_why_and_consumes_nothing(hall: Hall):
    secret = temporary(hall)
    connection, client = await hall.connect(password=secret, replacements=["too short", "northwind clinic", BETTER])
    await leave(connection)
    first, second, third = client.prompts
    assert first == REPLACE
    assert "15" in second
    assert second != third
    assert client.banners == []
    assert len(hall.events(Action.PASSWORD_REFUSED)) == 2


async def test_three_unfit_passwords_end_the_connection_and_the_temporary_one_still_works(hall: Hall):
    secret = temporary(hall)
    with pytest.raises(asyncssh.DisconnectError, match="None of the new passwords was fit"):
        await hall.connect(password=secret, replacements=["short"] * 3 + [BETTER])
    assert changed_by_the_owner(hall) == 0
    connection, _ = await hall.connect(password=secret, replacements=[BETTER])
    await leave(connection)


async def test_cancelling_a_replacement_consumes_nothing(hall: Hall):
    secret = temporary(hall)
    for _ in range(3):
        await hall.refused(password=[secret])
    connection, _ = await hall.connect(password=secret, replacements=[BETTER])
    await leave(connection)


async def test_a_wrong_old_password_in_a_change_is_a_refused_attempt(hall: Hall):
    secret = temporary(hall)

    class Careless(Client):
        def password_change_requested(self, prompt: str, lang: str) -> Any:
            _, new = super().password_change_requested(prompt, lang)
            return "mistyped", new

    client = await hall.refused(client=Careless([secret], [BETTER]))
    [banner] = client.banners
    assert BANNER.fullmatch(banner)
    assert changed_by_the_owner(hall) == 0


@pytest.mark.fact("0.12")
async def test_after_48_hours_a_replacement_comes_too_late(hall: Hall):
    secret = temporary(hall)

    class Slow(Client):
        def password_change_requested(self, prompt: str, lang: str) -> Any:
            hall.gate.clock.advance(hours=48)
            return super().password_change_requested(prompt, lang)

    client = await hall.refused(client=Slow([secret], [BETTER]))
    assert len(client.banners) == 1
    [refused] = hall.events(Action.SIGNON_REFUSED)
    assert refused.detail["reason"] == "temporary_expired"


async def test_key_and_temporary_password_lead_to_the_replacement_in_either_order(hall: Hall):
    for name, order in (("nora", ["publickey", "password"]), ("nils", ["password", "publickey", "password"])):
        hall.gate.account(name, allow="127.0.0.1", required=SSH_METHODS, password=None)
        mine = key()
        enrol(hall, name, mine)
        secret = temporary(hall, name)
        client = Client([secret, secret], [BETTER])
        connection, _ = await hall.connect(
            name, [secret, secret], client=client, client_keys=[mine], preferred_auth=order[:2]
        )
        client_prompts = client.prompts
        await leave(connection)
        assert client_prompts == [REPLACE]


def test_the_guidance_for_a_new_password_names_its_length():
    assert "15 to 256" in REPLACE

"""A sign-on by SFTP counts as use whatever it proves, and the account pass sees it (fact 0.15)."""

import pytest

from mft.model.session import Door
from tests.support.hall import Hall, enrol, key, leave
from tests.support.passes import Calendar


@pytest.mark.fact("0.15")
async def test_a_batch_job_that_signs_on_by_key_alone_is_never_purged(hall: Hall):
    calendar = Calendar(hall.gate)
    held = key()
    hall.gate.account("bot", password=None, allow="127.0.0.1")
    enrol(hall, "bot", held)
    for _ in range(4):
        hall.gate.clock.advance(days=100)
        connection, _ = await hall.connect("bot", client_keys=[held])
        await leave(connection)
        calendar.run()
    bot, alice = hall.gate.current("bot"), hall.gate.current("alice")
    assert (bot.last_signon_at, bot.last_signon_door) == (hall.gate.clock.now(), Door.SFTP)
    assert str(bot.last_signon_source) == "127.0.0.1"
    assert (calendar.purged("bot"), calendar.purged("alice")) == (False, True)
    assert alice.purged_why == "unused"


@pytest.mark.fact("0.15")
async def test_the_key_of_an_account_that_went_unused_opens_nothing_though_nobody_came_to_purge_it(hall: Hall):
    held = key()
    enrol(hall, "alice", held)
    hall.gate.clock.advance(days=120, microseconds=-1)
    connection, _ = await hall.connect(client_keys=[held], password=[])
    await leave(connection)
    hall.gate.clock.advance(days=120)
    await hall.refused(client_keys=[held], password=[])

"""Too much that was refused keeps a source out for a while, as it does over SFTP; whoever is in stays in."""

from ipaddress import IPv4Address

import pytest

from mft.audit.search import Wanted, search
from mft.model.errors import Unavailable
from mft.model.event import Action
from mft.model.session import Door
from mft.policy.penalties import Offence
from mft.store import outbox, penalties
from tests.support.gate import ELSEWHERE
from tests.support.portal import NEW, URL, Caller, PortalHouse

STRANGE = str(ELSEWHERE)
HERE = IPv4Address("127.0.0.1")


async def refused(hall: PortalHouse, times: int, name: str = "alice", source: str = STRANGE) -> None:
    """Be refused so often from *source*, in one browser."""
    caller = hall.caller(source)
    for _ in range(times):
        await caller.get("/signin")
        assert (await caller.send("/signin", name=name, password="wrong")).status_code == 403
        await hall.parts.charges.settled()


async def answers(caller: Caller, path: str = "/signin") -> int:
    return (await caller.get(path)).status_code


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_a_source_that_nobody_lists_gets_no_form_after_three_refusals_until_the_debt_has_run_off(
    name: str, hall: PortalHouse
):
    hall.add("alice")
    await refused(hall, 2, name)
    assert await answers(hall.caller(STRANGE)) == 200
    await refused(hall, 1, name)
    caller = hall.caller(STRANGE)
    kept_out = await caller.get("/signin")
    assert (kept_out.status_code, "Wait a few minutes" in kept_out.text) == (429, True)
    assert "set-cookie" not in kept_out.headers
    assert (await caller.client.post("/signin", data={"name": "alice", "password": "x"})).status_code == 429
    hall.clock.advance(seconds=14)
    assert await answers(caller) == 429
    hall.clock.advance(seconds=1)
    assert await answers(caller) == 200


async def test_an_office_pays_less_and_another_address_nothing(hall: PortalHouse):
    hall.add("alice")
    await refused(hall, 14, source=str(HERE))
    assert await answers(hall.caller()) == 200
    await refused(hall, 1, source=str(HERE))
    assert await answers(hall.caller()) == 429
    assert await answers(hall.caller("8.8.4.4")) == 200


async def test_what_needs_no_sign_in_and_whoever_is_in_go_on(hall: PortalHouse):
    hall.add("alice")
    inside = hall.caller()
    await inside.sign_in("alice")
    hall.house.penalties.charge([(HERE, Offence.CRASH)])
    assert [await answers(hall.caller(), page) for page in ("/", "/address", "/about")] == [200, 200, 200]
    assert [await answers(inside, page) for page in ("/", "/account", "/account/keys")] == [200, 200, 200]
    assert (await inside.follow(await inside.send("/signout"))).status_code == 429


@pytest.mark.parametrize("page", ["/forgot", "/forgot/token", "/email/token", "/signin/code"])
async def test_no_other_form_before_the_sign_in_is_shown_either(page: str, hall: PortalHouse):
    hall.house.penalties.charge([(HERE, Offence.CRASH)])
    assert await answers(hall.caller(), page) == 429


async def test_a_debt_is_owed_at_both_doors_and_the_trail_names_the_one_it_came_from(hall: PortalHouse):
    hall.add("alice")
    await refused(hall, 3)
    assert hall.house.penalties.standing(ELSEWHERE) is not None
    [line] = search(hall.house.store, Wanted(action=Action.PENALTY_IMPOSED))
    assert (line.event.actor.door, line.event.subject) == (Door.PORTAL, STRANGE)


async def test_a_wrong_password_of_somebody_who_is_in_costs_too(hall: PortalHouse):
    hall.add("alice")
    inside = hall.caller()
    await inside.sign_in("alice")
    await inside.get("/account/keys")
    await inside.send("/account/keys", password="wrong", key="x")
    await hall.parts.charges.settled()
    with hall.house.store.read() as connection:
        owed = penalties.owed(connection, HERE)
    assert owed is not None
    assert owed.offences == 1


async def test_without_the_table_nobody_gets_a_form(hall: PortalHouse):
    def down(_source: IPv4Address) -> None:
        raise Unavailable("the database did not answer")

    vars(hall.house.penalties)["standing"] = down
    assert await answers(hall.caller()) == 503


async def test_a_wrong_code_beside_a_link_that_came_by_mail_costs_too(hall: PortalHouse):
    hall.add("alice")
    await hall.caller().sign_in("alice")
    caller = hall.caller()
    await caller.get("/forgot")
    await caller.send("/forgot", name="alice")
    with hall.house.store.read() as connection:
        [asked] = [one.letter for one in outbox.due(connection, hall.clock.now(), 9) if "link" in one.letter.fields]
    path = str(asked.fields["link"]).removeprefix(URL)
    await caller.get(path)
    assert (await caller.send(path, new=NEW, again=NEW, code="000000")).status_code == 403
    await hall.parts.charges.settled()
    with hall.house.store.read() as connection:
        owed = penalties.owed(connection, HERE)
    assert owed is not None

"""The spelling of events and the digest that chains them."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.model.event import Action, Event
from mft.model.ids import AccountId, Reference, SessionId
from mft.model.session import Actor, Door
from mft.policy.trail import GENESIS, body_of, checkpoint_statement, digest, event_in, kept_text

AT = datetime(2026, 11, 22, 9, 0, 0, 5, tzinfo=UTC)
EVENT = Event(
    Action.SIGNON_REFUSED,
    Actor(Door.SFTP, "bob", AccountId("acc_1"), SessionId("ses_1"), IPv4Address("8.8.8.8")),
    "bob",
    {"reason": "source_not_listed", "attempts": 2, "known": True, "until": None},
    Reference("AB12-CD34"),
)

any_text = st.text()
details = st.dictionaries(any_text, st.none() | st.booleans() | st.integers() | any_text, max_size=5)


def test_a_body_is_spelled_this_way_for_ever() -> None:
    # Digests of six years depend on it: a change here needs a new FORMAT, and the old one kept readable.
    assert body_of("main", 7, AT, EVENT) == (
        '{"action":"signon.refused","actor":{"account":"acc_1","door":"sftp","name":"bob","session":"ses_1",'
        '"source":"8.8.8.8"},"at":"2026-11-22T09:00:00.000005Z","detail":{"attempts":2,"known":true,'
        '"reason":"source_not_listed","until":null},"node":"main","number":7,"reference":"AB12-CD34",'
        '"subject":"bob","v":1}'
    )


def test_a_checkpoint_signs_these_words_for_ever() -> None:
    assert checkpoint_statement("main", 7, bytes(32), AT) == (
        '{"at":"2026-11-22T09:00:00.000005Z","checkpoint":"main","digest":"' + "00" * 32 + '","number":7,"v":1}'
    )


def test_a_body_is_read_back_as_it_was_written() -> None:
    assert event_in(body_of("main", 7, AT, EVENT)) == ("main", 7, AT, EVENT)


@pytest.mark.fact("0.18")
def test_who_acted_in_which_role_is_spelled_only_where_it_is_known() -> None:
    actor = Actor(Door.CLI, "dora", user="dora2", role="service-desk", role_from="directory: desk")
    event = Event(Action.PASSWORD_ISSUED, actor, "bob")
    body = body_of("main", 7, AT, event)
    assert (
        '"name":"dora","role":"service-desk","role_from":"directory: desk","session":null,"source":null,"user":"dora2"'
    ) in body
    assert event_in(body) == ("main", 7, AT, event)
    assert "role" not in body_of("main", 7, AT, Event(Action.PASSWORD_ISSUED, Actor(Door.CLI, "dora"), "bob"))


def test_the_same_moment_elsewhere_is_spelled_the_same() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=-5)))
    assert body_of("main", 7, elsewhere, EVENT) == body_of("main", 7, AT, EVENT)


def test_a_digest_covers_the_one_before_it_and_the_body() -> None:
    assert len(GENESIS) == 32
    assert digest(GENESIS, "é") == hashlib.sha256(bytes(32) + "é".encode()).digest()


@given(subject=any_text, detail=details, name=any_text)
def test_whatever_a_stranger_types_can_be_kept_and_read_back(subject: str, detail: dict[str, str], name: str) -> None:
    body = body_of("main", 1, AT, Event(Action.SIGNON_REFUSED, Actor(Door.SFTP, name), subject, detail))
    assert "\0" not in body
    body.encode()
    _, _, _, event = event_in(body)
    assert (event.subject, event.actor.name) == (kept_text(subject), kept_text(name))
    assert body_of("main", 1, AT, event) == body


def test_half_a_character_is_spelled_out() -> None:
    assert kept_text("a\ud800\0b") == "a\\ud800\\x00b"


def test_an_endless_text_is_cut() -> None:
    assert len(kept_text("x" * 1_000_000)) == 5001


@pytest.mark.parametrize(
    ("key", "value"), [("v", 2), ("action", "no.such"), ("number", True), ("node", ["main"]), ("at", "yesterday")]
)
def test_a_body_that_was_never_written_is_not_read(key: str, value: object) -> None:
    fields = json.loads(body_of("main", 7, AT, EVENT))
    with pytest.raises((ValueError, TypeError)):
        event_in(json.dumps({**fields, key: value}))

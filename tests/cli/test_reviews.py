"""``mft review``: who still needs their account."""

import pytest


@pytest.fixture
def asked(desk):
    """The organization of bob and carl, whose administrator has just been asked."""
    words = ("--org", "northwind", "--email", "carl@example.org", "--person", "Carl Ode")
    desk.said("account", "add", "carl", *words)
    desk.said("org", "administrator", "northwind", "lee@northwind.example")
    desk.said("jobs", "run", "reviews")
    return desk


def test_a_review_shows_what_has_to_be_known_and_takes_answers(asked):
    [summary] = asked.json("review", "list")
    assert (summary["organization"], summary["asked"], summary["waiting"]) == ("northwind", 2, 2)
    shown = asked.json("review", "show", "northwind")
    assert [(one["name"], one["person"], one["waiting"]) for one in shown["accounts"]] == [
        ("bob", "", True),
        ("carl", "Carl Ode", True),
    ]
    assert [one["addresses"] for one in shown["accounts"][0]["addresses"]] == ["127.0.0.1"]
    asked.said("review", "keep", "northwind", "bob")
    asked.said("review", "remove", "northwind", "carl", "--yes")
    [summary] = asked.json("review", "list", "--org", "northwind")
    assert (summary["kept"], summary["removed"], summary["waiting"]) == (1, 1, 0)
    assert asked.json("account", "show", "carl")["state"] == "purged"
    plain = asked.said("review", "show", "northwind")
    assert "kept" in plain
    assert "127.0.0.1" in plain


def test_everybody_can_be_kept_at_once(asked):
    assert asked.json("review", "keep", "northwind", "--all")["kept"] == ["bob", "carl"]
    assert "nobody of northwind waits" in asked.said("review", "keep", "northwind", "--all")
    assert [event["actor"] for event in asked.events("review.answered")] == ["maria", "maria"]


def test_what_cannot_be_answered_is_refused(asked):
    asked.fails(2, "review", "keep", "northwind")
    asked.fails(2, "review", "keep", "northwind", "bob", "--all")
    asked.fails(4, "review", "keep", "northwind", "nobody")
    asked.fails(4, "review", "keep", "clearing", "bob")
    asked.said("review", "keep", "northwind", "bob")
    assert "mft review show northwind" in asked.fails(5, "review", "keep", "northwind", "bob")
    assert asked.run("review", "remove", "northwind", "carl", typed="n\n").exit_code != 0
    assert asked.json("account", "show", "carl")["state"] == "active"


def test_before_the_first_there_is_nothing_to_show(desk):
    assert desk.json("review", "list") == []
    assert "once it has an administrator" in desk.fails(4, "review", "show", "northwind")
    desk.fails(4, "review", "list", "--org", "nowhere")

"""``mft account explain|change|purge``: how an account stands, what comes, and its end by hand."""

from datetime import datetime, timedelta

import pytest

TITLES = ("temporary password ends", "address ends", "warning of the purge", "purged")


@pytest.mark.fact("0.15")
def test_explain_tells_what_was_what_is_and_what_comes_each_with_its_rule(desk):
    desk.said("account", "temp-password", "bob")
    desk.said("allow", "add", "bob", "127.0.0.9", "--until", "2099-01-01", "--reason", "visit")
    told = desk.json("account", "explain", "bob")
    made = datetime.fromisoformat(told["used_at"])
    assert (told["state"], told["may_sign_on"], told["last_signon_at"], told["bars"]) == ("active", True, None, [])
    lines = told["transitions"]
    assert [line["what"] for line in lines] == [TITLES[0], *[TITLES[2]] * 4, TITLES[3]]
    assert [line["detail"] for line in lines[1:5]] == [f"{days} days before" for days in (30, 14, 7, 1)]
    assert datetime.fromisoformat(lines[-1]["at"]) == made + timedelta(days=120)
    assert (lines[-1]["days_left"], "fact 0.15" in lines[-1]["rule"]) == (120, True)
    shown = desk.said("account", "explain", "bob")
    assert "was made; never signed on" in shown
    assert "may sign on" in shown


def test_explain_tells_each_thing_that_stands_in_the_way(desk):
    desk.said("account", "disable", "bob")
    desk.said("org", "disable", "northwind")
    told = desk.json("account", "explain", "bob")
    assert [bar["what"] for bar in told["bars"]] == [
        "disabled",
        "its organization is disabled",
        "has nothing to sign on with",
    ]
    assert told["may_sign_on"] is False
    desk.fails(4, "account", "explain", "nobody")


def test_who_an_account_is_can_be_said_and_changed(desk):
    words = ("--org", "northwind", "--email", "carl@example.org", "--purpose", "unattended")
    added = desk.json("account", "add", "carl", *words, "--person", "Carl Ode", "--contact", "ops@example.org")
    assert (added["person"], added["phone"], added["contact"]) == ("Carl Ode", "", "ops@example.org")
    changed = desk.json(
        "account", "change", "carl", "--phone", "612-555-0100", "--contact", "", "--email", "C@example.org"
    )
    assert (changed["person"], changed["phone"], changed["contact"]) == ("Carl Ode", "612-555-0100", "")
    assert changed["email"] == desk.json("account", "show", "carl")["email"] == "c@example.org"
    assert desk.events("account.changed")[-1]["detail"] == {"changed": "email, phone, contact"}
    desk.fails(5, "account", "change", "carl", "--email", "bob@example.org")
    desk.fails(2, "account", "change", "carl", "--email", "")
    desk.fails(2, "account", "change", "carl", "--contact", "not an address")
    assert "--email" in desk.fails(2, "account", "change", "carl")
    desk.fails(4, "account", "change", "nobody", "--phone", "1")


def test_a_purge_asks_first_and_is_for_good(desk):
    assert desk.run("account", "purge", "bob", "--reason", "left", typed="n\n").exit_code != 0
    asked = desk.run("account", "purge", "bob", "--reason", "left")
    assert (asked.exit_code, "\n  do: say --yes" in asked.stderr) == (2, True)
    assert desk.json("account", "show", "bob")["state"] == "active"
    desk.fails(2, "account", "purge", "bob")
    desk.fails(4, "account", "purge", "nobody", "--reason", "left", "--yes")
    assert "Purge bob for good?" in desk.run("account", "purge", "bob", "--reason", "left", typed="y\n").output
    shown = desk.json("account", "show", "bob")
    assert (shown["state"], shown["email"], shown["allow"], shown["purged_why"]) == ("purged", "", [], "left")
    desk.fails(5, "account", "purge", "bob", "--reason", "left", "--yes")
    desk.fails(5, "account", "change", "bob", "--phone", "1")
    told = desk.json("account", "explain", "bob")
    assert ([bar["what"] for bar in told["bars"]], told["transitions"]) == (["purged"], [])
    assert "was purged" in desk.said("account", "explain", "bob")

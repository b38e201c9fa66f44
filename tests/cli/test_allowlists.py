"""Addresses from the command line."""

import pytest


@pytest.mark.fact("0.10")
@pytest.mark.parametrize("address", ["8.8.8.8", "8.8.8.0/24", "8.8.8.1-8.8.8.9"])
def test_an_address_a_block_and_a_range_are_added_and_taken_off(desk, address):
    added = desk.json("allow", "add", "bob", address, "--reason", "ticket 4711")
    assert (added["addresses"], added["waits_because"]) == (address, None)
    listed = desk.json("allow", "list", "bob")
    assert [(one["addresses"], one["reason"], one["added_by"]) for one in listed][1:] == [
        (address, "ticket 4711", "maria")
    ]
    desk.fails(5, "allow", "add", "bob", address)
    desk.said("allow", "remove", "bob", address)
    desk.fails(4, "allow", "remove", "bob", address)


@pytest.mark.fact("0.17")
def test_a_new_address_is_added_beside_the_old_one(desk):
    desk.said("allow", "add", "bob", "8.8.8.8")
    assert [one["addresses"] for one in desk.json("allow", "list", "bob")] == ["127.0.0.1", "8.8.8.8"]


@pytest.mark.fact("0.8")
@pytest.mark.parametrize("address", ["192.168.1.1", "10.0.0.0/24", "100.64.0.1", "224.0.0.1", "fe80::1", "8.8.8.8/24"])
def test_what_is_not_public_or_not_an_address_is_refused(desk, address):
    desk.fails(2, "allow", "add", "bob", address)


def test_a_mistyped_host_bit_is_answered_with_the_network_meant(desk):
    assert "8.8.8.0/24" in desk.fails(2, "allow", "add", "bob", "8.8.8.8/24")


def test_a_wide_entry_admits_nobody_until_another_person_approves_it(desk):
    entry = desk.json("allow", "add", "bob", "8.8.0.0/20")
    assert entry["waiting"] is True
    assert desk.json("allow", "list")[0]["account"] == "bob"
    assert desk.run("allow", "test", "8.8.0.1", "--account", "bob").exit_code == 8
    assert "another person" in desk.fails(1, "allow", "approve", entry["id"])
    desk.said("allow", "approve", entry["id"], "--as", "otto")
    assert desk.json("allow", "test", "8.8.0.1", "--account", "bob")["admitted"] is True
    assert desk.json("allow", "list", "--waiting") == []
    desk.fails(4, "allow", "approve", "ip_nothing")


def test_an_end_date_lies_ahead(desk):
    assert "future" in desk.fails(2, "allow", "add", "bob", "8.8.8.8", "--until", "2020-01-01")
    assert desk.json("allow", "add", "bob", "8.8.8.8", "--until", "2099-01-01")["until"] == "2099-01-01T00:00:00Z"


@pytest.mark.fact("0.14")
def test_the_verdict_on_an_address_is_explained(desk):
    listed = desk.json("allow", "test", "127.0.0.1", "--account", "bob")
    assert (listed["public"], listed["listed_by"], listed["admitted"]) == (True, "127.0.0.1", True)
    other = desk.run("allow", "test", "8.8.8.8", "--account", "bob")
    assert other.exit_code == 8
    assert "not on the account's list" in other.stdout
    assert "private use" in desk.run("allow", "test", "10.1.1.1", "--account", "bob").stdout
    desk.said("account", "disable", "bob")
    assert "disabled" in desk.run("allow", "test", "127.0.0.1", "--account", "bob").stdout
    desk.fails(4, "allow", "test", "127.0.0.1", "--account", "nobody")
    desk.fails(2, "allow", "test", "localhost", "--account", "bob")

"""What an operator says about the portal: a lost second factor, and from where an organization's people come."""

import pyotp

from mft.app.build import open_house
from mft.settings.load import load
from tests.support.installed import OPERATOR


def enrol(folder) -> None:
    """Give bob an authenticator, as his first sign-in to the portal does."""
    with open_house(load(folder / "mft.toml", {}).settings) as house, house.store.write() as connection:
        bob = house.accounts.get("bob")
        secret = house.factors.enrol(connection, bob).secret
        assert house.factors.confirm(connection, OPERATOR, bob, pyotp.TOTP(secret).at(house.clock.now()))


def test_a_lost_second_factor_is_taken_away_and_there_is_one_no_more(desk):
    enrol(desk.folder)
    assert "sets one up" in desk.said("account", "reset-factor", "bob", "--reason", "lost phone, called back")
    assert desk.events("factor.removed")[-1]["detail"]["reason"] == "lost phone, called back"
    assert "has no second factor" in desk.fails(4, "account", "reset-factor", "bob", "--reason", "again")


def test_an_organization_lets_the_list_be_in_the_portal(desk):
    assert desk.json("org", "show", "northwind")["portal"] == "listed"
    assert desk.json("org", "portal", "northwind", "any")["portal"] == "any"
    assert desk.events("organization.changed")[-1]["detail"] == {"portal_any_address": True}
    assert desk.json("org", "portal", "northwind", "listed")["portal"] == "listed"

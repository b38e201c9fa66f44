"""Who an account is elsewhere, from the command line."""


def test_an_account_is_added_with_it_and_it_is_changed_and_taken_away(desk):
    words = ("--org", "clearing", "--email", "carl@example.org", "--external-id", "CARL01")
    assert desk.json("account", "add", "carl", *words)["external_id"] == "CARL01"
    assert desk.json("account", "show", "carl")["external_id"] == "CARL01"
    changed = desk.json("account", "change", "carl", "--external-id", "CARL02", "--phone", "612-555-0100")
    assert (changed["external_id"], changed["phone"]) == ("CARL02", "612-555-0100")
    assert desk.json("account", "change", "carl", "--external-id", "")["external_id"] == ""
    assert [one["detail"]["external_id"] for one in desk.events("identity.changed")] == [True, True, False]
    assert desk.events("account.changed")[0]["detail"] == {"changed": "phone, external_id"}


def test_one_that_another_has_changes_nothing_and_adds_nobody(desk):
    desk.said("account", "change", "bob", "--external-id", "BOB01")
    words = ("--org", "clearing", "--email", "carl@example.org", "--external-id", "bob01")
    assert "bob has that external id" in desk.fails(5, "account", "add", "carl", *words)
    desk.fails(4, "account", "show", "carl")
    job = ("--org", "clearing", "--email", "job@example.org", "--purpose", "unattended", "--external-id", "JOB01")
    assert "unattended" in desk.fails(5, "account", "add", "job", *job)
    desk.fails(2, "account", "change", "bob", "--external-id", "two\nlines", "--phone", "1")
    assert desk.json("account", "show", "bob")["phone"] == ""

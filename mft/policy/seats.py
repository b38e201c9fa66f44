"""Is there a seat for one more person of an organization (fact 0.5)?  Pure.

Unattended jobs take none; whoever is purged has left theirs.
"""


def seats_taken(organization: str, seats: int | None, taken: int, asked: int = 0) -> str | None:
    """Return why *organization* has no seat left, or None.  Without *seats* there is no limit.

    *taken* are its people, *asked* those whom open requests would add.
    """
    if seats is None or taken + asked < seats:
        return None
    asked_for = f" ({asked} of them asked for)" if asked else ""
    return (
        f"{organization} has {taken + asked} of {seats} seats{asked_for}; "
        "remove somebody, or raise the number with mft org seats"
    )

"""One seat more or none (fact 0.5)."""

import pytest

from mft.policy.seats import seats_taken

pytestmark = pytest.mark.fact("0.5")


@pytest.mark.parametrize(
    ("seats", "taken", "asked", "full"),
    [
        (None, 10_000, 10_000, False),
        (0, 0, 0, True),
        (5, 4, 0, False),
        (5, 5, 0, True),
        (5, 6, 0, True),
        (5, 3, 1, False),
        (5, 3, 2, True),
    ],
)
def test_a_seat_is_left_while_people_and_open_requests_are_fewer(seats, taken, asked, full):
    assert (seats_taken("northwind", seats, taken, asked) is not None) is full


def test_the_refusal_says_how_many_and_what_to_do():
    assert seats_taken("northwind", 5, 5) == (
        "northwind has 5 of 5 seats; remove somebody, or raise the number with mft org seats"
    )
    assert "5 of 5 seats (2 of them asked for)" in str(seats_taken("northwind", 5, 3, 2))

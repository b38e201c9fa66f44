"""Places for those who have not signed on: per source, in all, early drops, shared by processes."""

import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from mft.sftp.front.limits import Limits, Places

SOME = IPv4Address("8.8.4.4")


def other(number: int) -> IPv4Address:
    return IPv4Address(int(IPv4Address("9.0.0.0")) + number)


def never() -> float:
    """The chance that turns nobody away early."""
    return 0.999999


def test_one_source_gets_five_places_and_no_sixth():
    places = Places(Limits())
    taken = [places.take(SOME) for _ in range(5)]
    assert None not in taken
    assert places.take(SOME) is None
    assert places.take(other(1)) is not None


def test_a_place_given_back_can_be_taken_again():
    places = Places(Limits(per_source=1))
    place = places.take(SOME)
    assert place is not None
    places.leave(place)
    assert places.take(SOME) is not None
    assert places.taken() == 1


def test_beyond_the_last_place_nobody_gets_in():
    places = Places(Limits(), chance=never)
    assert sum(places.take(other(n)) is not None for n in range(200)) == 100


def test_below_twenty_nobody_is_turned_away():
    places = Places(Limits(), chance=lambda: 0.0)
    assert sum(places.take(other(n)) is not None for n in range(50)) == 20


@pytest.mark.parametrize(("taken", "share"), [(20, 0.30), (60, 0.65), (99, 0.99)])
def test_early_drops_begin_at_three_in_ten_and_grow(taken: int, share: float):
    """OpenSSH's MaxStartups 20:30:100: 30 % at 20 connections, 65 % half-way, all at 100."""
    for chance, expected in ((share - 0.01, False), (share + 0.005, True)):
        chances = [0.999999] * max(0, taken - 20) + [chance]
        places = Places(Limits(), chance=iter(chances).__next__)
        assert all(places.take(other(n)) is not None for n in range(taken))
        assert (places.take(other(999)) is not None) is expected


def test_a_source_told_later_counts_from_then_on():
    places = Places(Limits(per_source=2))
    waiting = [places.take(None) for _ in range(4)]
    answers = [places.name(place, SOME) for place in waiting if place is not None]
    assert answers == [True, True, False, False]


def test_processes_share_the_places(tmp_path: Path):
    table = tmp_path / "places"
    one, two = Places(Limits(), table), Places(Limits(), table)
    one.open()
    two.open()
    for _ in range(5):
        assert one.take(SOME) is not None
    assert two.take(SOME) is None
    assert two.taken() == 5
    one.close()
    two.close()


def test_the_places_of_a_process_that_died_are_free_again(tmp_path: Path):
    table = tmp_path / "places"
    code = (
        "import sys; from pathlib import Path; from ipaddress import IPv4Address\n"
        "from mft.sftp.front.limits import Limits, Places\n"
        "places = Places(Limits(unauthenticated=3, drop_early_from=3), Path(sys.argv[1])); places.open()\n"
        "print([places.take(IPv4Address('9.9.9.9')) for _ in range(3)])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, table], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0, 1, 2]"
    places = Places(Limits(unauthenticated=3, drop_early_from=3), table)
    places.open()
    assert places.taken() == 3
    assert places.take(SOME) is not None
    assert places.taken() == 1
    places.close()


def test_a_source_does_not_pay_for_the_places_of_a_process_that_died(tmp_path: Path):
    table = tmp_path / "places"
    code = (
        "import sys; from pathlib import Path; from ipaddress import IPv4Address\n"
        "from mft.sftp.front.limits import Limits, Places\n"
        "places = Places(Limits(per_source=2), Path(sys.argv[1])); places.open()\n"
        "print([places.take(IPv4Address('8.8.4.4')) for _ in range(2)])\n"
    )
    subprocess.run([sys.executable, "-c", code, table], capture_output=True, check=True)
    places = Places(Limits(per_source=2), table)
    places.open()
    assert places.taken() == 2
    assert places.take(SOME) is not None
    places.close()


def test_the_table_is_nobody_elses_to_read(tmp_path: Path):
    places = Places(Limits(), tmp_path / "places")
    places.open()
    assert (tmp_path / "places").stat().st_mode & 0o777 == 0o600
    places.close()

from concurrent.futures import ThreadPoolExecutor

import pytest

from mft.crypto.strength import score


@pytest.mark.parametrize("weak", ["", "password", "aaaaaaaaaaaaaaaaaaaaaaaa", "qwertyuiopasdfgh"])
def test_what_is_guessed_first_scores_low_and_comes_with_advice(weak):
    points, advice = score(weak, [])
    assert points <= 2
    assert advice


def test_what_nobody_guesses_scores_high():
    assert score("correct horse battery staple", [])[0] == 4


def test_a_name_that_is_known_is_guessed():
    name = "zyxomatic-clinic"
    assert score(name, [name])[0] < score(name, [])[0]


def test_a_long_password_is_measured_by_its_beginning():
    assert score("vKq9 " * 60, [])[0] == score(("vKq9 " * 60)[:72], [])[0]


def test_two_people_at_once_do_not_share_hints():
    names = [f"zyx{number}omatic{number}clinic" for number in range(8)]

    def mine(name):
        return [score(name, [name]) for _ in range(20)]

    alone = {name: score(name, [name]) for name in names}
    with ThreadPoolExecutor(8) as pool:
        for name, found in zip(names, pool.map(mine, names), strict=True):
            assert found == [alone[name]] * 20

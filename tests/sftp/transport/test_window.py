"""When a session answers that waits for its client to take more."""

import pytest

from mft.sftp.transport.window import Waiting

ANSWER = 261_133
WHOLE = 2 << 20


def spent(window: int) -> Waiting:
    """Return what has seen a window of 2 MiB and is now told no at *window*."""
    waiting = Waiting()
    assert waiting.may(WHOLE, ANSWER, clogged=False)
    assert not waiting.may(window, ANSWER, clogged=False)
    return waiting


def test_an_answer_that_the_peer_takes_is_given_at_once():
    assert Waiting().may(ANSWER, ANSWER, clogged=False)


def test_once_the_window_is_spent_a_good_part_of_it_is_waited_for():
    waiting = spent(ANSWER - 1)
    assert not waiting.over(ANSWER, clogged=False)
    assert not waiting.over((1 << 20) - 1, clogged=False)
    assert waiting.over(1 << 20, clogged=False)
    assert waiting.may(1 << 20, ANSWER, clogged=False)


def test_the_end_of_a_wait_is_told_once():
    waiting = spent(0)
    assert waiting.over(WHOLE, clogged=False)
    assert not waiting.over(WHOLE, clogged=False)


def test_who_waits_for_nothing_is_told_nothing():
    assert not Waiting().over(WHOLE, clogged=False)


@pytest.mark.parametrize("widest", [1, 2, 40_000, ANSWER - 1])
def test_a_peer_that_never_takes_a_whole_answer_gets_parts_of_it(widest: int):
    waiting = Waiting()
    assert waiting.may(widest, ANSWER, clogged=False)
    assert not waiting.may(0, ANSWER, clogged=False)
    assert waiting.over(max(1, widest // 2), clogged=False)


def test_nothing_is_added_to_what_waits_for_the_window_already():
    waiting = Waiting()
    assert not waiting.may(WHOLE, ANSWER, clogged=True)
    assert not waiting.over(WHOLE, clogged=True)
    assert waiting.over(1, clogged=False)


def test_a_window_that_stays_as_it_is_is_not_waited_for():
    waiting = spent(1000)
    assert not waiting.vain(2000, ANSWER, clogged=False)
    assert waiting.vain(2000, ANSWER, clogged=False)
    assert waiting.may(2000, ANSWER, clogged=False)
    assert not waiting.may(2000, ANSWER, clogged=False)


def test_a_window_wide_enough_for_the_answer_is_not_waited_for_long():
    waiting = spent(0)
    assert waiting.vain(ANSWER, ANSWER, clogged=False)


def test_what_waits_for_the_window_already_is_no_reason_to_add_to_it():
    waiting = spent(0)
    assert not waiting.vain(0, ANSWER, clogged=True)
    assert not waiting.may(0, ANSWER, clogged=False)

"""When a silent session ends; every moment is given, none is waited for."""

from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.silence import Silence

LIMITS = SessionLimits(idle=1800, half_received=120, undrained=120)


def silence() -> Silence:
    return Silence(LIMITS, heard_at=0, drained_at=0)


def test_a_session_without_requests_ends_after_its_idle_time_and_not_before():
    assert silence().ends(1799.9, 0, 0) is None
    assert silence().ends(1800, 0, 0) == "idle"


def test_a_request_is_life():
    quiet = silence()
    quiet.heard(1000)
    assert quiet.ends(2000, 0, 0) is None


def test_a_request_must_arrive_within_its_time_once_begun():
    quiet = silence()
    quiet.begun(10)
    quiet.begun(100)  # A further piece of the same request gives no more time.
    assert quiet.ends(129.9, 0, 0) is None
    assert quiet.ends(130, 0, 0) == "half received"


def test_what_we_do_not_read_is_not_held_against_the_client():
    quiet = silence()
    quiet.begun(10)
    quiet.held()
    assert quiet.ends(500, 0, 0) is None
    quiet.begun(600)
    assert quiet.ends(719, 0, 0) is None
    assert quiet.ends(720, 0, 0) == "half received"


def test_answers_that_nobody_takes_end_the_session():
    quiet = silence()
    assert quiet.ends(100, 5000, 5000) is None
    assert quiet.ends(120, 5000, 5000) == "undrained"


def test_a_client_that_takes_steadily_keeps_its_session_however_slow():
    quiet, sent = silence(), 1 << 20
    for step in range(1, 12):
        assert quiet.ends(step * 100, sent - step * 65_536, sent) is None


def test_a_client_that_takes_single_bytes_does_not():
    quiet, sent = silence(), 1 << 20
    assert [quiet.ends(t, sent - t, sent) for t in (60, 119, 120)] == [None, None, "undrained"]


def test_a_slow_taker_is_not_idle():
    quiet, sent = silence(), 1 << 30
    for step in range(1, 60):
        assert quiet.ends(step * 100, sent - step * 65_536, sent) is None

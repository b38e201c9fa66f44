"""The trial person's authenticator."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from mft.cli.demo.authenticator import STEP, Authenticator, left
from mft.model.errors import Invalid, Unavailable

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"


@pytest.fixture
def authenticator(tmp_path: Path) -> Authenticator:
    return Authenticator(tmp_path / "authenticator.txt")


def test_it_shows_what_any_other_app_shows_that_was_given_the_same_secret(authenticator: Authenticator):
    authenticator.keep_typed(SECRET)
    other = pyotp.TOTP(SECRET.replace(" ", ""))
    assert [authenticator.code(at) for at in (NOON, NOON + STEP)] == [other.at(NOON), other.at(NOON + STEP)]
    assert pyotp.parse_uri(authenticator.file.read_text().strip()).secret == other.secret


def test_what_is_kept_takes_the_place_of_what_was_kept_before(authenticator: Authenticator):
    authenticator.keep_typed(SECRET)
    before = authenticator.code(NOON)
    authenticator.keep(
        "otpauth://totp/Example%20Health:pat?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20Health"
    )
    assert authenticator.code(NOON) != before


def test_a_code_says_how_long_it_is_the_current_one():
    assert [left(NOON + timedelta(seconds=past)) for past in (0, 1, 29, 30)] == [30, 29, 1, 30]


def test_what_cannot_be_read_says_so(authenticator: Authenticator):
    with pytest.raises(Unavailable, match="cannot be read"):
        authenticator.code(NOON)
    authenticator.keep("nonsense")
    with pytest.raises(Unavailable, match="make another: mft demo --check --dir"):
        authenticator.code(NOON)
    authenticator.file.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        authenticator.code(NOON)

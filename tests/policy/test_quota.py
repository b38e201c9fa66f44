"""What fits and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.policy.quota import GIB, Quota, Reserve, Use, excess, shortage

LIMITS = st.none() | st.integers(0, 100)
AMOUNTS = st.integers(-100, 100)


def test_without_a_quota_everything_fits():
    assert excess(Quota(), Use(1 << 60, 1 << 60), Use(1 << 60, 1 << 60)) is None


@given(octets=LIMITS, files=LIMITS, used=AMOUNTS, growth=AMOUNTS, more=AMOUNTS)
def test_what_fits_never_passes_the_quota_and_what_shrinks_always_fits(
    octets: int | None, files: int | None, used: int, growth: int, more: int
):
    why = excess(Quota(octets, files), Use(used, used), Use(growth, more))
    over = (octets is not None and growth > 0 and used + growth > octets) or (
        files is not None and more > 0 and used + more > files
    )
    assert (why is not None) == over
    assert excess(Quota(octets, files), Use(used, used), Use(min(growth, 0), min(more, 0))) is None


@pytest.mark.parametrize(
    ("total", "kept"), [(10 * GIB, 10 * GIB * 5 // 100), (20 * GIB, GIB), (1000 * GIB, GIB), (0, 0)]
)
def test_the_reserve_is_the_smaller_of_a_gibibyte_and_five_percent(total: int, kept: int):
    assert Reserve().of(total) == kept


def test_an_upload_stops_before_it_eats_the_reserve():
    assert shortage(free=100, total=1000, coming=50, reserve=Reserve(bytes=50, percent=100)) is None
    assert shortage(free=100, total=1000, coming=51, reserve=Reserve(bytes=50, percent=100)) is not None

"""Addresses: one source, and runs of them."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.model.network import AddressRange, source_of

NUMBER = st.integers(0, 2**32 - 1)
RANGES = st.tuples(NUMBER, NUMBER).map(sorted).map(lambda pair: AddressRange(*pair))


@given(RANGES)
def test_what_is_printed_is_read_back(addresses):
    assert AddressRange.parse(str(addresses)) == addresses


@given(RANGES, RANGES)
def test_overlapping_is_mutual_and_within_is_stronger(one, other):
    assert one.overlaps(other) == other.overlaps(one) == (max(one.first, other.first) <= min(one.last, other.last))
    assert one.within(other) <= one.overlaps(other)


@given(RANGES, NUMBER)
def test_a_range_contains_what_lies_between_its_ends(addresses, number):
    assert addresses.contains(IPv4Address(number)) == (addresses.first <= number <= addresses.last)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("8.8.8.8/32", "8.8.8.8"),
        ("8.8.8.0-8.8.8.255", "8.8.8.0/24"),
        ("8.8.8.1-8.8.8.2", "8.8.8.1-8.8.8.2"),
        ("0.0.0.0-255.255.255.255", "0.0.0.0/0"),
    ],
)
def test_the_shortest_form_is_printed(text, printed):
    assert str(AddressRange.parse(text)) == printed


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("::FFFF:808:808", "8.8.8.8"),
        ("::ffff:8.8.8.8%eth0", "8.8.8.8"),
    ],
)
def test_ipv4_is_found_behind_a_dual_stack_socket(peer, source):
    assert source_of(peer) == IPv4Address(source)


@pytest.mark.fact("0.7")
@pytest.mark.parametrize(
    "peer", ["::1", "2001:db8::1", "::8.8.8.8", "64:ff9b::808:808", "", "nonsense", "8.8.8", "fe80::1%eth0"]
)
def test_anything_but_ipv4_has_no_source(peer):
    assert source_of(peer) is None

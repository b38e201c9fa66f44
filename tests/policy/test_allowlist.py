"""The allowlist's judgement against an oracle that shares no code with it."""

import re
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mft.model.errors import Invalid
from mft.model.network import AddressRange
from mft.policy.allowlist import SPECIAL, AllowlistRules, Fit, NeedsApproval, Unfit, judge

RULES = AllowlistRules()
ANY_SIZE = AllowlistRules(approval_above_entry=2**32, approval_above_list=2**33, refuse_above=2**32)
TOP = 2**32 - 1

# The oracle: what is special, as leading bits of the 32-bit number, written out by hand from RFC 6890
# and its successors.  A range is refused if any of its addresses starts with any of these.
SPECIAL_BITS = {
    "0.0.0.0/8": "00000000",
    "10.0.0.0/8": "00001010",
    "100.64.0.0/10": "0110010001",
    "127.0.0.0/8": "01111111",
    "169.254.0.0/16": "1010100111111110",
    "172.16.0.0/12": "101011000001",
    "192.0.0.0/24": "110000000000000000000000",
    "192.0.2.0/24": "110000000000000000000010",
    "192.31.196.0/24": "110000000001111111000100",
    "192.52.193.0/24": "110000000011010011000001",
    "192.88.99.0/24": "110000000101100001100011",
    "192.168.0.0/16": "1100000010101000",
    "192.175.48.0/24": "110000001010111100110000",
    "198.18.0.0/15": "110001100001001",
    "198.51.100.0/24": "110001100011001101100100",
    "203.0.113.0/24": "110010110000000001110001",
    "224.0.0.0/4": "1110",
    "240.0.0.0/4": "1111",
}


def oracle_public(number: int) -> bool:
    """Whether one address is public, by its bits."""
    bits = format(number, "032b")
    return not any(bits.startswith(prefix) for prefix in SPECIAL_BITS.values())


def oracle_range_public(first: int, last: int) -> bool:
    """Whether every address of a range is public.

    What is special changes only where a prefix begins or ends, so it is enough to ask at the ends of
    the range and at each first and last address of a prefix that lies inside it.
    """
    edges = {first, last}
    for prefix in SPECIAL_BITS.values():
        low = int(prefix.ljust(32, "0"), 2)
        high = int(prefix.ljust(32, "1"), 2)
        edges |= {edge for edge in (low, high) if first <= edge <= last}
    return all(oracle_public(edge) for edge in edges)


def listable(addresses: AddressRange) -> bool:
    return not isinstance(judge(addresses, 0, ANY_SIZE, ()), Unfit)


BOUNDARIES = [
    pytest.param(number % 2**32, id=f"{prefix}-{place}")
    for prefix, bits in SPECIAL_BITS.items()
    for place, number in (
        ("before", int(bits.ljust(32, "0"), 2) - 1),
        ("first", int(bits.ljust(32, "0"), 2)),
        ("last", int(bits.ljust(32, "1"), 2)),
        ("after", int(bits.ljust(32, "1"), 2) + 1),
    )
]


@pytest.mark.fact("0.8")
@pytest.mark.parametrize("number", BOUNDARIES)
def test_one_address_is_listed_exactly_if_it_is_public(number):
    assert listable(AddressRange(number, number)) == oracle_public(number)


def test_the_boundaries_are_72_and_the_table_is_the_oracles():
    assert len(BOUNDARIES) == 72
    assert {str(prefix) for prefix in SPECIAL} == set(SPECIAL_BITS)
    assert sum(prefix.size for prefix in SPECIAL) == 592_709_632


@pytest.mark.fact("0.8")
@pytest.mark.parametrize("length", range(33))
def test_no_block_that_begins_at_zero_is_listed(length):
    assert not listable(AddressRange.parse(f"0.0.0.0/{length}"))


@pytest.mark.parametrize(
    "text", ["10.0.0.0/7", "100.0.0.0/8", "192.0.0.0/8", "128.0.0.0/1", "8.0.0.0-11.0.0.0", "192.0.0.8", "224.0.0.1"]
)
def test_what_the_standard_library_calls_global_is_refused_all_the_same(text):
    judgement = judge(AddressRange.parse(text), 0, ANY_SIZE, ())
    assert isinstance(judgement, Unfit)
    assert "only public IPv4 addresses" in judgement.why


@settings(max_examples=2000, deadline=None)
@given(st.integers(0, TOP), st.integers(0, TOP))
def test_any_range_is_listed_exactly_if_all_of_it_is_public(one, other):
    first, last = sorted((one, other))
    assert listable(AddressRange(first, last)) == oracle_range_public(first, last)


@settings(max_examples=2000, deadline=None)
@given(st.integers(0, TOP), st.integers(0, 32))
def test_any_block_is_listed_exactly_if_all_of_it_is_public(address, length):
    network = IPv4Network((address, length), strict=False)
    block = AddressRange.parse(str(network))
    assert (block.first, block.last) == (int(network[0]), int(network[-1]))
    assert listable(block) == oracle_range_public(block.first, block.last)


NEAR_AN_EDGE = st.sampled_from([p.values[0] for p in BOUNDARIES]).flatmap(
    lambda edge: st.integers(max(0, edge - 300), min(TOP, edge + 300))
)


@settings(max_examples=2000, deadline=None)
@given(NEAR_AN_EDGE, st.integers(0, 600))
def test_ranges_near_the_edges_agree_with_the_oracle(first, more):
    last = min(TOP, first + more)
    assert listable(AddressRange(first, last)) == oracle_range_public(first, last)


@pytest.mark.fact("0.10")
@pytest.mark.parametrize(
    ("text", "listed", "expected"),
    [
        ("8.8.8.0/24", 0, Fit),
        ("8.8.8.0-8.8.8.255", 0, Fit),
        ("8.8.8.0-8.8.9.0", 0, NeedsApproval),
        ("8.8.8.0/23", 0, NeedsApproval),
        ("8.8.0.0/16", 0, NeedsApproval),
        ("8.8.0.0-8.9.0.0", 0, Unfit),
        ("8.8.0.0/15", 0, Unfit),
        ("8.8.8.8", 4095, Fit),
        ("8.8.8.8", 4096, NeedsApproval),
        ("8.8.8.0/24", 3840, Fit),
        ("8.8.8.0/24", 3841, NeedsApproval),
    ],
)
def test_wide_entries_and_long_lists_wait_and_wider_ones_are_refused(text, listed, expected):
    assert isinstance(judge(AddressRange.parse(text), listed, RULES, ()), expected)


LOOPBACK = (AddressRange.parse("127.0.0.0/8"),)


def test_trial_networks_count_as_public_and_nothing_beside_them():
    assert isinstance(judge(AddressRange.parse("127.0.0.1"), 0, RULES, LOOPBACK), Fit)
    assert isinstance(judge(AddressRange.parse("127.0.0.1"), 0, RULES, ()), Unfit)
    assert isinstance(judge(AddressRange.parse("126.255.255.0-127.0.0.9"), 0, ANY_SIZE, LOOPBACK), Fit)
    assert isinstance(judge(AddressRange.parse("10.0.0.1"), 0, RULES, LOOPBACK), Unfit)
    assert isinstance(judge(AddressRange.parse("127.255.255.255-128.0.0.1"), 0, RULES, LOOPBACK), Fit)


def test_a_trial_network_that_covers_a_special_one_in_part_leaves_the_rest_refused():
    part = (AddressRange.parse("127.0.0.0/24"), AddressRange.parse("127.0.2.0/24"))
    assert isinstance(judge(AddressRange.parse("127.0.0.0-127.0.2.255"), 0, ANY_SIZE, part), Unfit)
    whole = (*part, AddressRange.parse("127.0.1.0/24"))
    assert isinstance(judge(AddressRange.parse("127.0.0.0-127.0.2.255"), 0, ANY_SIZE, whole), Fit)


@settings(max_examples=1000, deadline=None)
@given(
    st.tuples(NEAR_AN_EDGE, st.integers(0, 300)),
    st.lists(st.tuples(NEAR_AN_EDGE, st.integers(0, 300)), max_size=3),
)
def test_with_trial_networks_every_address_is_public_or_on_trial(span, networks):
    entry = AddressRange(span[0], min(TOP, span[0] + span[1]))
    trial = tuple(AddressRange(first, min(TOP, first + more)) for first, more in networks)
    expected = all(
        oracle_public(number) or any(t.first <= number <= t.last for t in trial)
        for number in range(entry.first, entry.last + 1)
    )
    assert isinstance(judge(entry, 0, ANY_SIZE, trial), Unfit) != expected


GOOD_SYNTAX = {
    "8.8.8.8": ("8.8.8.8", "8.8.8.8"),
    " 8.8.8.8 ": ("8.8.8.8", "8.8.8.8"),
    "8.8.8.0/24": ("8.8.8.0", "8.8.8.255"),
    "8.8.8.8/32": ("8.8.8.8", "8.8.8.8"),
    "8.8.8.8/31": ("8.8.8.8", "8.8.8.9"),
    "8.8.8.8-8.8.8.9": ("8.8.8.8", "8.8.8.9"),
    "8.8.8.8 - 8.8.9.1": ("8.8.8.8", "8.8.9.1"),
    "8.8.8.8-8.8.8.8": ("8.8.8.8", "8.8.8.8"),
    "0.0.0.0/0": ("0.0.0.0", "255.255.255.255"),  # noqa: S104  (an address, and nothing binds to it)
    "255.255.255.255": ("255.255.255.255", "255.255.255.255"),
}
BAD_SYNTAX = [
    "", " ", "8", "8.8", "8.8.8", "1.2.3", "8.8.8.8.8", "8.8.8.256", "8.8.8.999", "8.8.8.-1", "8.8.8.+1", "-8.8.8.8",
    "010.0.0.1", "8.8.8.08", "08.8.8.8", "00.8.8.8", "0x8.8.8.8", "0x08080808", "134744072", "8.8.8.8.", ".8.8.8.8",
    "8..8.8", "8. 8.8.8", "8.8.8.8\n8.8.8.9", "8.8.8.8%eth0", "8.8.8.8:22", "8.8.8.8/", "8.8.8.8/33", "8.8.8.8/-1",
    "8.8.8.8/+24", "8.8.8.0/ 24", "8.8.8.0/024", "8.8.8.0/24/24", "8.8.8.0/0.0.0.255", "8.8.8.0/255.255.255.0",
    "8.8.8.8/24", "8.8.8.9/31", "128.0.0.0/0", "8.8.8.9-8.8.8.8", "8.8.8.8-", "-", "8.8.8.8--8.8.8.9",
    "8.8.8.8-8.8.8.9-8.8.8.10", "8.8.8.0/24-8.8.9.0/24", "8.8.8.8-9", "8.8.8.*", "8.8.8.8,8.8.8.9", "localhost",
    "\u0668.\u0668.\u0668.\u0668", "\uff18.8.8.8", "8\u30028.8.8", "\u200b8.8.8.8", "::1", "::ffff:8.8.8.8",
    "2001:db8::1", "2001:db8::/32", "8.8.8.8/\u0662\u0664", "eight.eight.eight.eight", "8.8.8.8 8.8.8.9", "any", "*",
]  # fmt: skip


@pytest.mark.fact("0.7")
@pytest.mark.parametrize("text", BAD_SYNTAX)
def test_what_is_no_ipv4_address_block_or_range_is_refused(text):
    with pytest.raises(Invalid):
        AddressRange.parse(text)


@pytest.mark.fact("0.10")
@pytest.mark.parametrize("text", GOOD_SYNTAX)
def test_addresses_blocks_and_ranges_are_read_exactly(text):
    first, last = GOOD_SYNTAX[text]
    assert AddressRange.parse(text) == AddressRange(int(IPv4Address(first)), int(IPv4Address(last)))


def test_the_syntax_vectors_are_at_least_sixty():
    assert len(BAD_SYNTAX) + len(GOOD_SYNTAX) >= 60


@pytest.mark.parametrize("value", [1, True, 134744072, b"\x08\x08\x08\x08", None, 8.8])
def test_only_text_is_an_address(value):
    with pytest.raises((Invalid, AttributeError, TypeError)):
        AddressRange.parse(value)


def test_a_mistyped_host_bit_is_refused_with_the_network_named():
    with pytest.raises(Invalid, match=re.escape("8.8.8.0/24 for the whole network")):
        AddressRange.parse("8.8.8.8/24")

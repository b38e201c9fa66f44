"""Whom the portal believes about where a browser comes from."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from starlette.requests import Request

from mft.model.network import AddressRange
from mft.web.portal.source import seen

BALANCER = (AddressRange.parse("10.1.0.0/24"),)


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    client = None if peer is None else (peer, 50000)
    return Request({"type": "http", "headers": headers, "client": client})


def test_without_a_balancer_the_peer_counts_whatever_the_header_says():
    assert seen(request("8.8.8.8", "9.9.9.9"), ()) == IPv4Address("8.8.8.8")
    assert seen(request("8.8.8.8", "9.9.9.9"), BALANCER) == IPv4Address("8.8.8.8")


@pytest.mark.parametrize(
    "forwarded", [["9.9.9.9"], ["1.1.1.1, 9.9.9.9"], ["1.1.1.1", "9.9.9.9"], ["evil", "::1,9.9.9.9 "]]
)
def test_a_named_balancer_is_believed_about_its_own_peer_only(forwarded: list[str]):
    assert seen(request("10.1.0.7", *forwarded), BALANCER) == IPv4Address("9.9.9.9")


@pytest.mark.parametrize("forwarded", [[], [""], ["9.9.9.9, "], ["9.9.9.9, unknown"], ["9.9.9.9:443"], ["09.9.9.9"]])
def test_a_named_balancer_that_says_nothing_sensible_leaves_it_unknown(forwarded: list[str]):
    assert seen(request("10.1.0.7", *forwarded), BALANCER) is None


@pytest.mark.fact("0.7")
def test_ipv4_within_ipv6_is_ipv4_and_other_ipv6_is_itself():
    assert seen(request("::ffff:8.8.8.8"), ()) == IPv4Address("8.8.8.8")
    assert seen(request("2001:4860::8888"), ()) == IPv6Address("2001:4860::8888")
    assert seen(request("10.1.0.7", "2001:4860::8888"), BALANCER) == IPv6Address("2001:4860::8888")


def test_a_peer_that_is_not_told_is_unknown():
    assert seen(request(None, "9.9.9.9"), BALANCER) is None
    assert seen(request("a-socket's-path"), BALANCER) is None

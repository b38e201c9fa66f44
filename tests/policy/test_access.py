"""Rights add up on the way down, and what may not be seen is not there."""

import pytest

from mft.model.ids import AccountId, GrantId
from mft.model.path import ROOT, VirtualPath
from mft.model.rights import ALL, Grant, Right
from mft.policy.access import NEEDS, Operation, Sight, permits, rights_at, sees_file, sight, visible
from mft.store.types import EPOCH


def p(text: str) -> VirtualPath:
    return VirtualPath.parse(text)


def grant(folder: str, rights: Right) -> Grant:
    return Grant(GrantId("grt"), p(folder), rights, AccountId("acc"), None, "olivia", EPOCH)


def test_every_operation_has_its_right():
    assert set(NEEDS) == set(Operation)


def test_grants_add_up_from_the_root_down_and_never_sideways():
    grants = [grant("/a", Right.LIST), grant("/a/b", Right.READ), grant("/a/bc", Right.DELETE)]
    assert rights_at(grants, p("/a")) == Right.LIST
    assert rights_at(grants, p("/a/b/c")) == Right.LIST | Right.READ
    assert rights_at(grants, p("/a/bcd")) == Right.LIST
    assert rights_at(grants, ROOT) == Right.NONE


@pytest.mark.parametrize("operation", Operation)
def test_nothing_granted_permits_nothing(operation: Operation):
    assert permits([], operation, p("/a")) is (operation is Operation.RENAME_WORK)
    assert permits([grant("/a", ALL)], operation, p("/a/b"))
    assert permits([grant("/a", ALL)], operation, p("/b")) is (operation is Operation.RENAME_WORK)


def test_the_way_to_a_granted_folder_is_seen_and_nothing_beside_it():
    grants = [grant("/a/b", Right.LIST)]
    assert [visible(grants, p(at)) for at in ("/", "/a", "/a/b", "/a/b/c")] == [True] * 4
    assert [visible(grants, p(at)) for at in ("/b", "/a/c", "/a/bc")] == [False] * 3
    assert not visible([], ROOT)
    assert not visible([grant("/", Right.NONE)], ROOT)


@pytest.mark.parametrize("right", [Right.CREATE, Right.REPLACE, Right.DELETE])
def test_a_file_is_known_to_who_may_list_or_read_it(right: Right):
    assert sees_file([grant("/a", Right.LIST)], p("/a/f"))
    assert sees_file([grant("/a", Right.READ)], p("/a/f"))
    assert not sees_file([grant("/a", right)], p("/a/f"))


def test_a_listing_shows_all_or_the_ways_or_nothing():
    assert sight([grant("/a", Right.LIST)], p("/a/b")) is Sight.ALL
    assert sight([grant("/a/b", Right.LIST)], p("/a")) is Sight.WAYS
    assert sight([grant("/a", Right.CREATE)], p("/a")) is Sight.NOTHING
    assert sight([grant("/a", Right.CREATE), grant("/a/b", Right.READ)], p("/a")) is Sight.WAYS
    assert sight([], ROOT) is Sight.NOTHING

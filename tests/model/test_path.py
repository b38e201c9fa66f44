"""Paths: spelled out once, never above the root."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mft.model.errors import Invalid
from mft.model.path import MAX_DEPTH, MAX_NAME_BYTES, MAX_PATH_BYTES, ROOT, VirtualPath, checked_name

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=60)
TRICKY = st.lists(st.sampled_from(["..", ".", "", "a", "b c", "...", "é", "e\u0301", "%2e%2e", "~"]), max_size=12)


@given(st.one_of(ANY_TEXT, TRICKY.map("/".join)))
def test_a_path_never_leaves_the_root(text):
    try:
        path = VirtualPath.parse(text)
    except Invalid:
        return
    assert path.within(ROOT)
    assert not {"", ".", ".."} & set(path.names)
    assert not any("/" in name or "\\" in name or "\x00" in name for name in path.names)
    assert VirtualPath.parse(str(path)) == path


@given(st.binary(max_size=80))
def test_any_bytes_from_the_wire_are_a_path_or_refused(raw):
    try:
        path = VirtualPath.from_wire(raw)
    except Invalid:
        return
    assert VirtualPath.from_wire(str(path).encode()) == path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "/"),
        (".", "/"),
        ("/", "/"),
        ("/..", "/"),
        ("../../etc", "/etc"),
        ("/a/./b//c/", "/a/b/c"),
        ("a/../b", "/b"),
        ("/a/b/../..", "/"),
        ("/a/%2e%2e/b", "/a/%2e%2e/b"),
        ("/...", "/..."),
    ],
)
def test_dots_are_spelled_out(text, expected):
    assert str(VirtualPath.parse(text)) == expected


@pytest.mark.parametrize(
    "name",
    [
        "a\x00b",
        "a\nb",
        "a\rb",
        "a\x1bb",
        "a\x7fb",
        "a\u202eb",
        "a\u2066b",
        "a\u200bb",
        "a\u2028b",
        "a\u2029b",
        "a\\b",
        "..\\..\\etc",
        "a\ud800b",
        "\ufeffa",
        "a\u00adb",
    ],
)
def test_names_that_deceive_are_refused(name):
    with pytest.raises(Invalid):
        VirtualPath.parse("/" + name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b"])
def test_one_segment_is_one_segment(name):
    with pytest.raises(Invalid):
        checked_name(name)
    with pytest.raises(Invalid):
        _ = ROOT / name


def test_bytes_that_are_not_utf8_are_refused():
    with pytest.raises(Invalid, match="UTF-8"):
        VirtualPath.from_wire(b"/caf\xe9")


def test_a_mac_and_a_pc_mean_the_same_file():
    composed, decomposed = "caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")
    assert composed != decomposed
    assert VirtualPath.parse(composed) == VirtualPath.parse(decomposed)


def test_limits_of_length_and_depth():
    assert VirtualPath.parse("x" * MAX_NAME_BYTES).name == "x" * MAX_NAME_BYTES
    with pytest.raises(Invalid):
        VirtualPath.parse("x" * (MAX_NAME_BYTES + 1))
    with pytest.raises(Invalid):
        VirtualPath.parse("é" * (MAX_NAME_BYTES // 2 + 1))
    assert len(VirtualPath.parse("a/" * MAX_DEPTH).names) == MAX_DEPTH
    with pytest.raises(Invalid):
        VirtualPath.parse("a/" * (MAX_DEPTH + 1))
    with pytest.raises(Invalid):
        VirtualPath.parse(("x" * 250 + "/") * (MAX_PATH_BYTES // 250 + 1))


def test_a_folder_holds_names_and_never_prefixes():
    share = VirtualPath.parse("/share")
    assert VirtualPath.parse("/share/a").within(share)
    assert share.within(share)
    assert not VirtualPath.parse("/share2").within(share)
    assert not ROOT.within(share)


def test_paths_are_seen_from_a_folder_and_joined_again():
    home = VirtualPath.parse("/Partners/acme")
    path = home / "Inbound" / "a.txt"
    assert str(path.relative_to(home)) == "/Inbound/a.txt"
    assert home.joined(path.relative_to(home)) == path
    assert (path.name, str(path.parent), ROOT.name, ROOT.parent) == ("a.txt", "/Partners/acme/Inbound", "", ROOT)
    assert [str(step) for step in (home / "x").ancestors()] == ["/", "/Partners", "/Partners/acme", "/Partners/acme/x"]
    with pytest.raises(Invalid):
        path.relative_to(VirtualPath.parse("/Distribution"))

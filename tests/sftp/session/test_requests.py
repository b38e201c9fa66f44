"""The table, the handlers behind it and the page about it say the same."""

import re
from pathlib import Path

from mft.sftp.session.answers import Answers
from mft.sftp.session.context import Context
from mft.sftp.session.handles import Handles
from mft.sftp.session.limits import SessionLimits
from mft.sftp.session.packets import Kind
from mft.sftp.session.requests import ATTRIBUTES, EXTENSIONS, FLAGS, REQUESTS, Treatment
from tests.support.clock import MovingClock
from tests.support.wire import FaultyRoom, Lines

PAGE = Path(__file__).parents[3] / "docs" / "protocol.md"
IN_THE_SESSION = {Kind.INIT, Kind.READ, Kind.WRITE}
"""Answered by the session and the hot path, before any handler."""


def collected() -> Answers:
    limits = SessionLimits()
    parts = (FaultyRoom(), None, Handles(limits.handles), limits, Lines(), MovingClock())
    return Answers(Context(*parts, monotonic=float))


def test_every_packet_type_has_a_row():
    assert REQUESTS.keys() == set(Kind)


def test_what_the_table_honours_has_a_handler_and_nothing_else_has():
    honoured = {kind for kind, row in REQUESTS.items() if row.treatment is not Treatment.REFUSED}
    assert collected().requests.keys() == honoured - IN_THE_SESSION


def test_what_the_table_honours_of_the_extensions_has_a_handler_and_nothing_else_has():
    honoured = {name for name, (_, row) in EXTENSIONS.items() if row.treatment is not Treatment.REFUSED}
    assert collected().extensions.keys() == honoured
    assert all(bool(told) is (name in honoured) for name, (told, _) in EXTENSIONS.items())


def test_the_page_holds_the_same_rows_in_the_same_words():
    cells = (re.split(r"\s*\|\s*", line.strip().strip("|").strip()) for line in PAGE.read_text().splitlines())
    written = {(name.strip("`"), treatment, why) for name, treatment, why, *rest in (c for c in cells if len(c) == 3)}
    rows = [*REQUESTS.values(), *(row for _, row in EXTENSIONS.values()), *ATTRIBUTES, *FLAGS]
    table = {(row.name, row.treatment.value, row.why) for row in rows}
    treatments = {treatment.value for treatment in Treatment}
    assert {line for line in written if line[1] in treatments} == table


def test_limits_in_the_table_are_the_limits_that_hold():
    limits = SessionLimits()
    told = f"packet {limits.packet}, read {limits.read}, write {limits.write}, {limits.handles} handles"
    assert EXTENSIONS[b"limits@openssh.com"][1].why == told

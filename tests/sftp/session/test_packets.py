"""The codec: what one side writes, the other reads; and every cut is noticed."""

import asyncio
import tracemalloc

import pytest
from asyncssh.packet import SSHPacket
from asyncssh.sftp import SFTPAttrs
from hypothesis import given
from hypothesis import strategies as st

from mft.model.file import EntryKind
from mft.sftp.session import packets
from mft.sftp.session.attrs import encode, read_wishes
from mft.sftp.session.eager import Waiting, begin
from mft.sftp.session.inbox import Inbox
from mft.sftp.session.packets import Code, Fields, Garbled
from tests.support.wire import answers, framed

NUMBERS = st.integers(0, 2**32 - 1)


@given(NUMBERS, st.sampled_from(Code), st.text(max_size=50))
def test_a_status_is_read_back_as_it_was_written(number, code, text):
    (answer,) = answers(packets.status(number, code, text))
    assert (answer.number, answer.code, answer.text) == (number, code, text)


@given(NUMBERS, st.binary(max_size=300))
def test_data_and_handles_are_read_back_as_they_were_written(number, content):
    data, handle = answers(packets.data(number, content) + packets.handle(number, content))
    assert (data.number, data.content) == (number, content)
    assert (handle.number, handle.handle) == (number, content)


@given(NUMBERS)
def test_the_quick_ok_is_a_status_like_any_other(number):
    (answer,) = answers(packets.okay(number))
    assert (answer.number, answer.code, answer.text) == (number, Code.OK, "")


@given(st.lists(st.binary(max_size=20), max_size=5), st.integers(0, 2**64 - 1))
def test_fields_are_read_in_order_and_a_cut_anywhere_is_garbled(values, large):
    body = b"\x03" + b"".join(map(packets.string, values)) + large.to_bytes(8, "big")
    fields = Fields(body)
    assert [fields.string() for _ in values] == values
    assert fields.u64() == large
    cut = Fields(body[:-1])
    with pytest.raises(Garbled):
        [*(cut.string() for _ in values), cut.u64()]


@given(
    size=st.none() | st.integers(0, 2**64 - 1),
    owner=st.none() | st.tuples(NUMBERS, NUMBERS),
    mode=st.none() | st.integers(0, 0o7777),
    mtime=st.none() | NUMBERS,
)
def test_attributes_that_asyncssh_writes_are_understood(size, owner, mode, mtime):
    uid, gid = owner or (None, None)
    theirs = SFTPAttrs(size=size, uid=uid, gid=gid, permissions=mode, atime=mtime, mtime=mtime)
    wishes = read_wishes(Fields(b"\x09" + theirs.encode(3)))
    assert (wishes.size, wishes.owner, wishes.mode, wishes.mtime) == (size, owner, mode, mtime)


@given(st.sampled_from(EntryKind), st.integers(0, 2**63 - 1), st.integers(-(2**40), 2**40))
def test_attributes_that_we_write_are_understood_by_asyncssh(kind, size, modified):
    packet = SSHPacket(encode(kind, size, modified))
    attrs = SFTPAttrs.decode(packet, 3)
    packet.check_end()
    assert (attrs.size, attrs.uid, attrs.gid) == (size, 0, 0)
    assert attrs.mtime == min(max(modified, 0), 2**32 - 1)
    assert (attrs.permissions or 0) >> 12 == {EntryKind.FILE: 0o10, EntryKind.FOLDER: 0o4}[kind]


@given(st.lists(st.binary(min_size=5, max_size=400), max_size=12), st.data())
def test_packets_come_out_whole_however_the_stream_is_cut(bodies, data):
    stream = b"".join(framed(body) for body in bodies)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    inbox, out = Inbox(1000), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        if start != end:
            inbox.feed(stream[start:end])
        if data.draw(st.booleans()):
            while (packet := inbox.take()) is not None:
                out.append(bytes(packet))  # It is lent until the next one is taken.
    while (packet := inbox.take()) is not None:
        out.append(bytes(packet))
    assert out == bodies
    assert not inbox.partial


def test_once_a_large_packet_was_taken_nothing_is_left_of_it_in_memory():
    inbox, stream = Inbox(1 << 20), framed(bytes(1 << 19))
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for start in range(0, len(stream), 1 << 15):
        inbox.feed(stream[start : start + (1 << 15)])
        packet = inbox.take()
    assert packet is not None
    del packet
    assert inbox.take() is None
    inbox.keep()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 1 << 17


@pytest.mark.parametrize("length", [0, 4, 1001, 2**32 - 1])
def test_a_length_that_cannot_be_meant_is_garbled(length):
    inbox = Inbox(1000)
    inbox.feed(length.to_bytes(4, "big"))
    with pytest.raises(Garbled):
        inbox.take()


async def test_a_coroutine_that_never_waits_needs_no_task():
    async def ready():
        return 7

    assert begin(ready()) == 7


async def test_a_coroutine_that_waits_goes_on_in_a_task_and_keeps_its_errors():
    gate = asyncio.get_running_loop().create_future()

    async def waits():
        first = await gate
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return first + 1

    begun = begin(waits())
    assert isinstance(begun, Waiting)

    async def rest():
        return await begun

    task = asyncio.create_task(rest())
    gate.set_result(1)
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    assert await task == 2

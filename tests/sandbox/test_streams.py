"""Frames and the engine's stream, however they are cut, however long, and when they are garbage."""

import asyncio
import contextlib
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sca.errors import SandboxError
from sca.sandbox.guest.frames import HEADER, Inbox, Malformed, pack, too_deep, unpack
from sca.sandbox.host.endings import sound
from sca.sandbox.host.link import Link
from sca.sandbox.host.stream import KEPT, Demultiplexer

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
pieces = st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.binary(max_size=200)), max_size=12)


def cut(data, places):
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[low:high] for low, high in itertools.pairwise(edges)]


def header(kind, size):
    return bytes([kind, 0, 0, 0]) + size.to_bytes(4, "big")


@given(st.lists(plain, max_size=5), st.lists(st.integers(0, 10_000)))
def test_messages_arrive_whole_and_in_order_however_they_are_cut(messages, places):
    inbox = Inbox(1 << 20)
    stream = b"".join(map(pack, messages))
    assert [unpack(body) for part in cut(stream, places) for body in inbox.feed(part)] == messages
    assert inbox.rest == 0


@given(st.integers(0, 120) | st.integers(0, 2**32 - 1), st.binary(max_size=150))
def test_a_length_beyond_the_limit_is_malformed_before_its_bytes_arrive(size, data):
    inbox, data = Inbox(100), data[:size]
    stream = size.to_bytes(HEADER, "big") + data
    if size > 100:
        with pytest.raises(Malformed):
            list(inbox.feed(stream))
    else:
        assert list(inbox.feed(stream)) == ([data] if len(data) == size else [])
        assert inbox.rest == (0 if len(data) == size else len(stream))


@given(st.binary(max_size=300))
def test_garbage_is_a_message_or_malformed(data):
    with contextlib.suppress(Malformed):
        unpack(data)


@given(plain | st.dictionaries(st.sampled_from(["status", "result", "verdict", "exception", "shown", "x"]), plain))
def test_any_report_is_sound_or_not(told):
    assert sound(json.dumps(told)) in (None, told)


@pytest.mark.parametrize("body", [b"[" * 500_000, b'{"a":' * 100_000, b"9" * 5000, b"\xff\xfe", b""])
def test_what_would_break_a_parser_is_malformed(body):
    with pytest.raises(Malformed):
        unpack(body)


@given(st.integers(0, 80), st.integers(0, 80))
def test_depth_is_counted_without_recursion(depth, most):
    value = None
    for _ in range(depth):
        value = [value]
    assert too_deep(value, most) is (depth > most + 1)


@given(pieces, st.lists(st.integers(0, 10_000)))
def test_the_engines_stream_is_taken_apart_however_it_is_cut(parts, places):
    streams = Demultiplexer()
    stream = b"".join(header(kind, len(data)) + data for kind, data in parts)
    assert b"".join(map(streams.feed, cut(stream, places))) == b"".join(data for kind, data in parts if kind == 1)
    assert streams.stderr == b"".join(data for kind, data in parts if kind == 2)[-KEPT:]


@given(st.binary(min_size=8, max_size=64))
def test_what_is_no_header_is_malformed(data):
    streams = Demultiplexer()
    if data[0] < 3 and data[1:4] == b"\0\0\0":
        return
    with pytest.raises(Malformed):
        streams.feed(data)


def test_an_announced_length_of_four_gigabytes_is_not_waited_for():
    streams = Demultiplexer()
    assert streams.feed(header(1, 2**32 - 1) + b"abc") == b"abc"
    assert streams.feed(b"x" * 100_000) == b"x" * 100_000


class _Writer:
    def write(self, data): ...
    async def drain(self): ...
    def close(self): ...
    async def wait_closed(self): ...


def framed(message):
    return header(1, len(pack(message))) + pack(message)


GARBAGE = {
    "bytes that are no header": b"HTTP/1.1 500 Internal Server Error\r\n\r\n",
    "a frame that is no JSON": header(1, 7) + b"\0\0\0\3???",
    "a frame that is no object": header(1, 6) + b"\0\0\0\x02[]",
    "a frame whose id is no number": framed({"id": ["0"]}),
    "a frame of four gigabytes": header(1, 8) + b"\xff\xff\xff\xff    ",
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
async def test_whatever_the_engine_sends_is_the_machinery_and_no_answer(data):
    reader = asyncio.StreamReader()  # which goes on: the garbage alone is to be enough
    link = Link(reader, _Writer(), multiplexed=True)
    reader.feed_data(data)
    with pytest.raises(SandboxError, match=r"a container is lost \(Malformed\)"):
        async with asyncio.timeout(10):
            await link.open()
    await link.close()


@pytest.mark.parametrize(
    "data", [b"", b"\1\0\0", framed({"id": 1})[:-1]], ids=["at once", "in a header", "in a frame"]
)
async def test_an_end_of_the_stream_is_the_machinery_and_no_answer(data):
    reader = asyncio.StreamReader()
    link = Link(reader, _Writer(), multiplexed=True)
    reader.feed_data(data)
    reader.feed_eof()
    with pytest.raises(SandboxError, match=r"a container is lost$"):
        await link.open()
    await link.close()


@given(st.integers(0, 10_000), plain)
async def test_answers_find_their_questions_in_any_order(number, content):
    reader = asyncio.StreamReader()
    link = Link(reader, _Writer(), multiplexed=True)

    def say(message):
        reader.feed_data(framed(message))

    say({"families": {}})
    await link.open()
    one = asyncio.create_task(link.ask("one", seconds=5))
    other = asyncio.create_task(link.ask("other", seconds=5))
    await asyncio.sleep(0)
    say({"id": 10_000_000 + number, "stray": content})
    say({"id": 2, "content": content})
    say({"id": 1, "content": number})
    assert (await one)["content"] == number
    assert json.dumps((await other)["content"]) == json.dumps(content)
    await link.close()

"""``read_into`` (P-12): files, sockets and streams that are read straight into a memory, or through a buffer."""

from __future__ import annotations

import asyncio
import io
import socket
from typing import Any

import pytest

from pyjsapi import RangeError, Uint8Array, WebAssembly

DATA = bytes(range(256)) * 1024
AT = 1000


def content(memory: WebAssembly.Memory, count: int = len(DATA)) -> bytes:
    return Uint8Array(memory.buffer, AT, count).tobytes()


@pytest.mark.parametrize("shared", [False, True])
def test_p_12_a_file_is_read_without_a_copy(shared: bool) -> None:
    memory = WebAssembly.Memory(initial=8, maximum=8, shared=shared)
    assert asyncio.run(memory.read_into(io.BytesIO(DATA), AT, len(DATA))) == len(DATA)
    assert content(memory) == DATA and memory.stats.bytes_copied == 0
    assert asyncio.run(memory.read_into(io.BytesIO(b"abc"), AT, 10)) == 3
    assert content(memory, 4) == b"abc\3"


def test_p_12_a_socket_gives_what_it_has() -> None:
    memory = WebAssembly.Memory(initial=1)
    one, other = socket.socketpair()
    with one, other:
        other.setblocking(False)
        one.sendall(b"hello")
        assert asyncio.run(memory.read_into(other, AT, 100)) == 5
        assert content(memory, 5) == b"hello" and memory.stats.bytes_copied == 0


def test_a_stream_is_copied_and_says_so() -> None:
    memory = WebAssembly.Memory(initial=8)

    async def read() -> int:
        stream = asyncio.StreamReader()
        stream.feed_data(DATA)
        stream.feed_eof()
        return await memory.read_into(stream, AT, 1 << 18)

    assert asyncio.run(read()) == len(DATA)
    assert content(memory) == DATA and memory.stats.bytes_copied == len(DATA)


def test_bytes_in_several_places_are_read_through_a_buffer() -> None:
    memory = WebAssembly.Memory(initial=8)
    middle = bytearray(5000)
    memory.map(middle, at=AT + 10)
    assert asyncio.run(memory.read_into(io.BytesIO(DATA), AT, len(DATA))) == len(DATA)
    assert content(memory) == DATA and middle == DATA[10:5010]
    assert memory.stats.bytes_copied == len(DATA)


def test_what_cannot_be_written_traps_and_what_is_not_there_is_out_of_range() -> None:
    memory = WebAssembly.Memory(initial=2)
    memory.protect(1 << 16, 1 << 16, "r")
    with pytest.raises(WebAssembly.RuntimeError, match="read-only"):
        asyncio.run(memory.read_into(io.BytesIO(DATA), (1 << 16) - 5, 10))
    with pytest.raises(RangeError):
        asyncio.run(memory.read_into(io.BytesIO(DATA), (2 << 16) - 5, 10))
    with pytest.raises(TypeError, match="not str"):
        asyncio.run(memory.read_into("text", 0, 10))


def test_growth_while_a_read_is_under_way_loses_nothing() -> None:
    async def read() -> tuple[int, bytes]:
        memory = WebAssembly.Memory(initial=1, maximum=4)
        client, server = socket.socketpair()
        with client, server:
            server.setblocking(False)
            reading = asyncio.ensure_future(memory.read_into(server, 100, 5))
            await asyncio.sleep(0)
            memory.grow(1)
            client.sendall(b"hello")
            count = await reading
        assert memory.stats.bytes_copied == 0
        return count, bytes(memory.view("B", 100, 5))

    assert asyncio.run(read()) == (5, b"hello")


@pytest.mark.parametrize("whole", [True, False])
def test_nothing_is_taken_from_a_reader_where_code_could_not_write(whole: bool) -> None:
    memory = WebAssembly.Memory(initial=2)
    memory.map(bytes(65536 if whole else 9), at=65536, mode="r")
    reader = io.BytesIO(b"x" * 100)
    with pytest.raises(WebAssembly.RuntimeError, match="write to read-only memory"):
        asyncio.run(memory.read_into(reader, 65540, 100 if whole else 4))
    assert reader.tell() == 0


@pytest.mark.parametrize("said", [-1, 11, "3"])
def test_a_reader_that_lies_is_found_out(said: Any) -> None:
    class Liar:
        def readinto(self, target: memoryview) -> Any:
            return said

    memory = WebAssembly.Memory(initial=1)
    with pytest.raises(TypeError, match=r"the reader says it read .* of 10 bytes"):
        asyncio.run(memory.read_into(Liar(), 0, 10))

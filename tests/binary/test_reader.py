"""The reader of values: positions, ends, names, counts."""

from __future__ import annotations

import pytest

from pyjsapi.binary.reader import UNEXPECTED_END, Reader
from pyjsapi.syntax.errors import DecodeError


def test_values_follow_each_other() -> None:
    reader = Reader(b"\x07\x80\x01\x7f\xff\x7e\x03a\xc3\xa9\x00xy", 0)
    assert reader.byte() == 7
    assert reader.u32() == 128
    assert reader.s7() == -1
    assert reader.s64() == -129
    assert reader.name() == "aé"
    reader.zero()
    assert reader.peek() == ord("x")
    assert reader.bytes(2) == b"xy"
    assert (reader.left, reader.peek()) == (0, -1)


@pytest.mark.parametrize(
    "method", ["byte", "u32", "u64", "s7", "s32", "s33", "s64", "zero", "length", "name"]
)
@pytest.mark.parametrize("data", [b"", b"\x01\x02"])
def test_every_value_reports_the_end(method: str, data: bytes) -> None:
    reader = Reader(data, len(data))
    with pytest.raises(DecodeError) as caught:
        getattr(reader, method)()
    assert (caught.value.message, caught.value.offset) == (UNEXPECTED_END, len(data))


@pytest.mark.parametrize("method", ["u32", "u64", "s32", "s33", "s64"])
def test_integers_that_stop_in_the_middle_report_the_end(method: str) -> None:
    with pytest.raises(DecodeError, match=UNEXPECTED_END):
        getattr(Reader(b"\x80\x80"), method)()


@pytest.mark.parametrize("count", [-1, 3])
def test_bytes_outside_of_the_buffer_are_refused(count: int) -> None:
    with pytest.raises(DecodeError, match=UNEXPECTED_END):
        Reader(b"ab").bytes(count)


def test_a_byte_that_must_be_zero() -> None:
    with pytest.raises(DecodeError) as caught:
        Reader(b"\0\1", 1).zero()
    assert (caught.value.message, caught.value.offset) == ("zero byte expected", 1)


@pytest.mark.parametrize(
    "encoded",
    [
        b"\x80",  # continuation byte without a first one
        b"\xc0\x80",  # longer than needed
        b"\xed\xa0\x80",  # surrogate
        b"\xf4\x90\x80\x80",  # above U+10FFFF
        b"\xff",
        b"\xe2\x82",  # cut off
    ],
)
def test_names_are_strict_utf8(encoded: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        Reader(b"\0" + bytes((len(encoded),)) + encoded, 1).name()
    assert (caught.value.message, caught.value.offset) == ("malformed UTF-8 encoding", 1)


def test_names_may_hold_any_code_point() -> None:
    text = "\0\ufeff\U0010ffff\ue000"
    encoded = text.encode()
    assert Reader(bytes((len(encoded),)) + encoded).name() == text


def test_counts_are_compared_with_the_bytes_left() -> None:
    with pytest.raises(DecodeError, match="length out of bounds: 4294967295") as caught:
        Reader(b"\0\xff\xff\xff\xff\x0f", 1).length()
    assert caught.value.offset == 1


def test_lists_read_as_many_as_they_count() -> None:
    reader = Reader(b"\x02\x05\x06\x07")
    assert reader.list(reader.u32) == [5, 6]
    assert reader.pos == 3

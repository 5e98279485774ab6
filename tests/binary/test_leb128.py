"""LEB128 integers: values, shortest encodings, and what is malformed."""

from __future__ import annotations

import random

import pytest

from pyjsapi.binary import leb128
from pyjsapi.syntax.errors import DecodeError

UNSIGNED = [0, 1, 63, 64, 127, 128, 255, 16383, 16384, 2**21 - 1, 2**28, 2**31, 2**32 - 1]
SIGNED = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8192, -8193, 2**27 - 1, 2**31 - 1, -(2**31)]


@pytest.mark.parametrize("value", UNSIGNED)
def test_unsigned_round_trips_in_the_fewest_bytes(value: int) -> None:
    encoded = leb128.unsigned(value)
    assert len(encoded) == max(1, -(-value.bit_length() // 7))
    assert leb128.read_unsigned(encoded, 0, 32) == (value, len(encoded))
    assert leb128.read_u32(b"\xff" + encoded + b"\xff", 1) == (value, len(encoded) + 1)


@pytest.mark.parametrize("value", SIGNED)
def test_signed_round_trips(value: int) -> None:
    encoded = leb128.signed(value)
    assert leb128.read_signed(encoded, 0, 32) == (value, len(encoded))
    assert leb128.read_signed(encoded, 0, 33) == (value, len(encoded))


@pytest.mark.parametrize("bits", [7, 32, 33, 64])
def test_every_width_round_trips_on_seeded_values(bits: int) -> None:
    rng = random.Random(bits)
    limits = [0, 2**bits - 1]
    for value in limits + [rng.getrandbits(rng.randint(1, bits)) for _ in range(500)]:
        encoded = leb128.unsigned(value)
        assert leb128.read_unsigned(encoded, 0, bits) == (value, len(encoded))
        signed = value - 2 ** (bits - 1)
        encoded = leb128.signed(signed)
        assert leb128.read_signed(encoded, 0, bits) == (signed, len(encoded))


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ("80 00", 0),
        ("81 80 80 80 00", 1),
        ("ff ff ff ff 0f", 2**32 - 1),
    ],
)
def test_unsigned_padding_within_the_width_is_allowed(encoded: str, value: int) -> None:
    data = bytes.fromhex(encoded)
    assert leb128.read_unsigned(data, 0, 32) == (value, len(data))


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ("ff 7f", -1),
        ("ff ff ff ff 7f", -1),
        ("80 80 80 80 00", 0),
        ("80 80 80 80 78", -(2**31)),
        ("ff ff ff ff 07", 2**31 - 1),
    ],
)
def test_signed_padding_with_the_sign_is_allowed(encoded: str, value: int) -> None:
    data = bytes.fromhex(encoded)
    assert leb128.read_signed(data, 0, 32) == (value, len(data))


@pytest.mark.parametrize(
    ("encoded", "bits", "message", "offset"),
    [
        ("80 80 80 80 80 00", 32, "integer representation too long", 5),
        ("80 80 80 80 10", 32, "integer too large", 4),
        ("ff ff ff ff 1f", 32, "integer too large", 4),
        ("80 80 80 80 80 80 80 80 80 02", 64, "integer too large", 9),
        ("80 80 80 80 80 80 80 80 80 80 00", 64, "integer representation too long", 10),
        ("80", 7, "integer representation too long", 1),
    ],
)
def test_malformed_unsigned(encoded: str, bits: int, message: str, offset: int) -> None:
    with pytest.raises(DecodeError) as caught:
        leb128.read_unsigned(bytes.fromhex(encoded) + b"\0", 0, bits)
    assert (caught.value.message, caught.value.offset) == (message, offset)


@pytest.mark.parametrize(
    ("encoded", "bits", "message"),
    [
        ("80 80 80 80 80 00", 32, "integer representation too long"),
        ("ff ff ff ff ff 7f", 32, "integer representation too long"),
        ("80 80 80 80 08", 32, "integer too large"),
        ("80 80 80 80 70", 32, "integer too large"),
        ("ff ff ff ff 0f", 32, "integer too large"),
        ("ff ff ff ff 4f", 32, "integer too large"),
        ("80 80 80 80 10", 33, "integer too large"),
        ("80 80 80 80 80 80 80 80 80 01", 64, "integer too large"),
        ("80 80 80 80 80 80 80 80 80 7e", 64, "integer too large"),
        ("80 80 80 80 80 80 80 80 80 80 00", 64, "integer representation too long"),
    ],
)
def test_malformed_signed(encoded: str, bits: int, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        leb128.read_signed(bytes.fromhex(encoded), 0, bits)
    assert caught.value.message == message


def test_the_end_of_the_buffer_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        leb128.read_unsigned(b"\x80", 0, 32)
    with pytest.raises(IndexError):
        leb128.read_signed(b"", 0, 32)


def test_a_negative_number_has_no_unsigned_encoding() -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        leb128.unsigned(-1)

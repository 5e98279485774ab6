"""Conversions of Python values as ECMAScript and Web IDL define them."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from pyjsapi.ecmascript import RangeError, null
from pyjsapi.ecmascript.conversions import (
    MAX_SAFE_INTEGER,
    enforce_range,
    fround,
    number_to_string,
    string_to_bigint,
    string_to_number,
    to_bigint,
    to_bigint64,
    to_biguint64,
    to_boolean,
    to_float,
    to_float16,
    to_index,
    to_int32,
    to_int_n,
    to_integer_or_infinity,
    to_number,
    to_numeric,
    to_string,
    to_uint8_clamp,
    to_uint32,
    to_uint_n,
)

NAN, INF = math.nan, math.inf


def same(actual: Any, expected: Any) -> bool:
    """SameValue: NaN is NaN, and the zeros differ."""
    if expected != expected:
        return bool(actual != actual)
    return bool(actual == expected) and math.copysign(1, actual) == math.copysign(1, expected)


class Index:
    def __index__(self) -> int:
        return 41


class Floating:
    def __float__(self) -> float:
        return 2.75


class Boxed:
    def valueOf(self) -> Any:
        return "0x20"


class Described:
    def valueOf(self) -> Any:
        return self

    def toString(self) -> str:
        return " 12 "


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0.0),
        (" \t\n\ufeff\u2028 ", 0.0),
        ("12", 12.0),
        ("\u00a0-12.5e1\n", -125.0),
        ("-0", -0.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+Infinity", INF),
        ("-Infinity", -INF),
        ("0x1F", 31.0),
        ("0b101", 5.0),
        ("0O17", 15.0),
        ("1e400", INF),
        ("0x" + "f" * 300, INF),
        ("-0x10", NAN),
        ("1_000", NAN),
        ("inf", NAN),
        ("nan", NAN),
        ("1 2", NAN),
        ("\x1c1", NAN),
        ("１", NAN),
        ("12px", NAN),
        (".", NAN),
        ("e5", NAN),
    ],
)
def test_string_to_number(text: str, number: float) -> None:
    assert same(string_to_number(text), number)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (None, NAN),
        (null, 0),
        (True, 1),
        (False, 0),
        (7, 7),
        (2**70 + 1, 2**70 + 1),
        (-0.0, -0.0),
        ("0x10", 16),
        (Index(), 41),
        (Floating(), 2.75),
        (Fraction(1, 4), 0.25),
        (Decimal("1.5"), 1.5),
        (Boxed(), 32),
        (Described(), 12),
        ([], 0),
        ([5], 5),
        (("0x5",), 5),
        ([1, 2], NAN),
        ({}, NAN),
        (object(), NAN),
        (len, NAN),
    ],
)
def test_to_number(value: Any, number: float) -> None:
    assert same(to_number(value), number)
    assert same(to_numeric(value), number)


@pytest.mark.parametrize("value", [1j, b"1", bytearray(b"1"), memoryview(b"1")])
def test_to_number_refuses_what_has_no_number(value: Any) -> None:
    with pytest.raises(TypeError, match=f"{type(value).__name__} to a number"):
        to_number(value)


def test_to_number_lets_the_error_of_an_object_through() -> None:
    class Angry:
        def __index__(self) -> int:
            raise LookupError("no index today")

    with pytest.raises(LookupError, match="no index today"):
        to_number(Angry())


def test_numpy_scalars_convert_like_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    assert to_number(numpy.int64(-5)) == -5
    assert type(to_number(numpy.uint8(5))) is int
    assert to_number(numpy.float32(0.5)) == 0.5
    assert type(to_number(numpy.float64(0.5))) is float
    assert to_int32(numpy.uint32(0xFFFFFFFF)) == -1
    assert to_bigint64(numpy.uint64(2**64 - 1)) == -1
    assert to_number(numpy.bool_(True)) == 1
    assert to_boolean(numpy.int32(0)) is False
    with pytest.raises(TypeError):
        to_bigint(numpy.float32(1))
    with pytest.raises(TypeError):
        to_number(numpy.zeros(3))


def test_to_float_rounds_big_integers() -> None:
    assert to_float(2**53 + 1) == 2.0**53
    assert to_float(10**400) == INF
    assert to_float(-(10**400)) == -INF
    assert to_float("1.5") == 1.5


@pytest.mark.parametrize(
    ("value", "signed", "unsigned"),
    [
        (0, 0, 0),
        (2**31, -(2**31), 2**31),
        (2**32, 0, 0),
        (-1, -1, 2**32 - 1),
        (2**60 + 1, 1, 1),
        (1.9, 1, 1),
        (-1.9, -1, 2**32 - 1),
        (-0.0, 0, 0),
        (NAN, 0, 0),
        (INF, 0, 0),
        (-INF, 0, 0),
        (4294967296.5, 0, 0),
        (1e300, 0, 0),
        ("-3", -3, 2**32 - 3),
        (None, 0, 0),
        (null, 0, 0),
        (True, 1, 1),
    ],
)
def test_to_int32_and_to_uint32(value: Any, signed: int, unsigned: int) -> None:
    assert to_int32(value) == signed
    assert to_uint32(value) == unsigned
    assert type(to_int32(value)) is int


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_integers_of_fewer_bits_wrap(bits: int) -> None:
    half = 1 << (bits - 1)
    for value in (half, float(half), str(half)):
        assert to_int_n(value, bits) == -half
        assert to_uint_n(value, bits) == half
    assert to_int_n(-half - 1, bits) == half - 1
    assert to_uint_n(-1, bits) == 2 * half - 1


@pytest.mark.parametrize(
    ("value", "clamped"),
    [
        *((-1, 0), (256, 255), (0.5, 0), (1.5, 2), (2.5, 2), (254.5, 254), (254.51, 255)),
        *((NAN, 0), (INF, 255), (-INF, 0), ("7", 7), (None, 0), (-0.4, 0), (10**400, 255)),
    ],
    ids=lambda value: format(value, ".4g") if isinstance(value, float) else str(value)[:8],
)
def test_to_uint8_clamp_rounds_ties_to_even(value: Any, clamped: int) -> None:
    assert to_uint8_clamp(value) == clamped
    assert type(to_uint8_clamp(value)) is int


@pytest.mark.parametrize(
    ("value", "integer"),
    [(7, 7), (True, 1), (" 12 ", 12), ("", 0), ("0xff", 255), ("-5", -5), (Index(), 41), ([3], 3)],
)
def test_to_bigint(value: Any, integer: int) -> None:
    assert to_bigint(value) == integer
    assert type(to_bigint(value)) is int


@pytest.mark.parametrize("value", [None, null, 1.0, NAN, Floating(), Fraction(1, 2)])
def test_to_bigint_refuses_numbers_and_nullish(value: Any) -> None:
    with pytest.raises(TypeError, match="to a BigInt"):
        to_bigint(value)


@pytest.mark.parametrize("text", ["1.5", "x", "1n", "-0x1", "1_0", "Infinity"])
def test_string_to_bigint_refuses_other_text(text: str) -> None:
    with pytest.raises(SyntaxError, match="to a BigInt"):
        string_to_bigint(text)
    with pytest.raises(SyntaxError):
        to_bigint(text)


def test_python_does_not_limit_the_digits_of_a_bigint(fewest_digits: None) -> None:
    assert string_to_bigint("9" * 20_000) == 10**20_000 - 1
    assert string_to_bigint(f"-{'0' * 5000}7") == -7
    assert to_bigint64("0" * 5000 + "18446744073709551615") == -1
    assert number_to_string(10**10_000) == "1" + "0" * 10_000
    assert number_to_string(-(10**5000) + 1) == "-" + "9" * 5000


def test_bigints_wrap_to_64_bits() -> None:
    assert to_bigint64(2**63) == -(2**63)
    assert to_bigint64(-(2**63) - 1) == 2**63 - 1
    assert to_biguint64(-1) == 2**64 - 1
    assert to_bigint64("18446744073709551615") == -1


@pytest.mark.parametrize("value", [None, null, False, 0, 0.0, -0.0, NAN, ""])
def test_falsy_values(value: Any) -> None:
    assert to_boolean(value) is False


@pytest.mark.parametrize("value", [True, 1, -1, 0.1, "0", [], {}, object(), b"", float])
def test_truthy_values_include_every_object(value: Any) -> None:
    assert to_boolean(value) is True


def test_to_integer_or_infinity() -> None:
    assert to_integer_or_infinity(-1.9) == -1
    assert to_integer_or_infinity(NAN) == 0
    assert to_integer_or_infinity(None) == 0
    assert to_integer_or_infinity(INF) == INF
    assert to_integer_or_infinity("-Infinity") == -INF


def test_to_index_accepts_what_truncates_into_its_range() -> None:
    assert to_index(None) == 0
    assert to_index(-0.9) == 0
    assert to_index("3") == 3
    assert to_index(MAX_SAFE_INTEGER) == MAX_SAFE_INTEGER


@pytest.mark.parametrize("value", [-1, 2**53, INF, -INF, "-1"])
def test_to_index_raises_range_error_outside(value: Any) -> None:
    with pytest.raises(RangeError, match="here"):
        to_index(value, "here")


def test_huge_integers_do_not_break_the_message() -> None:
    with pytest.raises(RangeError, match="an integer of 33220 bits"):
        to_index(10**10_000)
    with pytest.raises(TypeError, match="an integer of 33220 bits"):
        enforce_range(10**10_000, 32)


def test_enforce_range_truncates_in_range() -> None:
    assert enforce_range(3.9, 32) == 3
    assert enforce_range(-0.9, 32) == 0
    assert enforce_range("0x10", 32) == 16
    assert enforce_range(null, 32) == 0
    assert enforce_range(True, 32) == 1
    assert enforce_range(2**32 - 1, 32) == 2**32 - 1
    assert enforce_range(2**53 - 1, 64) == 2**53 - 1


@pytest.mark.parametrize("value", [-1, 2**32, NAN, INF, -INF, None, "x", {}])
def test_enforce_range_raises_type_error_that_names_the_value(value: Any) -> None:
    with pytest.raises(TypeError, match="property 'initial'"):
        enforce_range(value, 32, "property 'initial'")


def test_enforce_range_of_64_bits_ends_at_the_safe_integers() -> None:
    with pytest.raises(TypeError):
        enforce_range(2**53, 64)


@pytest.mark.parametrize(
    ("value", "single"),
    [
        (1.1, 1.10000002384185791015625),
        (-0.0, -0.0),
        (NAN, NAN),
        (INF, INF),
        (1e300, INF),
        (-1e300, -INF),
        (3.4028235677973366e38, INF),
        (3.4028235677973362e38, 3.4028234663852886e38),
        (1e-46, 0.0),
        (2**-149 * 1.5, 2**-148),
        (5, 5.0),
    ],
)
def test_fround(value: float, single: float) -> None:
    assert same(fround(value), single)


@pytest.mark.parametrize(
    ("value", "half"),
    [
        *((65519.99, 65504.0), (65520.0, INF), (-65520.0, -INF), (0.1, 0.0999755859375)),
        *((2**-25, 0.0), (2**-25 * 1.0001, 2**-24), (-0.0, -0.0), (1e300, INF), (NAN, NAN)),
    ],
)
def test_to_float16(value: float, half: float) -> None:
    assert same(to_float16(value), half)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5, "5"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.25e-7, "1.25e-7"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (0.1, "0.1"),
        (123.456, "123.456"),
        (NAN, "NaN"),
        (INF, "Infinity"),
        (-INF, "-Infinity"),
        (2**70, "1180591620717411303424"),
    ],
)
def test_number_to_string(number: float, text: str) -> None:
    assert number_to_string(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (None, "undefined"),
        (null, "null"),
        (True, "true"),
        (False, "false"),
        (2.0, "2"),
        ([1, None, [2.5, null]], "1,,2.5,"),
        (Described(), " 12 "),
    ],
)
def test_to_string(value: Any, text: str) -> None:
    assert to_string(value) == text

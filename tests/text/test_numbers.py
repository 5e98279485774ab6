"""Number literals: ranges, and rounding from the exact value in one step."""

from __future__ import annotations

import random
import struct
from fractions import Fraction

import pytest

from pyjsapi.text.numbers import ConstantOutOfRange, float_bits, integer, is_nat, is_number, nat


@pytest.mark.parametrize("token", ["0", "007", "1_000", "0x1F", "0xa_b", "0xABCdef"])
def test_unsigned_integers_are_recognised(token: str) -> None:
    assert is_nat(token)


@pytest.mark.parametrize(
    "token", ["", "+1", "_1", "1_", "1__0", "0x", "0x_1", "0X1", "1a", "0b1", "1.0", "１"]
)
def test_other_tokens_are_no_unsigned_integers(token: str) -> None:
    assert not is_nat(token)


@pytest.mark.parametrize(
    "token",
    ["1", "-1", "+0x1", "1.", "1.5", "1e3", "1.e+3", "1_0.0_1E-1_0", "0x1.", "0x1.8p3", "-0xAp-1_0",
     "inf", "-inf", "nan", "+nan:0x1", "nan:0x7f_ffff"],
)  # fmt: skip
def test_numbers_are_recognised(token: str) -> None:
    assert is_number(token)


@pytest.mark.parametrize(
    "token",
    ["", "+", ".5", "1e", "1e+", "1._0", "1_.0", "0x.8", "0x1p", "0x1.8p0x3", "0x1e+3p", "infinity",
     "nan:1", "nan:0x", "nan:canonical", "1p3", "0x1pA", "--1", "1e1.5"],
)  # fmt: skip
def test_other_tokens_are_no_numbers(token: str) -> None:
    assert not is_number(token)


@pytest.mark.parametrize(
    ("token", "bits", "value"),
    [
        ("0", 32, 0),
        ("-1", 32, 0xFFFFFFFF),
        ("4294967295", 32, 0xFFFFFFFF),
        ("-2147483648", 32, 0x80000000),
        ("+0x7fff_ffff", 32, 0x7FFFFFFF),
        ("-0x8000000000000000", 64, 1 << 63),
        ("18446744073709551615", 64, (1 << 64) - 1),
        ("010", 32, 10),
    ],
)
def test_integers_are_taken_modulo_their_size(token: str, bits: int, value: int) -> None:
    assert integer(token, bits) == value


@pytest.mark.parametrize(
    ("token", "bits"),
    [
        ("4294967296", 32),
        ("-2147483649", 32),
        ("0x1_0000_0000", 32),
        ("18446744073709551616", 64),
        ("-0x8000000000000001", 64),
        ("9" * 10_000, 64),
        ("0x" + "f" * 10_000, 64),
        ("1.0", 32),
        ("inf", 32),
    ],
)
def test_integers_out_of_range_are_refused(token: str, bits: int) -> None:
    with pytest.raises(ConstantOutOfRange, match=r"^constant out of range"):
        integer(token, bits)


def test_unsigned_integers_out_of_range_name_the_type() -> None:
    assert nat("4294967295", 32) == 0xFFFFFFFF
    with pytest.raises(ConstantOutOfRange, match=r"^i32 constant out of range"):
        nat("4294967296", 32)
    with pytest.raises(ConstantOutOfRange, match=r"^i64 constant out of range"):
        nat("9" * 10_000, 64)


@pytest.mark.parametrize(
    ("token", "bits"),
    [
        ("0", 0),
        ("-0", 0x80000000),
        ("1", 0x3F800000),
        ("-0x1p-149", 0x80000001),
        ("1e-45", 1),
        ("0x1p-150", 0),  # tie, to even
        ("0x1.000001p-150", 1),
        ("0x1.8p-149", 2),  # tie, to even
        ("0x1.fffffep127", 0x7F7FFFFF),
        ("0x1.fffffefffffffp127", 0x7F7FFFFF),
        ("3.4028234663852885981170418348451692544e38", 0x7F7FFFFF),
        ("inf", 0x7F800000),
        ("-inf", 0xFF800000),
        ("nan", 0x7FC00000),
        ("-nan:0x1", 0xFF800001),
        ("nan:0x7f_ffff", 0x7FFFFFFF),
        ("1.17549435e-38", 0x00800000),
        ("0x1.fffffcp-127", 0x007FFFFF),
        ("0x1.ffffffp-127", 0x00800000),  # rounds up to the least normal number
        ("16777217", 0x4B800000),  # tie, to even
        ("16777219", 0x4B800002),  # tie, to even
    ],
)
def test_f32_literals(token: str, bits: int) -> None:
    assert float_bits(token, 32) == bits


@pytest.mark.parametrize(
    ("token", "bits"),
    [
        # Rounded to f64 first, these would lie exactly between two f32 values and then go the wrong way.
        ("+0x1.00000100000000001p-50", 0x26800001),
        ("+0x1.000002fffffffffffp-50", 0x26800001),
        ("0x1.0000010000000000000001", 0x3F800001),
        ("0x1.00000300000000000000000", 0x3F800002),
        ("0x1.0000050000000000000000000000000000000000000000000000001", 0x3F800003),
        ("1.00000005960464477539062500000000000000000000000000000000001", 0x3F800001),
        ("1.000000059604644775390625", 0x3F800000),
        ("1.00000005960464477539062499999999999999999999999999999999999", 0x3F800000),
        ("0x0.00000100000000000000001p-126", 0x1),
        ("0x1.fffffefffffffffffffffffp127", 0x7F7FFFFF),
        ("340282356779733661637539395458142568447", 0x7F7FFFFF),
        ("7.006492321624085354618e-46", 0),
        ("7.0064923216240853546186479164495806564013097093825788587854e-46", 1),
    ],
)
def test_f32_literals_are_rounded_once(token: str, bits: int) -> None:
    assert float_bits(token, 32) == bits


@pytest.mark.parametrize(
    "token",
    ["0x1p128", "0x1.ffffffp127", "340282356779733661637539395458142568448", "1e39", "-1e400",
     "0x1p1_000_000_000_000_000", "nan:0x0", "nan:0x80_0000"],
)  # fmt: skip
def test_f32_literals_out_of_range_are_refused(token: str) -> None:
    with pytest.raises(ConstantOutOfRange, match=r"^constant out of range"):
        float_bits(token, 32)


@pytest.mark.parametrize(
    ("token", "bits"),
    [
        ("0.1", 0x3FB999999999999A),
        ("0x1p-1074", 1),
        ("0x1p-1075", 0),
        ("0x1.8p-1074", 2),
        ("0x1.00000000000008", 0x3FF0000000000000),
        ("0x1.000000000000080000000001", 0x3FF0000000000001),
        ("1.7976931348623158e308", 0x7FEFFFFFFFFFFFFF),
        ("nan", 0x7FF8000000000000),
        ("nan:0xf_ffff_ffff_ffff", 0x7FFFFFFFFFFFFFFF),
        ("1e-999999999999", 0),
        ("0x0p999999999999", 0),
        ("9007199254740993", 0x4340000000000000),
    ],
)
def test_f64_literals(token: str, bits: int) -> None:
    assert float_bits(token, 64) == bits


@pytest.mark.parametrize(
    "token", ["0x1p1024", "1e309", "-0x1.fffffffffffff8p1023", "nan:0x0", "nan:0x10_0000_0000_0000"]
)
def test_f64_literals_out_of_range_are_refused(token: str) -> None:
    with pytest.raises(ConstantOutOfRange, match=r"^constant out of range"):
        float_bits(token, 64)


def _neighbour(bits: int) -> Fraction:
    return Fraction(struct.unpack("<f", struct.pack("<I", bits))[0])


def test_random_literals_near_ties_go_to_the_nearest_f32() -> None:
    rng = random.Random(20)
    for _ in range(2000):
        low = rng.choice([rng.randrange(1, 0x00800000), rng.randrange(0x00800000, 0x7F7FFFFF)])
        below, above = _neighbour(low), _neighbour(low + 1)
        middle = (below + above) / 2
        nudge = (above - below) / 2 ** rng.randrange(30, 120) * rng.choice([-1, 0, 1])
        value = middle + nudge
        wanted = low + (low & 1) if nudge == 0 else low if nudge < 0 else low + 1
        # Every value here is a binary fraction, so a hexadecimal literal writes it exactly.
        shift = value.denominator.bit_length() - 1
        assert float_bits(f"0x{value.numerator:x}p-{shift}", 32) == wanted
        digits = value.numerator * 5**shift  # value = digits / 10**shift
        assert float_bits(f"{digits}e-{shift}", 32) == wanted


ZEROS = "0" * 5000
PADDED = [
    ("7", f"{ZEROS}7"),
    ("-7", f"-{ZEROS}7"),
    ("0x7f", f"0x{ZEROS}7f"),
    ("0", ZEROS),
    ("1_0", f"{'0_' * 5000}1_0"),
]
PADDED_FLOATS = [
    *PADDED,
    ("1.5", f"{ZEROS}1.5{ZEROS}"),
    ("1e-40", f"0.{ZEROS}1e+{5001 - 40}"),
    ("1e-40", f"1e-{ZEROS}40"),
    ("1.1754943e-38", f"11754943{ZEROS}e-{5000 + 7 + 38}"),
    ("0x1p-149", f"0x{ZEROS}1p-149"),
    ("0x1p-149", f"0x0.{ZEROS}1p+{4 * 5001 - 149}"),
    ("0x1p-149", f"0x1p-{ZEROS}149"),
    ("0x1.000001p0", f"0x1.000001{ZEROS}p{ZEROS}"),
    ("nan:0x1", f"nan:0x{ZEROS}1"),
    ("16777217", f"16777217.{ZEROS}"),
    ("3", f"{'3' + ZEROS}e-5000"),
]


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize(("plain", "padded"), PADDED, ids=[plain for plain, _ in PADDED])
def test_integers_may_have_any_number_of_digits(
    fewest_digits: None, plain: str, padded: str, bits: int
) -> None:
    assert integer(padded, bits) == integer(plain, bits)
    if plain[0] != "-":
        assert nat(padded, bits) == nat(plain, bits)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize(("plain", "padded"), PADDED_FLOATS, ids=range(len(PADDED_FLOATS)))
def test_floats_may_have_any_number_of_digits(
    fewest_digits: None, plain: str, padded: str, bits: int
) -> None:
    assert float_bits(padded, bits) == float_bits(plain, bits)


def test_the_last_of_many_digits_decides_how_a_float_is_rounded(fewest_digits: None) -> None:
    tie = "1.00000005960464477539062500"  # between 1 and the f32 after it
    assert float_bits(f"{tie}{ZEROS}", 32) == 0x3F800000
    assert float_bits(f"{tie}{ZEROS}1", 32) == 0x3F800001
    assert float_bits(f"0x1.000001{ZEROS}", 32) == 0x3F800000
    assert float_bits(f"0x1.000001{ZEROS}1", 32) == 0x3F800001
    least = "0." + "0" * 45 + "7006492321624085"  # half of the least f32, and less
    assert float_bits(f"{least}{ZEROS}", 32) == 0


@pytest.mark.parametrize("token", ["9" * 5000, f"-{'9' * 5000}", f"0x{'f' * 5000}", f"1{ZEROS}"])
def test_integers_of_too_many_digits_are_out_of_range(fewest_digits: None, token: str) -> None:
    with pytest.raises(ConstantOutOfRange, match=r"constant out of range: .*characters"):
        integer(token, 64)
    with pytest.raises(ConstantOutOfRange):
        nat(token.lstrip("-"), 64)


@pytest.mark.parametrize("exponent", ["9" * 5000, f"{ZEROS}999999"])
def test_exponents_may_have_any_number_of_digits(fewest_digits: None, exponent: str) -> None:
    for mantissa, letter in (("1", "e"), ("0x1", "p")):
        with pytest.raises(ConstantOutOfRange):
            float_bits(f"{mantissa}{letter}{exponent}", 32)
        assert float_bits(f"{mantissa}{letter}-{exponent}", 32) == 0
    assert float_bits(f"0e{exponent}", 32) == 0
    assert float_bits(f"0x0p{exponent}", 32) == 0

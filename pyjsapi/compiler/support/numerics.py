"""Helpers that generated code calls at run time (core specification, "Execution: Numerics").

Generated code keeps the common case of an operation inline and calls a helper for the rest: a signed division with
a negative operand, a minimum of zeros, a conversion that may trap.

Values are canonical: i32 and i64 as `int` from 0, f32 and f64 as `float`. An f32 is its exact widening; the payload
of a NaN is moved up by 29 bits *with* the quiet bit, so that a signalling f32 NaN is a signalling f64 NaN.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Callable
from typing import Final, NoReturn

from pyjsapi.blocks.floats import f32_bits, f32_from_bits, f64_from_bits
from pyjsapi.syntax.errors import Trap

MASK32: Final = 0xFFFF_FFFF
MASK64: Final = 0xFFFF_FFFF_FFFF_FFFF
_HIGH32: Final = 0x8000_0000
_HIGH64: Final = 0x8000_0000_0000_0000
_INTEGRAL: Final = 2.0**52
"""From this magnitude on every f64 (and f32) is an integer."""

load_u16: Final = struct.Struct("<H").unpack_from
load_u32: Final = struct.Struct("<I").unpack_from
load_u64: Final = struct.Struct("<Q").unpack_from
load_f32: Final = struct.Struct("<f").unpack_from
load_f64: Final = struct.Struct("<d").unpack_from
load_v128: Final = struct.Struct("<2Q").unpack_from
"""The lower and the upper half."""
load_f32x4: Final = struct.Struct("<4f").unpack_from
load_f64x2: Final = struct.Struct("<2d").unpack_from
store_u16: Final = struct.Struct("<H").pack_into
store_u32: Final = struct.Struct("<I").pack_into
store_u64: Final = struct.Struct("<Q").pack_into
store_f64: Final = struct.Struct("<d").pack_into
store_v128: Final = struct.Struct("16s").pack_into
"""Stores 16 bytes."""
store_f32x4: Final = struct.Struct("<4f").pack_into
store_f64x2: Final = struct.Struct("<2d").pack_into

EXTEND8_TO_32: Final = tuple(i if i < 128 else i | 0xFFFF_FF00 for i in range(256))
"""Sign extension of a byte to a canonical i32."""
EXTEND8_TO_64: Final = tuple(i if i < 128 else i | 0xFFFF_FFFF_FFFF_FF00 for i in range(256))
"""Sign extension of a byte to a canonical i64."""

_PACK_F32: Final = struct.Struct("<f")


def load_f32_bits(data: bytearray, address: int) -> float:
    """f32.load of a value that may be a NaN."""
    return f32_from_bits(load_u32(data, address)[0])


def store_f32_bits(data: bytearray, address: int, value: float) -> None:
    """f32.store at any address, of any value."""
    store_u32(data, address, f32_bits(value))


def round_f32(value: float) -> float:
    """The nearest f32 of an f64 (ties to even, overflow to infinity), widened."""
    if value != value:
        return value * 1.0
    try:
        rounded: float = _PACK_F32.unpack(_PACK_F32.pack(value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    return rounded


def float_divide(a: float, b: float) -> float:
    """``a / b`` where b is zero (f32.div, f64.div)."""
    if a != a:
        return a * 1.0
    if a == 0:
        return math.nan
    return math.copysign(math.inf, math.copysign(1.0, a) * math.copysign(1.0, b))


def float_min(a: float, b: float) -> float:
    """fmin of operands of which neither is less than the other: equal, zeros, or a NaN among them."""
    if a != a or b != b:
        return a + b
    return a if math.copysign(1.0, a) < 0 else b


def float_max(a: float, b: float) -> float:
    """fmax of operands of which neither is greater than the other."""
    if a != a or b != b:
        return a + b
    return b if math.copysign(1.0, a) < 0 else a


def float_sqrt(a: float) -> float:
    """fsqrt of a negative number or a NaN."""
    return a * 1.0 if a != a else math.nan


def float_floor(a: float) -> float:
    """ffloor: keeps the sign of zero, infinities and NaNs."""
    return a // 1.0 if -_INTEGRAL < a < _INTEGRAL else a * 1.0


def float_ceil(a: float) -> float:
    """fceil."""
    return -(-a // 1.0) if -_INTEGRAL < a < _INTEGRAL else a * 1.0


def float_trunc(a: float) -> float:
    """ftrunc."""
    if -_INTEGRAL < a < _INTEGRAL:
        return a // 1.0 if a >= 0 else -(-a // 1.0)
    return a * 1.0


def float_nearest(a: float) -> float:
    """fnearest: ties to even."""
    if -_INTEGRAL < a < _INTEGRAL:
        return math.copysign(float(round(a)), a)
    return a * 1.0


def trap_unreachable() -> NoReturn:
    """What ``unreachable`` does."""
    raise Trap("unreachable")


def trap_null_reference() -> NoReturn:
    """What ``ref.as_non_null`` does with a null reference."""
    raise Trap("null reference")


def _checked_trunc(low: float, high: float, mask: int) -> Callable[[float], int]:
    def trunc(value: float) -> int:
        if low < value < high:
            return int(value) & mask
        raise Trap("invalid conversion to integer" if value != value else "integer overflow")

    return trunc


trunc_i32_s: Final = _checked_trunc(-(2.0**31) - 1, 2.0**31, MASK32)
trunc_i32_u: Final = _checked_trunc(-1.0, 2.0**32, MASK32)
trunc_i64_s: Final = _checked_trunc(math.nextafter(-(2.0**63), -math.inf), 2.0**63, MASK64)
trunc_i64_u: Final = _checked_trunc(-1.0, 2.0**64, MASK64)


def _saturating_trunc(low: int, high: int, mask: int) -> Callable[[float], int]:
    def trunc_sat(value: float) -> int:
        if value != value:
            return 0
        if value <= low:
            return low & mask
        if value >= high:
            return high & mask
        return int(value) & mask

    return trunc_sat


trunc_sat_i32_s: Final = _saturating_trunc(-(2**31), 2**31 - 1, MASK32)
trunc_sat_i32_u: Final = _saturating_trunc(0, MASK32, MASK32)
trunc_sat_i64_s: Final = _saturating_trunc(-(2**63), 2**63 - 1, MASK64)
trunc_sat_i64_u: Final = _saturating_trunc(0, MASK64, MASK64)


def _signed_division(high: int, mask: int) -> Callable[[int, int], int]:
    def div_s(a: int, b: int) -> int:
        if a >= high:
            a -= mask + 1
        if b >= high:
            b -= mask + 1
        if b == -1 and a == -high:
            raise Trap("integer overflow")
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient & mask

    return div_s


def _signed_remainder(high: int, mask: int) -> Callable[[int, int], int]:
    def rem_s(a: int, b: int) -> int:
        if a >= high:
            a -= mask + 1
        if b >= high:
            b -= mask + 1
        remainder = abs(a) % abs(b)
        return remainder if a >= 0 else -remainder & mask

    return rem_s


div_s32: Final = _signed_division(_HIGH32, MASK32)
div_s64: Final = _signed_division(_HIGH64, MASK64)
rem_s32: Final = _signed_remainder(_HIGH32, MASK32)
rem_s64: Final = _signed_remainder(_HIGH64, MASK64)


def int_to_f32(value: int) -> float:
    """The nearest f32 of a signed integer of up to 64 bits, rounded once (f32.convert_i64_s and _u)."""
    magnitude = abs(value)
    excess = magnitude.bit_length() - 53
    if excess > 0:
        # Round to odd at the precision of an f64, so that rounding to f32 is not a second rounding.
        sticky = 1 if magnitude & ((1 << excess) - 1) else 0
        magnitude = (magnitude >> excess | sticky) << excess
    rounded = round_f32(magnitude / 1)
    return -rounded if value < 0 else rounded


class _NullFunction:
    """Stands in for a null function reference where it is called."""

    host = None

    @staticmethod
    def call(*_args: object) -> NoReturn:
        raise Trap("null function reference")


def to_integer() -> Callable[[float], int]:
    """The faster truncation of a float on this platform (Pyodide pays for calls of C functions)."""
    return int if sys.platform == "emscripten" else math.trunc


GLOBALS: Final[dict[str, object]] = {
    "uH": load_u16,
    "uI": load_u32,
    "uQ": load_u64,
    "uF": load_f32,
    "uD": load_f64,
    "uV": load_v128,
    "uVF": load_f32x4,
    "uVD": load_f64x2,
    "pH": store_u16,
    "pI": store_u32,
    "pQ": store_u64,
    "pD": store_f64,
    "pV": store_v128,
    "pVF": store_f32x4,
    "pVD": store_f64x2,
    "ldf": load_f32_bits,
    "stf": store_f32_bits,
    "T8": EXTEND8_TO_32,
    "T8L": EXTEND8_TO_64,
    "f64_const": f64_from_bits,
    "f32_const": f32_from_bits,
    "f32_bits": f32_bits,
    "inf": math.inf,
    "nan": f64_from_bits(0x7FF8_0000_0000_0000),
    "copysign": math.copysign,
    "sqrt": math.sqrt,
    "abs": abs,
    "len": len,
    "getattr": getattr,
    "range": range,
    "toint": to_integer(),
    "fdiv": float_divide,
    "fmin": float_min,
    "fmax": float_max,
    "fsqrt": float_sqrt,
    "ffloor": float_floor,
    "fceil": float_ceil,
    "ftrunc": float_trunc,
    "fnearest": float_nearest,
    "unreachable": trap_unreachable,
    "null_reference": trap_null_reference,
    "trunc32s": trunc_i32_s,
    "trunc32u": trunc_i32_u,
    "trunc64s": trunc_i64_s,
    "trunc64u": trunc_i64_u,
    "sat32s": trunc_sat_i32_s,
    "sat32u": trunc_sat_i32_u,
    "sat64s": trunc_sat_i64_s,
    "sat64u": trunc_sat_i64_u,
    "divs32": div_s32,
    "divs64": div_s64,
    "rems32": rem_s32,
    "rems64": rem_s64,
    "i2f": int_to_f32,
    "null_function": _NullFunction,
}
"""Names that generated code may use, beside those of its instance."""

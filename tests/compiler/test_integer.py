"""Integer instructions against exact arithmetic, with operands as parameters, constants and expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.syntax.errors import Trap

CORNERS = {
    32: [0, 1, 2, 5, 31, 32, 33, 0x7F, 0x80, 0xFFFF, 0x8000, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001,
         0xFFFF_FFFF, 0xFFFF_FFF8, 0x1234_5678],
    64: [0, 1, 5, 63, 64, 0x80, 0x8000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, (1 << 63) - 1,
         1 << 63, (1 << 64) - 1, (1 << 64) - 8, 0x0123_4567_89AB_CDEF],
}  # fmt: skip


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def divide(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def rotate(a: int, count: int, bits: int) -> int:
    count %= bits
    return a << count | a >> bits - count


# name -> function of unsigned operands and width
BINARY: dict[str, Callable[[int, int, int], int]] = {
    "add": lambda a, b, n: a + b,
    "sub": lambda a, b, n: a - b,
    "mul": lambda a, b, n: a * b,
    "and": lambda a, b, n: a & b,
    "or": lambda a, b, n: a | b,
    "xor": lambda a, b, n: a ^ b,
    "shl": lambda a, b, n: a << b % n,
    "shr_u": lambda a, b, n: a >> b % n,
    "shr_s": lambda a, b, n: signed(a, n) >> b % n,
    "rotl": lambda a, b, n: rotate(a, b, n),
    "rotr": lambda a, b, n: rotate(a, -b, n),
    "div_u": lambda a, b, n: a // b,
    "rem_u": lambda a, b, n: a % b,
    "div_s": lambda a, b, n: divide(signed(a, n), signed(b, n)),
    "rem_s": lambda a, b, n: signed(a, n) - signed(b, n) * divide(signed(a, n), signed(b, n)),
    "eq": lambda a, b, n: a == b,
    "ne": lambda a, b, n: a != b,
    "lt_u": lambda a, b, n: a < b,
    "gt_u": lambda a, b, n: a > b,
    "le_u": lambda a, b, n: a <= b,
    "ge_u": lambda a, b, n: a >= b,
    "lt_s": lambda a, b, n: signed(a, n) < signed(b, n),
    "gt_s": lambda a, b, n: signed(a, n) > signed(b, n),
    "le_s": lambda a, b, n: signed(a, n) <= signed(b, n),
    "ge_s": lambda a, b, n: signed(a, n) >= signed(b, n),
}
COMPARISONS = {
    name for name in BINARY if name.split("_")[0] in ("eq", "ne", "lt", "gt", "le", "ge")
}

UNARY: dict[str, Callable[[int, int], int]] = {
    "eqz": lambda a, n: a == 0,
    "clz": lambda a, n: n - a.bit_length(),
    "ctz": lambda a, n: (a & -a).bit_length() - 1 if a else n,
    "popcnt": lambda a, n: a.bit_count(),
    "extend8_s": lambda a, n: signed(a & 0xFF, 8),
    "extend16_s": lambda a, n: signed(a & 0xFFFF, 16),
}


def expected(name: str, a: int, b: int, bits: int) -> int | None:
    if name.startswith(("div", "rem")) and b == 0:
        return None
    if name == "div_s" and (signed(a, bits), signed(b, bits)) == (-(1 << bits - 1), -1):
        return None
    return int(BINARY[name](a, b, bits)) % (1 << bits)


def outcome(wasm: Any, name: str, *arguments: int) -> int | None:
    try:
        result: int = wasm(name, *arguments)
    except Trap:
        return None
    return result


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", list(BINARY))
def test_binary_on_parameters_constants_and_expressions(
    wasm: Callable[..., Any], name: str, bits: int
) -> None:
    t = f"i{bits}"
    result = "i32" if name in COMPARISONS else t
    corners = CORNERS[bits]
    constants = "".join(
        f"""(func (export "right {c}") (param {t}) (result {result})
              ({t}.{name} (local.get 0) ({t}.const {c})))
            (func (export "left {c}") (param {t}) (result {result})
              ({t}.{name} ({t}.const {c}) (local.get 0)))"""
        for c in corners
    )
    module = wasm(f"""(module {constants}
      (func (export "both") (param {t} {t}) (result {result})
        ({t}.{name} (local.get 0) (local.get 1)))
      (func (export "unwrapped") (param {t} {t}) (result {result})
        ({t}.{name} ({t}.sub ({t}.add (local.get 0) ({t}.const 9)) ({t}.const 9))
                    ({t}.xor ({t}.xor (local.get 1) ({t}.const -1)) ({t}.const -1))))
      (func (export "branch") (param {t} {t}) (result i32)
        (if (result i32) ({"i32.wrap_i64" if result == "i64" else "i32.or (i32.const 0)"}
             ({t}.{name} (local.get 0) (local.get 1))) (then (i32.const 1)) (else (i32.const 0)))))""")
    for a in corners:
        for b in corners:
            wanted = expected(name, a, b, bits)
            assert outcome(module, "both", a, b) == wanted, (a, b)
            assert outcome(module, "unwrapped", a, b) == wanted, (a, b)
            assert outcome(module, f"right {b}", a) == wanted, (a, b)
            assert outcome(module, f"left {a}", b) == wanted, (a, b)
            low = None if wanted is None else int(wanted & 0xFFFF_FFFF != 0)
            assert outcome(module, "branch", a, b) == low, (a, b)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("name", list(UNARY))
def test_unary(wasm: Callable[..., Any], name: str, bits: int) -> None:
    t = f"i{bits}"
    result = "i32" if name == "eqz" else t
    module = wasm(f"""(module
      (func (export "name") (param {t}) (result {result}) ({t}.{name} (local.get 0)))
      (func (export "expression") (param {t}) (result {result})
        ({t}.{name} ({t}.mul (local.get 0) ({t}.const 3))))
      (func (export "sum") (param {t}) (result {result})
        {"(i32.add (i32.const 1)" if result == "i32" else f"({t}.add ({t}.const 1)"}
          ({t}.{name} (local.get 0)))))""")
    for a in CORNERS[bits]:
        wanted = int(UNARY[name](a, bits)) % (1 << bits)
        assert module("name", a) == wanted
        assert module("expression", a) == int(UNARY[name](a * 3 % (1 << bits), bits)) % (1 << bits)
        assert module("sum", a) == (wanted + 1) % (1 << (32 if result == "i32" else bits))


def test_conversions_between_widths(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module
      (func (export "wrap") (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
      (func (export "wrap sum") (param i64) (result i32)
        (i32.wrap_i64 (i64.sub (local.get 0) (i64.const 5))))
      (func (export "s") (param i32) (result i64) (i64.extend_i32_s (local.get 0)))
      (func (export "u") (param i32) (result i64) (i64.extend_i32_u (local.get 0)))
      (func (export "u sum") (param i32) (result i64)
        (i64.extend_i32_u (i32.sub (local.get 0) (i32.const 5))))
      (func (export "32_s") (param i64) (result i64) (i64.extend32_s (local.get 0))))""")
    for a in CORNERS[64]:
        assert module("wrap", a) == a & 0xFFFF_FFFF
        assert module("wrap sum", a) == a - 5 & 0xFFFF_FFFF
        assert module("32_s", a) == signed(a & 0xFFFF_FFFF, 32) % (1 << 64)
    for a in CORNERS[32]:
        assert module("s", a) == signed(a, 32) % (1 << 64)
        assert module("u", a) == a
        assert module("u sum", a) == a - 5 & 0xFFFF_FFFF


def test_bounded_operands_of_division_do_not_hide_zero(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (func (export "f") (param i32 i32) (result i32)
      (i32.div_s (i32.and (local.get 0) (i32.const 255)) (i32.and (local.get 1) (i32.const 3)))))""")
    assert module("f", 200, 3) == 66
    with pytest.raises(Trap, match="integer divide by zero"):
        module("f", 200, 4)


def test_rotations_of_one_local_share_its_doubled_word(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (func (export "f") (param i32 i32) (result i32) (local i32)
      (local.set 2 (i32.xor (i32.rotl (local.get 0) (i32.const 5)) (i32.rotr (local.get 0) (i32.const 9))))
      (local.set 0 (local.get 1))
      (i32.xor (local.get 2) (i32.rotl (local.get 0) (i32.const 7)))))""")
    a, b = 0x8000_1235, 0x0F00_00F1
    wanted = (rotate(a, 5, 32) ^ rotate(a, -9, 32) ^ rotate(b, 7, 32)) & 0xFFFF_FFFF
    assert module("f", a, b) == wanted

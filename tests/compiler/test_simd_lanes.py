"""Vectors of floats that are kept as lanes: where they are, and that every bit is the one of whole vectors."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from pyjsapi.compiler.options import Options
from pyjsapi.engines.python import CompiledModule, compile_module, instantiate, invoke
from pyjsapi.text import wat2wasm

OPTIONS = [
    Options(),
    Options(lanes=False),
    Options(state_machine=True),
    Options(max_loops=0),
    Options(facts=False, views=False, patterns=False, reuse=False),
    Options(assertions=True),
]
SIGNALLING = struct.pack("<4I", 0x7F800001, 0xFFA00000, 0x3F800000, 0x80000000)
DOUBLE_SIGNALLING = struct.pack("<2Q", 0x7FF0000000000001, 0xFFF4000000000000)


def compiled(body: str, locals_: str = "", options: Options = OPTIONS[0]) -> CompiledModule:
    text = f"""(module (memory (export "m") 1)
      (func (export "f") (param $n i32) (param $p v128) (result v128)
        (local $a v128) (local $b v128) {locals_}
        {body}))"""
    return compile_module(wat2wasm(text), options=options)


def outcome(body: str, memory: bytes, options: Options, locals_: str = "") -> tuple[int, bytes]:
    """The result for n = 3 and a parameter, and the memory's first bytes afterwards."""
    instance = instantiate(compiled(body, locals_, options), [])
    storage: Any = instance.exports["m"]
    storage.data[: len(memory)] = memory
    function: Any = instance.exports["f"]
    parameter = int.from_bytes(struct.pack("<4f", 1.5, -2.0, 0.25, 1e30), "little")
    (result,) = invoke(function, [3, parameter])
    return result, bytes(storage.data[:128])


FLOATS = struct.pack("<8f", 1.5, -0.0, 3e38, 0.1, 2.5, -7.0, 3e38, 1e-45)
DOUBLES = struct.pack("<4d", 1.5, -0.1, 1e308, 5e-324)
BODIES = [
    # a loop that accumulates
    ("""(loop $l
          (local.set $a (f32x4.add (local.get $a)
            (f32x4.mul (v128.load (i32.const 0)) (v128.load (i32.const 16)))))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $a)""", FLOATS),
    ("""(loop $l
          (local.set $a (f64x2.relaxed_madd (v128.load (i32.const 0)) (v128.load (i32.const 16))
            (local.get $a)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (v128.store (i32.const 64) (local.get $a)) (local.get $a)""", DOUBLES),
    # a pending value is not changed by an assignment to the local that it comes from
    ("""(local.set $a (f32x4.sqrt (v128.load (i32.const 0))))
        (local.get $a)
        (local.set $a (f32x4.add (local.get $a) (local.get $a)))
        (f32x4.sub (local.get $a))""", FLOATS),
    # the same value as floats, as bits, as one lane
    ("""(local.set $a (f32x4.div (v128.load (i32.const 0)) (v128.load (i32.const 16))))
        (v128.store offset=1 (i32.const 64) (local.get $a))
        (f32.store (i32.const 100) (f32x4.extract_lane 3 (local.get $a)))
        (i32x4.add (local.get $a) (f32x4.neg (f32x4.abs (local.get $a))))""", FLOATS),
    ("""(local.set $a (f64x2.min (v128.load (i32.const 0)) (v128.load (i32.const 16))))
        (f64.store (i32.const 64) (f64x2.extract_lane 1 (local.get $a)))
        (f64x2.pmax (local.get $a) (f64x2.neg (local.tee $a (f64x2.ceil (local.get $a)))))""", DOUBLES),
    # signalling NaNs: splats and selections keep them, arithmetic does not
    ("(local.set $a (f32x4.splat (f32.load (i32.const 0)))) (local.get $a)", SIGNALLING),
    ("""(local.set $a (f32x4.splat (f32.load (i32.const 4))))
        (v128.store (i32.const 64) (local.get $a))
        (f32x4.neg (local.get $a))""", SIGNALLING),
    ("(f32x4.pmin (v128.load (i32.const 0)) (f32x4.splat (f32.load (i32.const 4))))", SIGNALLING),
    ("(f32x4.abs (f32x4.splat (f32.load (i32.const 4))))", SIGNALLING),
    ("(local.set $a (f64x2.splat (f64.load (i32.const 8)))) (f64x2.neg (local.get $a))", DOUBLE_SIGNALLING),
    ("(f64x2.replace_lane 1 (f64x2.splat (f64.load (i32.const 0))) (f64.load (i32.const 8)))",
     DOUBLE_SIGNALLING),
    ("(f32x4.mul (v128.load (i32.const 0)) (v128.const f32x4 1 1 1 1))", SIGNALLING),
    ("(f32x4.max (v128.load (i32.const 0)) (v128.const f32x4 -1 1 -0 0))", SIGNALLING),
    # constants, comparisons, branches with values
    ("(f32x4.add (v128.const f32x4 -1.5 nan inf -0) (local.get $p))", FLOATS),
    ("(f64x2.div (v128.const f64x2 -1.5 0) (v128.const f64x2 0 0))", FLOATS),
    ("(f32x4.lt (local.get $p) (f32x4.floor (local.get $p)))", FLOATS),
    ("(f64x2.ne (v128.load (i32.const 0)) (f64x2.nearest (v128.load (i32.const 0))))", DOUBLES),
    ("""(if (result v128) (local.get $n)
          (then (f32x4.mul (local.get $p) (local.get $p))) (else (local.get $a)))""", FLOATS),
    ("""(select (f32x4.mul (local.get $p) (local.get $p)) (f32x4.splat (f32.const 3))
          (i32.eqz (local.get $n)))""", FLOATS),
    ("""(block $b (result v128)
          (br_if $b (f32x4.trunc (local.get $p)) (local.get $n))
          (f32x4.add (local.get $p)))""", FLOATS),
    # overflow to infinity, and a local of its initial value
    ("(f32x4.add (v128.load (i32.const 0)) (v128.load (i32.const 16)))", FLOATS),
    ("""(if (i32.eqz (local.get $n))
          (then (local.set $a (f32x4.add (local.get $p) (local.get $p)))))
        (local.get $a)""", FLOATS),
]  # fmt: skip


@pytest.mark.parametrize(("body", "memory"), BODIES)
def test_lanes_give_the_bits_of_whole_vectors(body: str, memory: bytes) -> None:
    expected = outcome(body, memory, Options(lanes=False))
    for options in OPTIONS:
        assert outcome(body, memory, options) == expected, options


def test_locals_set_to_floats_are_lanes() -> None:
    source = compiled(
        "(local.set $a (f64x2.mul (local.get $p) (local.get $p)))"
        "(local.set $a (f64x2.add (local.get $a) (local.get $a))) (local.get $a)"
    ).source(0)
    assert "l2_0,l2_1=" in source
    assert "V.f64x2_pack(l2_0,l2_1)" in source
    assert "V.f64x2_add" not in source
    assert "l3=0" in source


@pytest.mark.parametrize(
    "body",
    [
        "(local.set $a (local.get $p)) (f32x4.add (local.get $a) (local.get $a))",
        "(local.set $a (f32x4.add (local.get $p) (local.get $p)))"
        "(local.set $a (f64x2.add (local.get $a) (local.get $p))) (local.get $a)",
        "(local.set $a (v128.not (f32x4.add (local.get $p) (local.get $p)))) (local.get $a)",
        "(local.set $a (block (result v128) (f32x4.add (local.get $p) (local.get $p))))"
        "(local.get $a)",
    ],
)
def test_locals_set_to_anything_else_are_whole(body: str) -> None:
    assert "l2_0" not in compiled(body).source(0)


def test_stores_and_loads_of_lanes_do_not_pass_through_an_integer() -> None:
    source = compiled(
        "(v128.store offset=4 (i32.const 0) (f32x4.add (v128.load (i32.const 16)) (local.get $p)))"
        "(local.get $p)"
    ).source(0)
    assert "=uVF(ba0,16)" in source
    assert "pVF(ba0,0+4,s1_0,s1_1,s1_2,s1_3)" in source
    assert "V." not in source


def test_lanes_can_be_switched_off() -> None:
    body = "(f32x4.add (local.get $p) (local.get $p))"
    assert "V.f32x4_add(l1,l1)" in compiled(body, options=Options(lanes=False)).source(0)
    assert "V.f32x4_add" not in compiled(body).source(0)


ADDED = "(f32x4.add (v128.const f32x4 1 2 3 4) (v128.const f32x4 10 20 30 40))"
HUNDREDS = "(v128.const f32x4 100 200 300 400)"


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    ("body", "lanes"),
    [
        (f"(f32x4.add (f32x4.splat (f32x4.extract_lane 0 {ADDED})) {HUNDREDS})", (111, 211, 311, 411)),
        (f"(f32x4.add {HUNDREDS} (f32x4.splat (f32x4.extract_lane 3 {ADDED})))", (144, 244, 344, 444)),
        (f"(f32x4.sub (f32x4.splat (f32x4.extract_lane 0 {ADDED})) (f32x4.mul {ADDED} {HUNDREDS}))",
         (-1089, -4389, -9889, -17589)),
        (f"(f32x4.min (f32x4.mul {ADDED} {HUNDREDS}) (f32x4.splat (f32x4.extract_lane 1 {ADDED})))",
         (22, 22, 22, 22)),
        (f"(f32x4.relaxed_madd (f32x4.splat (f32x4.extract_lane 1 {ADDED})) {HUNDREDS}"
         f" (f32x4.splat (f32x4.extract_lane 0 {ADDED})))", (2211, 4411, 6611, 8811)),
        # a local that is set to a splat of one of its lanes
        (f"(local.set $a {ADDED}) (local.set $a (f32x4.splat (f32x4.extract_lane 2 (local.get $a))))"
         f"(f32x4.add (local.get $a) {HUNDREDS})", (133, 233, 333, 433)),
        (f"(local.set $a {ADDED}) (local.set $a (f32x4.add (f32x4.splat (f32x4.extract_lane 0"
         f" (local.get $a))) (local.get $a))) (local.get $a)", (22, 33, 44, 55)),
    ],
)  # fmt: skip
def test_lanes_of_lanes_are_read_before_they_are_written(
    body: str, lanes: tuple[int, ...], options: Options
) -> None:
    result, _ = outcome(body, b"", options)
    assert struct.unpack("<4f", result.to_bytes(16, "little")) == lanes


@pytest.mark.parametrize("options", OPTIONS)
def test_doubles_of_lanes_are_read_before_they_are_written(options: Options) -> None:
    product = "(f64x2.mul (v128.const f64x2 3 2) (v128.const f64x2 10 20))"
    body = f"(f64x2.add (f64x2.splat (f64x2.extract_lane 0 {product})) (v128.const f64x2 100 200))"
    result, _ = outcome(body, b"", options)
    assert struct.unpack("<2d", result.to_bytes(16, "little")) == (130, 230)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("zero", ["0", "-0"])
@pytest.mark.parametrize("shape", ["f32x4", "f64x2"])
def test_division_by_a_lane_of_zero(shape: str, zero: str, options: Options) -> None:
    t = shape[:3]
    lane = f"({shape}.extract_lane 1 ({shape}.splat ({t}.const {zero})))"
    body = f"({shape}.splat ({t}.div ({t}.const 1) {lane}))"
    result, _ = outcome(body, b"", options)
    infinity = float(f"{zero[:-1]}inf")
    assert (
        struct.unpack("<4f" if t == "f32" else "<2d", result.to_bytes(16, "little"))[0] == infinity
    )

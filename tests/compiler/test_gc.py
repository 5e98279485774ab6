"""Structures, arrays, i31 references, casts: values, order of evaluation and traps, in every mode of translation."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

from pyjsapi.compiler.options import Options
from pyjsapi.runtime.gc import ArrayInst, StructInst
from pyjsapi.syntax.errors import Trap

Maker = Callable[..., Callable[..., object]]

TYPES = """
  (type $point (sub (struct (field $x (mut i32)) (field $y (mut f64)))))
  (type $pixel (sub $point (struct (field (mut i32)) (field (mut f64)) (field $c (mut i8)))))
  (type $leaf (sub final $pixel (struct (field (mut i32)) (field (mut f64)) (field (mut i8)))))
  (type $packed (struct (field $a (mut i8)) (field $b (mut i16)) (field $r (mut anyref))))
  (type $bytes (array (mut i8))) (type $words (array (mut i16))) (type $longs (array (mut i64)))
  (type $floats (array (mut f32))) (type $refs (array (mut (ref null $point))))
  (type $node (struct (field $next (mut (ref null $node)))))
"""


def test_fields_are_read_and_written(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES}
          (func (export "sum") (param i32 f64) (result f64) (local $p (ref null $point))
            (local.set $p (struct.new $point (local.get 0) (local.get 1)))
            (struct.set $point $x (local.get $p)
              (i32.add (struct.get $point $x (local.get $p)) (i32.const 1)))
            (f64.add (f64.convert_i32_s (struct.get $point $x (local.get $p)))
              (struct.get $point 1 (local.get $p))))
          (func (export "defaults") (result i32 f64 i32)
            (local $p (ref null $pixel)) (local.set $p (struct.new_default $pixel))
            (struct.get $pixel 0 (local.get $p)) (struct.get $pixel 1 (local.get $p))
            (struct.get_u $pixel $c (local.get $p))))"""
    )
    assert call("sum", 41, 0.5) == 42.5
    assert call("defaults") == (0, 0.0, 0)


@pytest.mark.parametrize("value", [0, 1, 0x7F, 0x80, 0xFF, 0x1FF, 0x7FFF, 0x8000, 0xFFFF_FF80])
def test_packed_fields_and_elements_keep_their_low_bits(wasm: Maker, value: int) -> None:
    call = wasm(
        f"""(module {TYPES}
          (func (export "struct") (param i32) (result i32 i32 i32 i32) (local $p (ref $packed))
            (local.set $p (struct.new $packed (local.get 0) (i32.const 0) (ref.null any)))
            (struct.set $packed $b (local.get $p) (local.get 0))
            (struct.get_u $packed $a (local.get $p)) (struct.get_s $packed $a (local.get $p))
            (struct.get_u $packed $b (local.get $p)) (struct.get_s $packed $b (local.get $p)))
          (func (export "array") (param i32) (result i32 i32 i32 i32)
            (local $b (ref $bytes)) (local $w (ref $words))
            (local.set $b (array.new $bytes (local.get 0) (i32.const 3)))
            (local.set $w (array.new_default $words (i32.const 3)))
            (array.set $words (local.get $w) (i32.const 2) (local.get 0))
            (array.fill $bytes (local.get $b) (i32.const 1) (local.get 0) (i32.const 1))
            (array.get_u $bytes (local.get $b) (i32.const 1))
            (array.get_s $bytes (local.get $b) (i32.const 2))
            (array.get_u $words (local.get $w) (i32.const 2))
            (array.get_s $words (local.get $w) (i32.const 2))))"""
    )
    low8, low16 = value & 0xFF, value & 0xFFFF
    signed8 = low8 - 0x100 & 0xFFFF_FFFF if low8 > 0x7F else low8
    signed16 = low16 - 0x1_0000 & 0xFFFF_FFFF if low16 > 0x7FFF else low16
    assert call("struct", value) == (low8, signed8, low16, signed16)
    assert call("array", value) == (low8, signed8, low16, signed16)


def test_arrays_are_made_of_segments_copied_and_filled(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES}
          (data $d "\\01\\02\\03\\04\\05\\06\\07\\08\\00\\00\\80\\3f")
          (elem $e (ref null $point) (item (struct.new $point (i32.const 7) (f64.const 1)))
            (item ref.null $point))
          (func (export "data") (result i64 f32 i32)
            (array.get $longs (array.new_data $longs $d (i32.const 0) (i32.const 1)) (i32.const 0))
            (array.get $floats (array.new_data $floats $d (i32.const 8) (i32.const 1)) (i32.const 0))
            (array.len (array.new_data $words $d (i32.const 2) (i32.const 5))))
          (func (export "elem") (result i32)
            (struct.get $point $x
              (array.get $refs (array.new_elem $refs $e (i32.const 0) (i32.const 2)) (i32.const 0))))
          (func (export "init") (result i32 i32 i32) (local $b (ref $bytes)) (local $r (ref $refs))
            (local.set $b (array.new_default $bytes (i32.const 4)))
            (array.init_data $bytes $d (local.get $b) (i32.const 1) (i32.const 0) (i32.const 3))
            (array.copy $bytes $bytes
              (local.get $b) (i32.const 0) (local.get $b) (i32.const 1) (i32.const 3))
            (local.set $r (array.new_fixed $refs 2 (ref.null $point) (ref.null $point)))
            (array.init_elem $refs $e (local.get $r) (i32.const 1) (i32.const 0) (i32.const 1))
            (array.get_u $bytes (local.get $b) (i32.const 0))
            (array.get_u $bytes (local.get $b) (i32.const 3))
            (struct.get $point $x (array.get $refs (local.get $r) (i32.const 1))))
          (func (export "dropped") (data.drop $d)
            (drop (array.new_data $bytes $d (i32.const 0) (i32.const 1)))))"""
    )
    assert call("data") == (0x0807060504030201, 1.0, 5)
    assert call("elem") == 7
    assert call("init") == (1, 3, 7)
    with pytest.raises(Trap, match=r"^out of bounds memory access"):
        call("dropped")


NULLS = {
    "struct.get $point $x (ref.null $point)": "null structure reference",
    "struct.set $point $x (ref.null $point) (i32.const 1)": "null structure reference",
    "array.get_u $bytes (ref.null $bytes) (i32.const 0)": "null array reference",
    "array.set $bytes (ref.null $bytes) (i32.const 0) (i32.const 0)": "null array reference",
    "array.len (ref.null $bytes)": "null array reference",
    "array.fill $bytes (ref.null $bytes) (i32.const 0) (i32.const 0) (i32.const 0)": (
        "null array reference"
    ),
    "i31.get_u (ref.null i31)": "null i31 reference",
    "i31.get_s (ref.null i31)": "null i31 reference",
    "ref.cast (ref $point) (ref.null none)": "cast failure",
    "ref.cast (ref $leaf) (struct.new_default $pixel)": "cast failure",
    "ref.cast (ref i31) (struct.new_default $pixel)": "cast failure",
    "array.get_u $bytes (array.new_default $bytes (i32.const 2)) (i32.const 2)": (
        "out of bounds array access"
    ),
    "array.get_u $bytes (array.new_default $bytes (i32.const 2)) (i32.const -1)": (
        "out of bounds array access"
    ),
    "array.set $bytes (array.new_default $bytes (i32.const 2)) (i32.const -1) (i32.const 0)": (
        "out of bounds array access"
    ),
    "array.new_default $longs (i32.const -1)": "allocation failed",
}


@pytest.mark.parametrize("instruction", NULLS)
def test_traps(wasm: Maker, instruction: str) -> None:
    drop = "" if "set " in instruction or "fill" in instruction else "drop"
    call = wasm(f'(module {TYPES} (func (export "f") ({instruction}) {drop}))')
    with pytest.raises(Trap) as caught:
        call("f")
    assert caught.value.message.startswith(NULLS[instruction])


def test_an_array_out_of_bounds_is_told_from_a_table(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES} (type $f (func (result i32))) (table 2 funcref)
          (func $one (result i32) (i32.const 1)) (elem (i32.const 0) func $one $one)
          (func (export "f") (param i32 i32) (result i32)
            (call_indirect (type $f) (array.get_u $bytes
              (array.new $bytes (local.get 1) (i32.const 3)) (local.get 0)))))"""
    )
    assert call("f", 2, 1) == 1
    with pytest.raises(Trap, match=r"^out of bounds array access"):
        call("f", 3, 1)
    with pytest.raises(Trap, match=r"^undefined element"):
        call("f", 2, 9)


def test_operands_are_evaluated_in_order(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES} (global $log (mut i32) (i32.const 0))
          (func $note (param i32)
            (global.set $log (i32.add (i32.mul (global.get $log) (i32.const 10)) (local.get 0))))
          (func $array (result (ref null $longs))
            (call $note (i32.const 1)) (array.new_default $longs (i32.const 4)))
          (func $none (result (ref null $longs)) (call $note (i32.const 1)) (ref.null $longs))
          (func $index (result i32) (call $note (i32.const 2)) (i32.const 3))
          (func $value (result i64) (call $note (i32.const 3)) (i64.const 5))
          (func (export "set") (array.set $longs (call $array) (call $index) (call $value)))
          (func (export "get") (drop (array.get $longs (call $array) (call $index))))
          (func (export "null") (array.set $longs (call $none) (call $index) (call $value)))
          (func (export "divide") (param i32) (drop (array.get $longs (ref.null $longs)
            (i32.div_u (i32.const 1) (local.get 0)))))
          (func (export "log") (result i32) (global.get $log) (global.set $log (i32.const 0))))"""
    )
    call("set")
    assert call("log") == 123
    call("get")
    assert call("log") == 12
    with pytest.raises(Trap, match=r"^null array reference"):
        call("null")
    assert call("log") == 123
    with pytest.raises(Trap, match=r"^integer divide by zero"):
        call("divide", 0)
    with pytest.raises(Trap, match=r"^null array reference"):
        call("divide", 1)


def test_a_read_is_not_moved_past_a_write(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES}
          (func (export "swap") (result i32 i32) (local $p (ref $point)) (local $q (ref $point))
            (local.set $p (struct.new $point (i32.const 1) (f64.const 0)))
            (local.set $q (struct.new $point (i32.const 2) (f64.const 0)))
            (struct.get $point $x (local.get $p))
            (struct.set $point $x (local.get $p) (struct.get $point $x (local.get $q)))
            (struct.get $point $x (local.get $p))))"""
    )
    assert call("swap") == (1, 2)


CASTS = [
    ("(ref $point)", [1, 1, 1, 0, 0, 0]),
    ("(ref null $pixel)", [0, 1, 1, 0, 0, 1]),
    ("(ref $leaf)", [0, 0, 1, 0, 0, 0]),
    ("(ref $bytes)", [0, 0, 0, 1, 0, 0]),
    ("(ref struct)", [1, 1, 1, 0, 0, 0]),
    ("arrayref", [0, 0, 0, 1, 0, 1]),
    ("(ref i31)", [0, 0, 0, 0, 1, 0]),
    ("(ref eq)", [1, 1, 1, 1, 1, 0]),
    ("(ref any)", [1, 1, 1, 1, 1, 0]),
    ("nullref", [0, 0, 0, 0, 0, 1]),
    ("(ref none)", [0, 0, 0, 0, 0, 0]),
]


@pytest.mark.parametrize(("type_", "expected"), CASTS, ids=lambda x: str(x))
def test_tests_casts_and_branches_agree(wasm: Maker, type_: str, expected: list[int]) -> None:
    call = wasm(
        f"""(module {TYPES} (table 6 anyref)
          (func (export "init")
            (table.set (i32.const 0) (struct.new_default $point))
            (table.set (i32.const 1) (struct.new_default $pixel))
            (table.set (i32.const 2) (struct.new_default $leaf))
            (table.set (i32.const 3) (array.new_default $bytes (i32.const 0)))
            (table.set (i32.const 4) (ref.i31 (i32.const 5))))
          (func (export "test") (param i32) (result i32)
            (ref.test {type_} (table.get (local.get 0))))
          (func (export "cast") (param i32) (result i32)
            (ref.cast {type_} (table.get (local.get 0))) drop (i32.const 1))
          (func (export "branch") (param i32) (result i32)
            (block $l (result {type_})
              (br_on_cast $l anyref {type_} (table.get (local.get 0)))
              (return (i32.const 0)))
            drop (i32.const 1))
          (func (export "fail") (param i32) (result i32)
            (loop $again (block $l (result anyref)
              (br_on_cast_fail $l anyref {type_} (table.get (local.get 0)))
              (return (i32.const 1)))
            drop (br_if $again (i32.const 0))) (i32.const 0)))"""
    )
    call("init")
    assert [call("test", i) for i in range(6)] == expected
    assert [call("branch", i) for i in range(6)] == expected
    assert [call("fail", i) for i in range(6)] == expected
    for i, fits in enumerate(expected):
        if fits:
            assert call("cast", i) == 1
        else:
            with pytest.raises(Trap, match=r"^cast failure"):
                call("cast", i)


def test_functions_are_cast_by_their_type(wasm: Maker) -> None:
    call = wasm(
        """(module (type $f (sub (func))) (type $g (sub $f (func))) (type $h (func (param i32)))
          (func $a (type $f)) (func $b (type $g)) (elem declare func $a $b)
          (func (export "tests") (result i32 i32 i32 i32 i32)
            (ref.test (ref $f) (ref.func $b)) (ref.test (ref $g) (ref.func $a))
            (ref.test (ref func) (ref.func $a)) (ref.test (ref $h) (ref.func $a))
            (ref.test (ref nofunc) (ref.func $a))))"""
    )
    assert call("tests") == (1, 0, 1, 0, 0)


def test_equal_i31_references_are_equal_and_instances_are_themselves(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES}
          (func (export "i31") (param i32 i32) (result i32)
            (ref.eq (ref.i31 (local.get 0)) (ref.i31 (local.get 1))))
          (func (export "structs") (result i32 i32 i32 i32) (local $p eqref) (local $q eqref)
            (local.set $p (struct.new_default $point)) (local.set $q (struct.new_default $point))
            (ref.eq (local.get $p) (local.get $p)) (ref.eq (local.get $p) (local.get $q))
            (ref.eq (local.get $p) (ref.null eq)) (ref.eq (ref.null eq) (ref.null i31)))
          (func (export "get") (param i32) (result i32 i32)
            (i31.get_u (ref.i31 (local.get 0))) (i31.get_s (ref.i31 (local.get 0)))))"""
    )
    assert call("i31", 0x1234567, 0x81234567) == 1
    assert call("i31", 1, 2) == 0
    assert call("structs") == (1, 0, 0, 1)
    assert call("get", 0x7FFFFFFF) == (0x7FFFFFFF, 0xFFFFFFFF)
    assert call("get", 0xBFFFFFFF) == (0x3FFFFFFF, 0x3FFFFFFF)


def test_conversions_are_inverse(wasm: Maker) -> None:
    call = wasm(
        """(module
          (func (export "there") (param externref) (result i32)
            (ref.test (ref i31) (any.convert_extern (local.get 0))))
          (func (export "back") (param externref) (result externref)
            (extern.convert_any (any.convert_extern (local.get 0)))))"""
    )
    things = [None, "text", [1, 2], -1, 2**30 - 1, -(2**30), 2**30, 2**70, 2.5, 3.0, True]
    assert [call("there", thing) for thing in things] == [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0]
    assert [call("back", thing) for thing in things] == things


def test_a_list_of_the_host_is_no_tail_call(wasm: Maker) -> None:
    call = wasm(
        """(module (func $id (param externref) (result anyref) (any.convert_extern (local.get 0)))
          (func (export "f") (param externref) (result anyref) (return_call $id (local.get 0))))"""
    )
    thing = [len, ([],)]
    assert call("f", thing) is thing


def test_constant_expressions_make_instances(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES}
          (global $p (ref $packed) (struct.new $packed (i32.const 0x1ff) (i32.const -1)
            (ref.i31 (i32.const 3))))
          (global $d (ref $point) (struct.new_default $point))
          (global $a (ref $bytes) (array.new_fixed $bytes 2 (i32.const 0x101) (i32.const 2)))
          (global $b (ref $floats) (array.new_default $floats (i32.const 3)))
          (global $x externref (extern.convert_any (global.get $d)))
          (global $y anyref (any.convert_extern (global.get $x)))
          (func (export "f") (result i32 i32 i32 i32 i32 i32)
            (struct.get_u $packed $a (global.get $p)) (struct.get_u $packed $b (global.get $p))
            (i31.get_u (ref.cast i31ref (struct.get $packed $r (global.get $p))))
            (array.get_u $bytes (global.get $a) (i32.const 0)) (array.len (global.get $b))
            (ref.eq (global.get $d) (ref.cast eqref (global.get $y)))))"""
    )
    assert call("f") == (0xFF, 0xFFFF, 3, 1, 3, 1)


def test_results_are_instances_of_their_type(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES} (func (export "s") (result structref) (struct.new_default $leaf))
          (func (export "a") (result arrayref) (array.new_fixed $bytes 1 (i32.const 9))))"""
    )
    struct, array = call("s"), call("a")
    assert isinstance(struct, StructInst)
    assert struct.type.is_subtype_of(struct.type.supers[0].supers[0])
    assert isinstance(array, ArrayInst)
    assert array.elems == [9]


def test_a_trap_on_null_is_not_caught(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES} (func (export "f") (result i32)
          (block $h (try_table (catch_all $h)
            (return (struct.get $point $x (ref.null $point)))))
          (i32.const -1)))"""
    )
    with pytest.raises(Trap, match=r"^null structure reference"):
        call("f")


def test_long_chains_are_made_and_freed(wasm_once: Maker) -> None:
    call = wasm_once(
        f"""(module {TYPES} (func (export "f") (param i32) (result i32) (local $n (ref null $node))
          (loop $l
            (local.set $n (struct.new $node (local.get $n)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (loop $l
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if $l (i32.eqz (ref.is_null
              (local.tee $n (struct.get $node 0 (local.get $n)))))))
          (local.get 0)))"""
    )
    assert call("f", 300_000) == 300_000


def test_a_pure_arm_may_not_hide_a_write(wasm: Maker) -> None:
    call = wasm(
        f"""(module {TYPES} (data $d "\\07")
          (func (export "f") (param i32) (result i32 i32) (local $b (ref $bytes))
            (local.set $b (array.new_default $bytes (i32.const 1)))
            (if (result i32) (local.get 0)
              (then (array.init_data $bytes $d
                (local.get $b) (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 1))
              (else (i32.const 2)))
            (array.get_u $bytes (local.get $b) (i32.const 0))))"""
    )
    assert call("f", 0) == (2, 0)
    assert call("f", 1) == (1, 7)


def test_deep_expressions_of_structures(wasm: Maker) -> None:
    depth = 400
    nested = "(ref.null $node)"
    for _ in range(depth):
        nested = f"(struct.new $node {nested})"
    gets = "(local.get 0)"
    for _ in range(depth - 1):
        gets = f"(struct.get $node $next {gets})"
    call = wasm(
        f"""(module {TYPES} (func $get (param (ref null $node)) (result i32)
            (ref.is_null (struct.get $node $next {gets})))
          (func (export "f") (result i32) (call $get {nested})))"""
    )
    assert call("f") == 1


def test_an_access_is_one_subscript(wasm_once: Maker) -> None:
    made = wasm_once(
        f"""(module {TYPES} (func (param (ref $point)) (result i32)
          (struct.get $point $x (local.get 0))))""",
        options=Options(),
    )
    assert "l0.fields[0]" in made.source(0)  # type: ignore[attr-defined]


def test_an_i31_reference_of_a_literal_can_be_tested_and_cast(wasm: Maker) -> None:
    call = wasm(
        """(module (func (export "f") (result i32 i32 i32)
          (ref.test (ref eq) (ref.i31 (i32.const 3))) (ref.test (ref struct) (ref.i31 (i32.const 3)))
          (i31.get_u (ref.cast (ref i31) (ref.i31 (i32.const 7))))))"""
    )
    assert call("f") == (1, 0, 7)


def test_a_null_reference_equals_what_a_condition_chose(wasm: Maker) -> None:
    call = wasm(
        """(module
          (func $chosen (param i32) (result eqref)
            (select (result eqref) (ref.null eq) (ref.i31 (i32.const 1))
              (i32.eq (local.get 0) (i32.const 1000))))
          (func (export "left") (param i32) (result i32)
            (ref.eq (ref.null eq) (select (result eqref) (ref.null eq) (ref.i31 (i32.const 1))
              (i32.eq (local.get 0) (i32.const 1000)))))
          (func (export "right") (param i32) (result i32)
            (ref.eq (select (result eqref) (ref.i31 (i32.const 1)) (ref.null eq)
              (i32.eq (local.get 0) (i32.const 1000))) (ref.null eq)))
          (func (export "if") (param i32) (result i32)
            (ref.is_null (if (result eqref) (i32.eq (local.get 0) (i32.const 1000))
              (then (ref.i31 (i32.const 1))) (else (ref.null eq)))))
          (func (export "call") (param i32) (result i32)
            (ref.eq (call $chosen (local.get 0)) (ref.null eq))))"""
    )
    for argument in (1000, 1001):
        null = argument == 1000
        assert call("left", argument) == null
        assert call("call", argument) == null
        assert call("right", argument) != null
        assert call("if", argument) != null


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ref.is_null (ref.i31 (i32.const 5))", 0),
        ("ref.is_null (ref.i31 (i32.const -50))", 0),
        ("ref.is_null (ref.i31 (i32.clz (i32.const 8)))", 0),
        ("ref.is_null (ref.null any)", 1),
        ("ref.eq (ref.null eq) (ref.i31 (i32.const 5))", 0),
        ("ref.eq (ref.i31 (i32.const 5)) (ref.null eq)", 0),
        ("ref.eq (ref.null eq) (ref.null eq)", 1),
        ("ref.eq (ref.i31 (i32.const 5)) (ref.i31 (i32.const 5))", 1),
        ("ref.is_null (ref.func $f)", 0),
        ("ref.test (ref null i31) (ref.null any)", 1),
        ("i31.get_s (ref.i31 (i32.const -5))", 0xFFFF_FFFB),
        ("array.len (ref.as_non_null (array.new_default $a (i32.const 3)))", 3),
    ],
)
def test_references_of_literals(wasm: Maker, expression: str, value: int) -> None:
    call = wasm(
        f"""(module (type $a (array i32)) (elem declare func $f)
          (func $f (export "f") (result i32) ({expression})))"""
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # CPython warns of `is` with a literal
        assert call("f") == value


def test_what_is_never_null_is_still_evaluated(wasm: Maker) -> None:
    call = wasm(
        """(module (global $g (mut i32) (i32.const 0))
          (func $f (result (ref i31)) (global.set $g (i32.const 1)) (ref.i31 (i32.const 0)))
          (func (export "f") (result i32 i32)
            (ref.eq (ref.null eq) (call $f)) (global.get $g))
          (func (export "trap") (param i32) (result i32)
            (ref.is_null (ref.i31 (i32.div_u (i32.const 1) (local.get 0))))))"""
    )
    assert call("f") == (0, 1)
    assert call("trap", 1) == 0
    with pytest.raises(Trap, match=r"^integer divide by zero"):
        call("trap", 0)

"""Small modules of all kinds of instructions, and calls of what they export."""

from __future__ import annotations

from typing import Any

MODULES: dict[str, tuple[str, list[list[Any]]]] = {
    "numeric": (
        """(module
          (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
          (func (export "wide") (param i64) (result i64) (i64.rotl (local.get 0) (i64.const 5)))
          (func (export "root") (param f64) (result f64) (f64.sqrt (local.get 0)))
          (func (export "trunc") (param f32) (result i32) (i32.trunc_f32_s (local.get 0)))
          (func (export "two") (result i32 f64) (i32.const 1) (f64.const 0x1p-3)))""",
        [["divide", 7, 2], ["divide", 1, 0], ["divide", -(1 << 31), -1], ["wide", 1 << 62], ["root", 2.0],
         ["trunc", 1e20], ["two"]],
    ),
    "memories": (
        """(module (memory $a 1 3) (memory $b 2) (data (memory $b) (i32.const 8) "abcd") (data $d "xyz")
          (func (export "copy") (param i32) (result i32)
            (memory.copy $a $b (local.get 0) (i32.const 8) (i32.const 4)) (i32.load $a (local.get 0)))
          (func (export "init") (param i32) (memory.init $a $d (local.get 0) (i32.const 0) (i32.const 3)))
          (func (export "grow") (param i32) (result i32) (memory.grow $a (local.get 0)))
          (func (export "load") (param i32) (result i64) (i64.load $b (local.get 0))))""",
        [["copy", 100], ["copy", 65535], ["init", 65533], ["init", 65534], ["grow", 2], ["grow", 1], ["load", 8],
         ["load", 131065]],
    ),
    "memory64": (
        """(module (memory i64 1) (memory 1)
          (func (export "store") (param i64 i32) (result i32)
            (i32.store (local.get 0) (local.get 1)) (i32.load offset=4 (i64.sub (local.get 0) (i64.const 4))))
          (func (export "size") (result i64) (memory.size)))""",
        [["store", 8, 77], ["store", 1 << 40, 1], ["size"]],
    ),
    "exceptions": (
        """(module (tag $t (param i32))
          (func $throws (param i32) (if (local.get 0) (then (throw $t (local.get 0)))))
          (func (export "catches") (param i32) (result i32)
            (block $h (result i32)
              (try_table (catch $t $h) (call $throws (local.get 0)))
              (i32.const -1)))
          (func (export "throws") (param i32) (call $throws (local.get 0))))""",
        [["catches", 5], ["catches", 0], ["throws", 3], ["throws", 0]],
    ),
    "legacy": (
        """(module (tag $t (param i32))
          (func (export "catches") (param i32) (result i32)
            (try (result i32) (do (throw $t (local.get 0))) (catch $t (i32.add (i32.const 1))))))""",
        [["catches", 5]],
    ),
    "simd": (
        """(module (memory 1) (data (i32.const 0) "\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f\\10")
          (func (export "ints") (param i32) (result i32)
            (i32x4.extract_lane 3 (i32x4.mul (v128.load (i32.const 0)) (i32x4.splat (local.get 0)))))
          (func (export "floats") (param f32) (result f32)
            (f32x4.extract_lane 1 (f32x4.sqrt (f32x4.splat (local.get 0)))))
          (func (export "swizzle") (result i32)
            (i8x16.extract_lane_u 0 (i8x16.swizzle (v128.load (i32.const 0)) (i8x16.splat (i32.const 9)))))
          (func (export "relaxed") (result f64) (f64x2.extract_lane 0 (f64x2.relaxed_madd
            (f64x2.splat (f64.const 3)) (f64x2.splat (f64.const 4)) (f64x2.splat (f64.const 5))))))""",
        [["ints", 7], ["floats", 9.0], ["swizzle"], ["relaxed"]],
    ),
    "garbage": (
        """(module (type $p (struct (field i32) (field (mut i64)))) (type $a (array (mut i16)))
          (func (export "point") (param i32) (result i32)
            (struct.get $p 0 (struct.new $p (local.get 0) (i64.const 2))))
          (func (export "array") (param i32 i32) (result i32)
            (array.get_u $a (array.new $a (local.get 0) (i32.const 4)) (local.get 1)))
          (func (export "cast") (param anyref) (result i32) (i31.get_s (ref.cast (ref i31) (local.get 0))))
          (func (export "opaque") (result (ref $p)) (struct.new_default $p)))""",
        [["point", 5], ["array", -1, 3], ["array", 1, 4], ["cast", 12], ["cast", "text"], ["opaque"]],
    ),
    "calls": (
        """(module (table $t 4 funcref) (elem (i32.const 0) $one $two) (type $r (func (result i32)))
          (func $one (result i32) (i32.const 1)) (func $two (param i32) (result i32) (local.get 0))
          (func (export "through") (param i32) (result i32) (call_indirect (type $r) (local.get 0)))
          (func $down (export "down") (param i32) (result i32)
            (if (result i32) (local.get 0)
              (then (return_call $down (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 9))))
          (func $endless (export "endless") (result i32) (i32.add (i32.const 1) (call $endless)))
          (func (export "function") (result funcref) (ref.func $one)))""",
        [["through", 0], ["through", 1], ["through", 3], ["through", 4], ["down", 5000], ["function"]],
    ),
    "atomics": (
        """(module (memory 1 2 shared)
          (func (export "add") (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
          (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const 1)))
          (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 7) (i64.const 0))))""",
        [["add", 8, 3], ["add", 8, 3], ["add", 1, 3], ["notify"], ["wait"]],
    ),
    "bytes_pages": (
        """(module (memory 10 (pagesize 1))
          (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))""",
        [["load", 9], ["load", 10]],
    ),
    "names": (
        """(module (func (export "class") (result i32) (i32.const 1))
          (func (export "a\\"b\\n\\\\") (result i32) (i32.const 2))
          (func (export "") (result i32) (i32.const 3)) (func (export "os") (result i32) (i32.const 4))
          (func (export "_pyjsapi_in_file") (result i32) (i32.const 5))
          (func (export "__name__") (result i32) (i32.const 6)))""",
        [["class"], ['a"b\n\\'], [""], ["os"], ["_pyjsapi_in_file"], ["__name__"]],
    ),
}  # fmt: skip
"""A text, and names of functions with arguments."""

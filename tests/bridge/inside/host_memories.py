"""Memories, buffers and references of the engine of JavaScript behind the JS API; see host_engine.py."""

import math
import random
from functools import partial
from typing import Any

from pyjsapi import (
    ArrayBuffer,
    BigInt64Array,
    BigUint64Array,
    Float32Array,
    Float64Array,
    Int8Array,
    Int16Array,
    Int32Array,
    RangeError,
    SharedArrayBuffer,
    Uint8Array,
    Uint8ClampedArray,
    Uint16Array,
    Uint32Array,
    WebAssembly,
    null,
)
from tests.bridge.inside.host_engine import exports, raises

TYPED: tuple[Any, ...] = (
    *(Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array),
    *(BigInt64Array, BigUint64Array, Float32Array, Float64Array),
)


# ---- several memories (EN-48)

SEVERAL = """(module (import "e" "m" (memory $a 1)) (memory $b (export "b") 1 3) (memory $c 2)
  (func (export "copy") (param i32 i32 i32) (memory.copy $a $b (local.get 0) (local.get 1) (local.get 2)))
  (func (export "load") (param i32) (result i32) (i32.load $c (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store $b (local.get 0) (local.get 1)))
  (func (export "grow") (result i32) (memory.grow $b (i32.const 1)))
  (func (export "sizes") (result i32 i32 i32) (memory.size $a) (memory.size $b) (memory.size $c)))"""


def case_en_48_modules_of_several_memories_run() -> None:
    memory = WebAssembly.Memory(initial=1)
    made = exports(SEVERAL, {"e": {"m": memory}})
    again = exports(
        '(module (import "m" "b" (memory 1 3)) (export "same" (memory 0)))', {"m": {"b": made.b}}
    )
    assert again.same is made.b
    made.store(8, 0x01020304)
    made.copy(100, 8, 4)
    assert (
        Uint8Array(memory.buffer)[100:104].tobytes()
        == Uint8Array(made.b.buffer)[8:12].tobytes()
        == b"\4\3\2\1"
    )
    buffer = made.b.buffer
    assert (made.grow(), made.b.buffer.byteLength, buffer.detached) == (1, 131072, True)
    memory.grow(2)
    assert made.sizes() == [3, 2, 2]
    for call in (
        partial(made.load, 131072),
        partial(made.copy, 4 * 65536, 0, 4),
        partial(made.store, -4, 1),
    ):
        raises(WebAssembly.RuntimeError, call, "out of bounds memory access")


# ---- structures, arrays, shared memories (EN-19, EN-11)


def case_en_19_structures_and_arrays_are_opaque_objects() -> None:
    text = """(module (type $s (struct (field (mut i32)))) (type $a (array (mut i16)))
      (func (export "struct") (param i32) (result (ref $s)) (struct.new $s (local.get 0)))
      (func (export "array") (param i32) (result (ref $a)) (array.new_default $a (local.get 0)))
      (func (export "get") (param (ref null $s)) (result i32) (struct.get $s 0 (local.get 0)))
      (func (export "any") (param anyref) (result anyref) (local.get 0)))"""
    try:
        made = exports(text)
    except WebAssembly.CompileError as error:
        assert "the engine of JavaScript refuses the module" in str(error)
        return
    one, array = made.struct(7), made.array(3)
    assert made.any(one) is one and made.get(one) == 7
    assert (repr(one), repr(array)) == ("<WebAssembly struct>", "<WebAssembly array>")
    raises(TypeError, partial(made.get, array), "is not a value of type")
    for value in (5, -5, 2**30, 2**40, "x", null):
        assert made.any(value) == value


def case_en_11_shared_memories_are_those_of_javascript() -> None:
    text = """(module (memory (export "m") 1 3 shared)
      (func (export "add") (result i32) (i32.atomic.rmw.add (i32.const 8) (i32.const 5))))"""
    made = exports(text)
    view = Int32Array(made.m.buffer)
    made.add(), made.add()
    assert view[2] == 10 and isinstance(made.m.buffer, SharedArrayBuffer)
    imported = text.replace(
        '(memory (export "m") 1 3 shared)', '(import "e" "m" (memory 1 3 shared))'
    )
    other = exports(imported, {"e": {"m": made.m}})
    assert other.add() == 10 and view[2] == 15
    host = WebAssembly.Memory(initial=1, maximum=2, shared=True)
    third = exports(
        '(module (import "e" "m" (memory 1 2 shared)) (export "m" (memory 0)))', {"e": {"m": host}}
    )
    assert third.m is host


# ---- buffers (EN-11, EN-44)


def case_en_11_growth_by_whomever_detaches_the_buffer() -> None:
    made = exports(
        '(module (memory (export "m") 1 8) (func (export "grow") (param i32) (drop (memory.grow (local.get 0)))))'
    )
    for native, delta in ((True, 1), (False, 1), (True, 0), (False, 0)):
        buffer = made.m.buffer
        view = Uint8Array(buffer)
        assert made.m.buffer is buffer and view[0] == 0
        (made.grow if native else made.m.grow)(delta)
        assert buffer.detached and buffer.byteLength == 0 and len(view) == 0
        raises((TypeError, IndexError), partial(view.__getitem__, 0))
        assert made.m.buffer is not buffer
    raises(RangeError, partial(made.m.grow, 99), "may have 8")


def case_en_44_elements_of_every_type_and_copies() -> None:
    memory = WebAssembly.Memory(initial=1)
    plain = ArrayBuffer(65536)
    random_ = random.Random(44)
    for kind in TYPED:
        native, python = kind(memory.buffer, 8, 100), kind(plain, 8, 100)
        for _ in range(50):
            index = random_.randrange(100)
            value: Any = random_.choice(
                [random_.getrandbits(64) - 2**63, random_.random(), -0.0, True, 1 << 70, math.nan]
            )
            if kind.__name__.startswith("Big"):
                value = int(value) if value == value else 1
            told = []
            for view in (native, python):
                try:
                    view[index] = value
                    told.append(repr(view[index]))
                except Exception as error:
                    told.append(f"{type(error).__name__}: {error}")
            assert told[0] == told[1], (kind, value, told)
        assert native.tobytes() == python.tobytes() and list(map(repr, native)) == list(
            map(repr, python)
        )
        raises(IndexError, partial(native.__getitem__, 100))
        assert repr(native[-1]) == repr(python[-1])
    data = random_.randbytes(1 << 12)
    view = Uint8Array(memory.buffer)
    view[100 : 100 + len(data)] = data
    assert (
        bytes(view[100 : 100 + len(data)])
        == data
        == memoryview(memory.buffer)[100 : 100 + len(data)].tobytes()
    )
    assert memoryview(memory.buffer).readonly
    raises(BufferError, lambda: memory.buffer.mv)


# ---- what is valid (EN-6)


def case_en_6_atomics_must_be_aligned_as_everywhere() -> None:
    text = "0061736d01000000010401600000030201000504010301010a0b0109004100fe1001001a0b"
    raises(
        WebAssembly.CompileError,
        partial(WebAssembly.Module, bytes.fromhex(text)),
        "alignment must be natural",
    )

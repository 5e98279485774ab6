"""Modules that show the order of evaluation: every instruction beside operands that read, trap or change things.

A case is a function. It runs in a world of memories, tables, globals, segments, structures and arrays; what it leaves
of that world, its result, and the kind of its trap tell in which order its parts were evaluated. Nothing is random.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pyjsapi.syntax.instructions import OPS, Imm, Op
from pyjsapi.syntax.types import ValType

ARGUMENTS: Final = (8, 8, 1.5, 2.5, 0)
"""Of every case: addresses that are in bounds, floats, zero."""
OBSERVED: Final = 320
"""Bytes of each memory that are looked at."""
MEMORIES: Final = ("m", "n", "h", "seen")

_I32, _I64, _F32, _F64, _V128 = "i32", "i64", "f32", "f64", "v128"
_S, _A, _B, _R = "(ref null $s)", "(ref null $a)", "(ref null $b)", "(ref null $r)"
_FUNC, _EXTERN, _ANY, _EQ, _I31 = "funcref", "externref", "anyref", "eqref", "i31ref"
_F = "(ref null $ii)"
_EXN = "exnref"
_IV = "(ref null $iv)"

PLAIN_TYPES: Final = (_I32, _I64, _F32, _F64, _V128)

PLAIN: Final = {
    _I32: ("(local.get $p)", "(i32.const 8)", "(i32.shl (local.get $p) (i32.const 1))"),
    _I64: ("(local.get $q)", "(i64.const 8)"),
    _F32: ("(local.get $x)", "(f32.const 2.5)"),
    _F64: ("(local.get $y)", "(f64.const -1.5)"),
    _V128: ("(local.get $v)", "(v128.const i32x4 1 2 3 4)"),
    _S: ("(global.get $cs)",),
    _A: ("(global.get $ca)",),
    _B: ("(global.get $cb)",),
    _R: ("(global.get $cr)",),
    _F: ("(ref.func $bump)",),
    _FUNC: ("(ref.func $bump)", "(ref.null func)"),
    _EXTERN: ("(ref.null extern)", "(extern.convert_any (ref.i31 (local.get $p)))"),
    _ANY: ("(global.get $cs)", "(ref.i31 (local.get $p))"),
    _EQ: ("(ref.i31 (local.get $p))", "(global.get $cs)", "(ref.null eq)"),
    _I31: ("(ref.i31 (local.get $p))",),
    _EXN: ("(ref.null exn)",),
    _IV: ("(ref.func $nothing)",),
}
"""Operands that only need locals."""

READS: Final = {
    _I32: (
        "(i32.load $m (local.get $p))",
        "(global.get $g_i32)",
        "(memory.size $m)",
        "(struct.get $s 0 (global.get $cs))",
        "(i32.eqz (i32.load8_u $h (local.get $p)))",
        "(array.get $a (global.get $ca) (i32.const 1))",
        "(table.size $t)",
        "(i32.load16_s $n offset=1 (local.get $q))",
        "(ref.is_null (table.get $t (i32.const 1)))",
        "(select (i32.load $m (local.get $p)) (global.get $g_i32) (global.get $g_i32))",
        "(if (result i32) (local.get $p) (then (global.get $g_i32)) (else (i32.const 5)))",
        "(array.get_u $b (array.new_data $b $d (i32.const 0) (i32.const 2)) (i32.const 0))",
    ),
    _I64: ("(i64.load $m (local.get $p))", "(global.get $g_i64)", "(memory.size $n)"),
    _F32: ("(f32.load $m (local.get $p))", "(global.get $g_f32)"),
    _F64: ("(f64.load $m align=1 (local.get $p))", "(global.get $g_f64)"),
    _V128: ("(v128.load $m (local.get $p))", "(global.get $g_v128)"),
    _S: ("(global.get $g_s)",),
    _A: ("(global.get $g_a)",),
    _B: ("(global.get $g_b)", "(array.new_data $b $d (i32.const 0) (i32.const 2))"),
    _R: ("(global.get $g_r)", "(array.new_elem $r $e (i32.const 0) (i32.const 2))"),
    _F: ("(ref.cast (ref null $ii) (table.get $t (i32.const 1)))",),
    _FUNC: ("(table.get $t (i32.const 1))",),
    _EXTERN: ("(table.get $x (i64.const 1))",),
    _ANY: ("(global.get $g_any)",),
    _EQ: ("(global.get $g_s)",),
    _I31: ("(ref.i31 (global.get $g_i32))",),
    _EXN: ("(global.get $g_exn)",),
}
"""Operands that read what `_ALL` changes."""

_DIVIDE: Final = "(i32.div_u (i32.const 1) (local.get $z))"
TRAPS: Final = {
    _I32: (_DIVIDE,),
    _I64: ("(i64.div_u (i64.const 1) (i64.extend_i32_u (local.get $z)))",),
    _F32: (f"(f32.convert_i32_u {_DIVIDE})",),
    _F64: (f"(f64.convert_i32_u {_DIVIDE})",),
    _V128: (f"(i32x4.splat {_DIVIDE})",),
    _FUNC: ("(ref.cast (ref func) (ref.null func))",),
    _EXTERN: ("(ref.cast (ref extern) (ref.null extern))",),
    _EXN: ("(ref.cast (ref exn) (ref.null exn))",),
    **{
        type_: (f"(ref.cast {type_.replace('null ', '')} (ref.null {heap}))",)
        for type_, heap in ((_S, "$s"), (_A, "$a"), (_B, "$b"), (_R, "$r"), (_F, "$ii"))
    },
    _ANY: ("(ref.cast (ref any) (ref.null any))",),
    _EQ: ("(ref.cast (ref eq) (ref.null eq))",),
    _I31: ("(ref.cast (ref i31) (ref.null i31))",),
}
"""Operands that trap."""

OTHER_TRAPS: Final = {
    _I32: "(i32.trunc_f32_u (f32.const nan))",
    _I64: "(i64.load $m (i32.const -1))",
    _F32: "(f32.load $m (i32.const -1))",
    _F64: "(f64.load $m (i32.const -1))",
    _V128: "(v128.load $m (i32.const -1))",
    _EXTERN: "(table.get $x (i64.const -1))",
    _FUNC: "(table.get $t (i32.const -1))",
    _S: "(ref.as_non_null (ref.null $s))",
    _A: "(ref.as_non_null (ref.null $a))",
    _B: "(ref.as_non_null (ref.null $b))",
    _R: "(ref.as_non_null (ref.null $r))",
    _F: "(ref.as_non_null (ref.null $ii))",
    _ANY: "(ref.as_non_null (ref.null any))",
    _EQ: "(ref.as_non_null (ref.null eq))",
    _I31: "(ref.as_non_null (ref.null i31))",
    _EXN: "(ref.as_non_null (ref.null exn))",
}
"""Operands that trap for another reason."""

_NAMES: Final = {
    _S: "s", _A: "a", _B: "b", _R: "r", _F: "ii", _FUNC: "func", _EXTERN: "extern", _ANY: "any",
    _EQ: "eq", _I31: "i31", _EXN: "exn", **{t: t for t in (_I32, _I64, _F32, _F64, _V128)},
}  # fmt: skip


_RESULTS: Final = {
    _I32: "(i32.const 8)", _I64: "(i64.const 8)", _F32: "(f32.const 2.5)", _F64: "(f64.const 2.5)",
    _V128: "(v128.const i32x4 5 6 7 8)", _EXTERN: "(ref.null extern)", _ANY: "(global.get $cs)",
    _EQ: "(global.get $cs)", _I31: "(ref.i31 (i32.const 8))",
}  # fmt: skip
"""What `effect` gives, where it is not a plain operand."""


def effect(type_: str) -> str:
    """An operand that changes everything that can be changed."""
    return f"(call $all_{_NAMES[type_]})"


_ADD: Final = "(i32.const 0x01010101)"
_ALL: Final = f"""
  (global.set $g_i32 (i32.add (global.get $g_i32) (i32.const 3)))
  (global.set $g_i64 (i64.add (global.get $g_i64) (i64.const 5)))
  (global.set $g_f32 (f32.add (global.get $g_f32) (f32.const 1)))
  (global.set $g_f64 (f64.add (global.get $g_f64) (f64.const 1)))
  (global.set $g_v128 (i32x4.add (global.get $g_v128) (i32x4.splat (i32.const 1))))
  (global.set $g_s (select (result (ref null $s)) (global.get $cs) (ref.null $s)
    (ref.is_null (global.get $g_s))))
  (global.set $g_a (select (result (ref null $a)) (global.get $ca) (ref.null $a)
    (ref.is_null (global.get $g_a))))
  (global.set $g_b (select (result (ref null $b)) (global.get $cb) (ref.null $b)
    (ref.is_null (global.get $g_b))))
  (global.set $g_r (select (result (ref null $r)) (global.get $cr) (ref.null $r)
    (ref.is_null (global.get $g_r))))
  (global.set $g_any (ref.i31 (global.get $g_i32)))
  (v128.store $m (i32.const 8) (i32x4.add (v128.load $m (i32.const 8)) (i32x4.splat {_ADD})))
  (v128.store $n (i64.const 8) (i32x4.add (v128.load $n (i64.const 8)) (i32x4.splat {_ADD})))
  (v128.store $h (i32.const 8) (i32x4.add (v128.load $h (i32.const 8)) (i32x4.splat {_ADD})))
  (drop (memory.grow $m (i32.const 1))) (drop (memory.grow $n (i64.const 1))) (drop (memory.grow $h (i32.const 1)))
  (drop (table.grow $t (ref.null func) (i32.const 1))) (drop (table.grow $x (ref.null extern) (i64.const 1)))
  (table.set $t (i32.const 1) (if (result funcref) (ref.is_null (table.get $t (i32.const 1)))
    (then (ref.func $other)) (else (ref.null func))))
  (table.set $x (i64.const 1) (extern.convert_any (ref.i31 (global.get $g_i32))))
  (struct.set $s 0 (global.get $cs) (i32.add (struct.get $s 0 (global.get $cs)) (i32.const 7)))
  (array.set $a (global.get $ca) (i32.const 1) (global.get $g_i32))
  (array.set $b (global.get $cb) (i32.const 1) (global.get $g_i32))
  (array.set $r (global.get $cr) (i32.const 1) (ref.func $other))
  (data.drop $d) (elem.drop $e)"""

_ZEROS: Final = {
    _I32: "(i32.const 0)", _I64: "(i64.const 0)", _F32: "(f32.const 0)", _F64: "(f64.const 0)",
    _V128: "(v128.const i32x4 0 0 0 0)", _S: "(ref.null $s)", _A: "(ref.null $a)",
    _B: "(ref.null $b)", _R: "(ref.null $r)", _F: "(ref.null $ii)", _FUNC: "(ref.null func)",
    _EXTERN: "(ref.null extern)", _ANY: "(ref.null any)", _EQ: "(ref.null eq)",
    _I31: "(ref.null i31)", _EXN: "(ref.null exn)",
}  # fmt: skip


def _seen_reference(type_: str, name: str) -> str:
    """A number for a reference in a global."""
    get = f"(global.get {name})"
    null = f"(ref.is_null {get})"
    if type_ in (_ANY, _EQ, _I31):
        number = f"(i31.get_s (ref.cast (ref i31) {get}))"
        return f"(if (result i32) (ref.test (ref i31) {get}) (then {number}) (else {null}))"
    if type_ == _EXTERN:
        inner = f"(any.convert_extern {get})"
        number = f"(i31.get_s (ref.cast (ref i31) {inner}))"
        return f"(if (result i32) (ref.test (ref i31) {inner}) (then {number}) (else {null}))"
    return null


def _observe() -> str:
    """Writes everything that can be seen into ``$seen``."""
    numbers = []
    for type_, name in _NAMES.items():
        for prefix in ("r", "g"):
            if prefix == "g" and type_ in (_F, _FUNC, _EXTERN, _EQ, _I31, _EXN):
                continue
            if type_ in PLAIN_TYPES:
                numbers.append((type_, f"(global.get ${prefix}_{name})"))
            else:
                numbers.append((_I32, _seen_reference(type_, f"${prefix}_{name}")))
    numbers += [
        (_I32, text)
        for text in (
            "(memory.size $m)", "(i32.wrap_i64 (memory.size $n))", "(memory.size $h)", "(table.size $t)",
            "(i32.wrap_i64 (table.size $x))", "(struct.get $s 0 (global.get $cs))",
            "(struct.get_s $s 1 (global.get $cs))", "(array.get $a (global.get $ca) (i32.const 0))",
            "(array.get $a (global.get $ca) (i32.const 1))", "(array.get $a (global.get $ca) (i32.const 8))",
            "(array.get_u $b (global.get $cb) (i32.const 1))", "(array.get_u $b (global.get $cb) (i32.const 8))",
            "(ref.is_null (array.get $r (global.get $cr) (i32.const 8)))",
            *(f"(ref.is_null (table.get $t (i32.const {i})))" for i in (0, 1, 8, 9)),
            *(f"(ref.is_null (table.get $x (i64.const {i})))" for i in (0, 1, 8, 9)),
        )
    ]  # fmt: skip
    stores = []
    for i, (type_, text) in enumerate(numbers):
        stores.append(f"({type_}.store $seen (i32.const {16 * i}) {text})")
    return f'(func (export "observe") {" ".join(stores)})'


def _world() -> str:
    calls = "".join(
        f"(func $all_{name} (result {type_}) {_ALL} {_RESULTS.get(type_, PLAIN[type_][0])})"
        for type_, name in _NAMES.items()
    )
    results = "".join(
        f"(global $r_{name} (mut {type_}) {_ZEROS[type_]})" for type_, name in _NAMES.items()
    )
    return f"""
  (type $s (sub (struct (field (mut i32)) (field (mut i8)) (field i32))))
  (type $a (array (mut i32))) (type $b (array (mut i8))) (type $r (array (mut funcref)))
  (type $ii (func (param i32) (result i32)))
  (memory $m (export "m") 1 4) (memory $n (export "n") i64 1 4) (memory $h (export "h") 1 4 shared)
  (memory $seen (export "seen") 1)
  (data (memory $m) (i32.const 0) "\\01\\02\\03\\04\\05\\06\\07\\08\\11\\12\\13\\14\\15\\16\\17\\18"
    "\\21\\22\\23\\24\\25\\26\\27\\28")
  (data (memory $n) (i64.const 0) "\\31\\32\\33\\34\\35\\36\\37\\38\\41\\42\\43\\44\\45\\46\\47\\48")
  (data (memory $h) (i32.const 0) "\\51\\52\\53\\54\\55\\56\\57\\58\\61\\62\\63\\64\\65\\66\\67\\68")
  (data $d "abcdefghijklmnopqrstuvwxyz0123456789")
  (table $t 12 20 funcref) (table $x i64 12 20 externref)
  (elem (table $t) (i32.const 0) func $bump $bump $other)
  (elem $e func $bump $other $bump $other $bump $other $bump $other $bump $other $bump $other $bump $other $bump $other)
  (tag $tag (param i32)) (tag $empty)
  (global $cs (ref $s) (struct.new $s (i32.const 40) (i32.const 41) (i32.const 42)))
  (global $ca (ref $a) (array.new $a (i32.const 50) (i32.const 40)))
  (global $cb (ref $b) (array.new $b (i32.const 60) (i32.const 40)))
  (global $cr (ref $r) (array.new $r (ref.null func) (i32.const 40)))
  (global $g_i32 (mut i32) (i32.const 70)) (global $g_i64 (mut i64) (i64.const 71))
  (global $g_f32 (mut f32) (f32.const 72)) (global $g_f64 (mut f64) (f64.const 73))
  (global $g_v128 (mut v128) (v128.const i32x4 74 75 76 77))
  (global $g_s (mut (ref null $s)) (global.get $cs)) (global $g_a (mut (ref null $a)) (global.get $ca))
  (global $g_b (mut (ref null $b)) (global.get $cb)) (global $g_r (mut (ref null $r)) (global.get $cr))
  (global $g_any (mut anyref) (ref.i31 (i32.const 9))) (global $g_exn (mut exnref) (ref.null exn))
  {results}
  (func $bump (type $ii) (global.set $g_i32 (i32.add (i32.mul (global.get $g_i32) (i32.const 3)) (local.get 0)))
    (global.get $g_i32))
  (func $other (type $ii) (i32.add (local.get 0) (i32.const 1000)))
  (type $iv (func (param i32 i64)))
  (func $three (param i32 i64 f64) (result i32 f64) (call $all) (local.get 0) (local.get 2))
  (func $nothing (type $iv) (global.set $g_i32 (local.get 0)) (global.set $g_i64 (local.get 1)))
  (elem declare func $nothing)
  (func $all {_ALL})
  {calls}
  {_observe()}"""


@dataclass(frozen=True)
class Row:
    """An instruction with its operands' types, and its results'."""

    text: str
    params: tuple[str, ...] = ()
    results: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The instruction in a sequence."""
        return self.text if self.text.endswith(" end") else f"({self.text})"


def _memarg(op: Op) -> Iterator[Row]:
    lane = " 0" if op.imm is Imm.MEMARG_LANE else ""
    atomic = op.feature == "threads"
    names = {"at": ""}
    for memory, address in (("$m", _I32), ("$n", _I64), ("$h", _I32)):
        if op.mnemonic.startswith("memory.atomic.wait") and memory != "$h":
            continue
        params = tuple(names.get(str(t)) or _type(t, address) for t in op.params or ())
        results = tuple(_type(t, address) for t in op.results or ())
        for offset in ("",) if atomic or memory != "$m" else ("", " offset=8 align=1"):
            yield Row(f"{op} {memory}{offset}{lane}", params, results)


def _type(type_: ValType, address: str) -> str:
    return str(type_) if str(type_) in PLAIN_TYPES else address


def _simple() -> Iterator[Row]:
    """Rows of the instruction table whose operands are what it says."""
    for op in OPS:
        if op.params is None or op.results is None or op.mnemonic == "nop":
            continue
        if op.feature == "acquire_release":  # which Wasmtime has not
            continue
        if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE):
            yield from _memarg(op)
        elif op.imm in (Imm.NONE, Imm.ZERO, Imm.LANE, Imm.LANES16):
            lanes = {Imm.LANE: " 1", Imm.LANES16: " 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31"}
            types = tuple(str(t) for t in op.params), tuple(str(t) for t in op.results)
            yield Row(f"{op}{lanes.get(op.imm, '')}", *types)


def _others() -> Iterator[Row]:
    """Rows whose operands depend on immediates."""
    for memory, at in (("$m", _I32), ("$n", _I64), ("$h", _I32)):
        yield Row(f"memory.size {memory}", (), (at,))
        yield Row(f"memory.grow {memory}", (at,), (at,))
        yield Row(f"memory.fill {memory}", (at, _I32, at))
        yield Row(f"memory.init {memory} $d", (at, _I32, _I32))
        for source, from_ in (("$m", _I32), ("$n", _I64)):
            count = _I64 if at == from_ == _I64 else _I32
            yield Row(f"memory.copy {memory} {source}", (at, from_, count))
    for table, at, type_ in (("$t", _I32, _FUNC), ("$x", _I64, _EXTERN)):
        yield Row(f"table.get {table}", (at,), (type_,))
        yield Row(f"table.set {table}", (at, type_))
        yield Row(f"table.size {table}", (), (at,))
        yield Row(f"table.grow {table}", (type_, at), (at,))
        yield Row(f"table.fill {table}", (at, type_, at))
        yield Row(f"table.copy {table} {table}", (at, at, at))
    yield Row("table.init $t $e", (_I32, _I32, _I32))
    yield Row("data.drop $d")
    yield Row("elem.drop $e")
    for type_, name in _NAMES.items():
        yield Row(f"select (result {type_})", (type_, type_, _I32), (type_,))
        yield Row(f"global.set $r_{name}", (type_,))
        yield Row("drop", (type_,))
    yield Row("ref.is_null", (_ANY,), (_I32,))
    yield Row("ref.as_non_null", (_S,), (_S,))
    yield Row("ref.eq", (_EQ, _EQ), (_I32,))
    yield Row("ref.test (ref $s)", (_ANY,), (_I32,))
    yield Row("ref.test (ref null i31)", (_ANY,), (_I32,))
    yield Row("ref.cast (ref null $s)", (_EQ,), (_S,))
    yield Row("ref.cast (ref i31)", (_ANY,), (_I31,))
    yield Row("ref.i31", (_I32,), (_I31,))
    yield Row("i31.get_s", (_I31,), (_I32,))
    yield Row("i31.get_u", (_I31,), (_I32,))
    yield Row("any.convert_extern", (_EXTERN,), (_ANY,))
    yield Row("extern.convert_any", (_ANY,), (_EXTERN,))
    yield Row("struct.new $s", (_I32, _I32, _I32), (_S,))
    yield Row("struct.new_default $s", (), (_S,))
    yield Row("struct.get $s 0", (_S,), (_I32,))
    yield Row("struct.get_s $s 1", (_S,), (_I32,))
    yield Row("struct.get $s 2", (_S,), (_I32,))
    yield Row("struct.set $s 0", (_S, _I32))
    yield Row("struct.set $s 1", (_S, _I32))
    for array, name, value in ((_A, "$a", _I32), (_B, "$b", _I32), (_R, "$r", _FUNC)):
        yield Row(f"array.new {name}", (value, _I32), (array,))
        yield Row(f"array.new_default {name}", (_I32,), (array,))
        yield Row(f"array.new_fixed {name} 3", (value, value, value), (array,))
        yield Row(f"array.get{'_u' * (name == '$b')} {name}", (array, _I32), (value,))
        yield Row(f"array.set {name}", (array, _I32, value))
        yield Row("array.len", (array,), (_I32,))
        yield Row(f"array.fill {name}", (array, _I32, value, _I32))
        yield Row(f"array.copy {name} {name}", (array, _I32, array, _I32, _I32))
    yield Row("array.get_s $b", (_B, _I32), (_I32,))
    yield Row("array.new_data $b $d", (_I32, _I32), (_B,))
    yield Row("array.new_data $a $d", (_I32, _I32), (_A,))
    yield Row("array.new_elem $r $e", (_I32, _I32), (_R,))
    yield Row("array.init_data $b $d", (_B, _I32, _I32, _I32))
    yield Row("array.init_elem $r $e", (_R, _I32, _I32, _I32))
    yield Row("call $bump", (_I32,), (_I32,))
    yield Row("call $three", (_I32, _I64, _F64), (_I32, _F64))
    yield Row("call_indirect $t (type $ii)", (_I32, _I32), (_I32,))
    yield Row("call_ref $ii", (_I32, _F), (_I32,))


def _exits() -> Iterator[Row]:
    """Control: what must be evaluated before it is left behind, or before what is inside runs."""
    yield Row("return")
    yield Row("unreachable")
    yield Row("br $out")
    yield Row("br_if $out", (_I32,))
    yield Row("br_table $out $out", (_I32,))
    yield Row("br_on_null $out", (_S,), (_S,))
    yield Row("br_on_non_null $with_s", (_S,))
    yield Row("br_on_cast $with_any anyref (ref i31)", (_ANY,), (_ANY,))
    yield Row("br_on_cast_fail $with_any anyref (ref $s)", (_ANY,), (_ANY,))
    yield Row("throw $tag", (_I32,))
    yield Row("throw_ref", (_EXN,))
    yield Row("return_call $nothing", (_I32, _I64))
    yield Row("return_call_indirect $t (type $iv)", (_I32, _I64, _I32))
    yield Row("return_call_ref $iv", (_I32, _I64, _IV))
    yield Row("block (call $all) end")
    yield Row("loop (call $all) end")
    yield Row("if (call $all) end", (_I32,))
    yield Row("if else (call $all) end", (_I32,))
    yield Row(
        "if (result i32) (global.get $g_i32) else (i32.load $m (local.get $p)) end",
        (_I32,),
        (_I32,),
    )
    yield Row("try_table (catch_all $out) (call $all) (throw $empty) end")
    yield Row("block $h try_table (catch_all $h) (call $all) (throw $empty) end end")
    yield Row(
        "block $h (result i32) try_table (catch $tag $h) (call $all) (throw $tag (global.get $g_i32)) end"
        " (i32.const 1) end",
        (),
        (_I32,),
    )
    yield Row("block $h try_table (catch_all $h) (call $all) end end")
    yield Row("block $b1 (br_if $b1 (call $all_i32)) (call $all) end")
    yield Row("block (result i32) (br_if 0 (global.get $g_i32) (call $all_i32)) end", (), (_I32,))
    yield Row("local.set $p", (_I32,))
    yield Row("local.tee $p", (_I32,), (_I32,))
    yield Row("local.set $x", (_F32,))
    yield Row("local.set $v", (_V128,))


ROWS: Final = (*_simple(), *_others(), *_exits())

PENDING: Final = tuple(
    (type_, text)
    for type_, texts in (
        (_I32, (*READS[_I32], *TRAPS[_I32], effect(_I32), "(i32.add (local.get $p) (i32.const 8))")),
        (_I64, ("(i64.load $n (local.get $q))",)),
        (_F32, (*READS[_F32], "(f32.add (local.get $x) (f32.const 1))")),
        (_F64, (READS[_F64][0],)),
        (_V128, (*READS[_V128], "(f32x4.add (local.get $v) (f32x4.splat (local.get $x)))")),
        (_S, READS[_S]),
        (_FUNC, READS[_FUNC]),
    )
    for text in texts
)  # fmt: skip
"""Expressions that wait on the stack while an instruction runs."""


def _case(body: str) -> str:
    """A function around a body that leaves the stack as it was."""
    return f"""(export "{{}}") (param $p i32) (param $q i64) (param $x f32) (param $y f64) (param $z i32)
      (local $v v128) (local.set $v (i32x4.splat (i32.const 3)))
      (block $out (drop (block $with_s (result (ref null $s)) (drop (block $with_any (result anyref)
        {body} (br $out))) (br $out))))"""


def _sink(type_: str) -> str:
    return f"(global.set $r_{_NAMES[type_]})"


def _sinks(types: tuple[str, ...]) -> str:
    return " ".join(_sink(type_) for type_ in reversed(types))


class _Cycle:
    """Takes the alternatives of an operand in turn, so that all of them are met."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, alternatives: tuple[str, ...]) -> str:
        self._count += 1
        return alternatives[self._count % len(alternatives)]


def cases() -> list[str]:
    """The functions, each with ``{}`` for its name."""
    turn = _Cycle()
    found = []
    for row in ROWS:
        plain = " ".join(turn(PLAIN[type_]) for type_ in row.params)
        # An expression waits while the instruction runs.
        waiting = PENDING if row.text in IMPORTANT else [PENDING[turn._count * 7 % len(PENDING)]]
        for type_, text in waiting:
            found.append(_case(f"{text} {plain} {row.code} {_sinks(row.results)} {_sink(type_)}"))
        # Its result waits while everything changes, or while something traps.
        if row.results:
            for after in ("(call $all)", f"(drop {_DIVIDE})", "(local.set $p (i32.const 16))"):
                found.append(_case(f"{plain} {row.code} {after} {_sinks(row.results)}"))
        # Of two operands one reads, traps or changes, and a later one changes or traps.
        for first in range(len(row.params)):
            for second in range(first + 1, len(row.params)):
                found += _pairs(row, first, second, turn)
    return found


def _pairs(row: Row, first: int, second: int, turn: _Cycle) -> Iterator[str]:
    one, other = row.params[first], row.params[second]
    if one not in READS or other not in OTHER_TRAPS:
        return
    for early in (turn(READS[one]), turn(TRAPS[one]), effect(one)):
        for late in (effect(other), OTHER_TRAPS[other]):
            operands = [turn(PLAIN[type_]) for type_ in row.params]
            operands[first], operands[second] = early, late
            yield _case(f"{' '.join(operands)} {row.code} {_sinks(row.results)}")


IMPORTANT: Final = frozenset(row.text for row in (*_others(), *_exits()))


def module(functions: list[str]) -> str:
    """A module with the cases as exports "0", "1" …"""
    texts = " ".join(f"(func {text.format(i)})" for i, text in enumerate(functions))
    return f"(module {_world()} {texts})"

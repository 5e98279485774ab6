"""Tail calls between functions of all pairs of result types: a pending call is never taken for a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime import FuncInst
from pyjsapi.runtime.gc import StructInst
from pyjsapi.runtime.global_ import GlobalInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import ANY, EXTERN, EXTERNREF, FuncType, GlobalType, ref_type
from pyjsapi.text import wat2wasm

Maker = Callable[..., Any]
Types = tuple[str, ...]

PAIRS: list[tuple[Types, Types]] = [
    ((wide,), (narrow,))
    for wide, narrows in {
        "i32": ["i32"],
        "f64": ["f64"],
        "(ref $s)": ["(ref $s)", "(ref $t)"],
        "(ref null $s)": ["(ref $s)", "(ref null $t)", "nullref"],
        "structref": ["(ref $s)", "structref", "nullref"],
        "eqref": ["(ref $t)", "i31ref", "eqref", "nullref"],
        "anyref": ["(ref $s)", "(ref i31)", "eqref", "(ref any)", "anyref", "nullref"],
        "(ref any)": ["(ref $t)", "(ref i31)", "(ref any)"],
        "externref": ["externref", "(ref extern)", "nullexternref"],
        "(ref extern)": ["(ref extern)"],
        "funcref": ["(ref $f)", "funcref", "nullfuncref"],
    }.items()
    for narrow in narrows
]
PAIRS += [
    ((), ()),
    (("i32", "anyref"), ("i32", "(ref $s)")),
    (("anyref", "externref"), ("(ref $t)", "(ref extern)")),
]

FIVE = ("i32", "f64", "i31ref", "(ref i31)", "eqref")
HOST = ("anyref", "(ref any)", "externref", "(ref extern)")
NULL = ("nullref", "nullexternref", "nullfuncref")
VALUES = {
    "i32": "(i32.const 5)",
    "f64": "(f64.const 5)",
    "i31ref": "(ref.i31 (i32.const 5))",
    "(ref i31)": "(ref.i31 (i32.const 5))",
    "eqref": "(ref.i31 (i32.const 5))",
    "(ref $s)": "(struct.new $s (i32.const 5))",
    "(ref $t)": "(struct.new $t (i32.const 5) (i32.const 6))",
    "(ref null $t)": "(struct.new $t (i32.const 5) (i32.const 6))",
    "structref": "(struct.new $s (i32.const 5))",
    "anyref": "(any.convert_extern (global.get $host))",
    "(ref any)": "(ref.as_non_null (any.convert_extern (global.get $host)))",
    "externref": "(global.get $host)",
    "(ref extern)": "(ref.as_non_null (global.get $host))",
    "funcref": "(ref.func $leaf)",
    "(ref $f)": "(ref.func $leaf)",
    "nullref": "(ref.null none)",
    "nullexternref": "(ref.null noextern)",
    "nullfuncref": "(ref.null nofunc)",
}
CALLS = {
    "return_call": "(return_call {0})",
    "return_call_indirect": "(return_call_indirect (type $f) (i32.const {1}))",
    "return_call_ref": "(return_call_ref $f (ref.func {0}))",
}


def _module(wide: Types, narrow: Types, call: str) -> str:
    """``f`` calls what tail-calls a function that tail-calls one that does not, and leaves the results in globals."""
    values = " ".join(VALUES[type_] for type_ in narrow)
    globals_ = ""
    for i, type_ in enumerate(wide):
        nullable = type_.replace("(ref ", "(ref null ").replace("null null", "null")
        heap = {"funcref": "nofunc", "externref": "noextern", "(ref extern)": "noextern"}
        zero = f"({type_}.const 0)" if type_ in ("i32", "f64") else ""
        zero = zero or f"(ref.null {heap.get(type_, 'none')})"
        globals_ += f'(global $r{i} (export "r{i}") (mut {nullable}) {zero})'
    stores = "".join(f"(global.set $r{i})" for i in reversed(range(len(wide))))
    return f"""(module
      (type $s (sub (struct (field i32)))) (type $t (sub $s (struct (field i32) (field i32))))
      (type $f (func (result {" ".join(narrow)})))
      (import "m" "host" (global $host externref))
      (table funcref (elem $middle $leaf))
      {globals_}
      (func $leaf (type $f) {values})
      (func $middle (type $f) {CALLS[call].format("$leaf", 1)})
      (func $top (result {" ".join(wide)}) {CALLS[call].format("$middle", 0)})
      (func (export "f") (call $top) {stores}))"""


def _kind(type_: str, host: object) -> Any:
    """The value of a type in these modules, or its class."""
    if type_ in HOST:
        return host
    if type_ in NULL:
        return None
    if type_ in FIVE:
        return 5
    return FuncInst if type_ in ("funcref", "(ref $f)") else StructInst


@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize(("wide", "narrow"), PAIRS, ids=repr)
def test_any_pair_of_types(wide: Types, narrow: Types, call: str) -> None:
    compiled = compile_module(wat2wasm(_module(wide, narrow, call)), cache=CodeCache())
    hosts: list[Any] = [[], [1, 2], (), (None, 3), {"a": 1}]
    for host in hosts:
        instance = instantiate(compiled, [GlobalInst(GlobalType(EXTERNREF, False), host)])
        function = instance.exports["f"]
        assert isinstance(function, FuncInst)
        for _ in range(3):
            invoke(function, ())
            for i, type_ in enumerate(narrow):
                result = instance.exports[f"r{i}"]
                assert isinstance(result, GlobalInst)
                value = result.cell[0]
                expected = _kind(type_, host)
                if isinstance(expected, type):
                    assert isinstance(value, expected)
                elif expected == 5:
                    assert value == 5
                else:
                    assert value is expected


LOOKALIKES: list[Any] = [[], [print, ()], (print, ()), (None, 5), None, [None, None], print]


@pytest.mark.parametrize("value", LOOKALIKES, ids=repr)
@pytest.mark.parametrize("heap", [ANY, EXTERN], ids=["any", "extern"])
def test_a_hosts_function_may_return_what_looks_like_a_pending_call(value: Any, heap: Any) -> None:
    name = "anyref" if heap is ANY else "externref"
    compiled = compile_module(
        wat2wasm(f"""(module (import "m" "h" (func $h (result {name})))
          (func $a (result {name}) (return_call $h))
          (func (export "f") (result {name}) (return_call $a)))"""),
        cache=CodeCache(),
    )
    type_ = func_def_type(FuncType((), (ref_type(True, heap),)))
    instance = instantiate(compiled, [FuncInst(type_, lambda: value, host=print)])
    function = instance.exports["f"]
    assert isinstance(function, FuncInst)
    for _ in range(3):
        assert invoke(function, ())[0] is value


def test_tail_calls_between_instances_take_no_stack(wasm_once: Maker) -> None:
    first = wasm_once("""(module (type $f (func (param i32) (result anyref)))
      (table (export "t") 2 funcref)
      (func $a (export "a") (type $f)
        (if (i32.eqz (local.get 0)) (then (return (ref.i31 (i32.const 7)))))
        (return_call_indirect (type $f) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))
      (elem (i32.const 0) $a))""")
    second = wasm_once(
        """(module (type $f (func (param i32) (result anyref)))
          (import "m" "t" (table 2 funcref)) (import "m" "a" (func $a (type $f)))
          (func $b (export "b") (type $f) (return_call $a (local.get 0)))
          (elem (i32.const 1) $b))""",
        first.instance.exports["t"],
        first.instance.exports["a"],
    )
    for _ in range(2):
        assert second("b", 50_000) == 7
        assert first("a", 50_000) == 7


def test_what_a_tail_called_function_throws_is_not_caught_by_its_caller(wasm: Maker) -> None:
    module = wasm("""(module (tag $e)
      (func $throw (result i32) (throw $e))
      (func $inner (result i32)
        (block $h (try_table (catch $e $h) (return_call $throw))) (i32.const 1))
      (func (export "f") (result i32)
        (block $h (try_table (catch $e $h) (return (call $inner)))) (i32.const 2)))""")
    assert module("f") == 2
    assert module("f") == 2


@pytest.mark.parametrize("count", [0, 1, 2])
def test_every_way_out_of_a_function_that_tail_calls(wasm: Maker, count: int) -> None:
    def values(first: int) -> str:
        return " ".join(f"(i32.const {first + i})" for i in range(count))

    drops = "(drop)" * count
    results = f"(result {'i32 ' * count})" if count else ""
    case = "(br_if {} (i32.eq (local.get 0) (i32.const {})))"
    module = wasm(f"""(module
      (func $other {results} {values(10)})
      (func (export "f") (param i32) {results} (local $i i32)
        (if (i32.eq (local.get 0) (i32.const 0)) (then (return_call $other)))
        (if (i32.eq (local.get 0) (i32.const 1)) (then {values(20)} (return)))
        {values(30)} {case.format(0, 2)} {drops}
        (block $b {results}
          {values(40)} {case.format("$b", 3)} {case.format(1, 4)} {drops} {values(50)})
        {case.format(0, 3)} {drops}
        (if (i32.eq (local.get 0) (i32.const 5)) (then (loop $l (br_if $l (i32.lt_u
          (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3)))) {values(60)} (return)))
        (block $z (block $y (block $x (br_table $x $y $z (i32.sub (local.get 0) (i32.const 6))))
          {values(70)} (return)) {values(80)} (return))
        {values(90)}))""")

    def expected(first: int) -> Any:
        return [None, first, (first, first + 1)][count]

    for _ in range(2):
        found = [module("f", i) for i in range(9)]
        assert found == list(map(expected, (10, 20, 30, 40, 40, 60, 70, 80, 90)))

"""Structured control in every way of writing it, and of any depth."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.control.tree import Node
from pyjsapi.compiler.options import Options
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.syntax.errors import Trap


def leb128(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes((value & 127 | 128,))
        value >>= 7
    return out + bytes((value,))


def deep_module(body: bytes) -> bytes:
    """A module that exports ``f : [i32] -> [i32]`` with this body, without its end."""
    code = b"\0" + body + b"\x0b"
    sections = ((1, b"\1\x60\1\x7f\1\x7f"), (3, b"\1\0"), (7, b"\1\1f\0\0"),
                (10, b"\1" + leb128(len(code)) + code))  # fmt: skip
    return b"\0asm\1\0\0\0" + b"".join(
        bytes((number,)) + leb128(len(content)) + content for number, content in sections
    )


GET, END = b"\x20\0", b"\x0b"
INCREMENT = b"\x20\0\x41\1\x6a\x21\0"
DEEP = {
    "blocks": lambda n: b"\2\x40" * n + GET + b"\x0d" + leb128(n - 1) + END * n + GET,
    "blocks left one by one": lambda n: (
        b"\2\x40" * n + (GET + b"\x0d\0" + END + INCREMENT) * n + GET
    ),
    "ifs": lambda n: (GET + b"\4\x40") * n + INCREMENT + END * n + GET,
    "ifs with values": lambda n: (GET + b"\4\x7f") * n + GET + b"\5\x41\1\x0b" * n,
    "loops": lambda n: b"\3\x40" * n + b"\x20\0\x41\1\x6b\x22\0\x0d" + leb128(n - 1) + END * n + GET,
    "switch": lambda n: (
        b"\2\x40" * n + GET + b"\x0e" + leb128(n - 1) + b"".join(map(leb128, range(n - 1)))
        + leb128(n - 1) + (END + INCREMENT) * n + GET
    ),
    "sum": lambda n: GET * (n + 1) + b"\x6a" * n,
    "negations": lambda n: GET + b"\x45" * n,
    "bit counts": lambda n: GET + b"\x67\x69" * n,
}  # fmt: skip


@pytest.mark.parametrize("depth", [18, 25, 95, 150, 400, 3000])
@pytest.mark.parametrize("shape", list(DEEP))
def test_nesting_of_any_depth_runs(shape: str, depth: int) -> None:
    data = deep_module(DEEP[shape](depth))
    module = compile_module(data, cache=CodeCache())
    function = instantiate(module, ()).exports["f"]
    wanted = {
        "blocks": 7, "blocks left one by one": 7 + depth, "ifs": 8, "ifs with values": 7, "loops": 0,
        "switch": 7 + max(depth - 7, 0), "sum": 7 * (depth + 1), "negations": depth % 2 == 0,
    }  # fmt: skip
    (result,) = invoke(function, (7,))  # type: ignore[arg-type]
    if shape in wanted:
        assert result == wanted[shape]
    else:
        assert 0 <= result <= 32


def test_a_hundred_thousand_blocks() -> None:
    module = compile_module(deep_module(DEEP["blocks"](100_000)), cache=CodeCache())
    function = instantiate(module, ()).exports["f"]
    assert invoke(function, (3,)) == (3,)  # type: ignore[arg-type]


def test_a_switch_over_states_and_a_switch_as_a_tree(wasm: Callable[..., Any]) -> None:
    cases = 12
    blocks = "(block " * cases
    falling = "".join(
        f") (local.set 1 (i32.add (local.get 1) (i32.const {k})))" for k in range(cases)
    )
    leaving = "".join(f") (local.set 1 (i32.const {k})) (br $out)" for k in range(cases))
    labels = " ".join(map(str, [3, *range(cases), 3]))
    module = wasm(f"""(module
      (func (export "falling") (param i32) (result i32) (local i32)
        {blocks} (br_table {labels} (local.get 0)) {falling} (local.get 1))
      (func (export "leaving") (param i32) (result i32) (local i32)
        (block $out {blocks} (br_table {labels} (local.get 0)) {leaving}) (local.get 1)))""")
    for selector in [*range(cases + 3), 0xFFFF_FFFF]:
        entered = selector - 1 if 1 <= selector <= cases else 3
        assert module("falling", selector) == sum(range(entered, cases))
        assert module("leaving", selector) == entered


def test_br_table_carries_values_to_labels_of_different_height(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (func (export "f") (param i32) (result i32)
      (i32.add (i32.const 100) (block $a (result i32)
        (i32.add (i32.const 10) (block $b (result i32)
          (i32.const 1)
          (br_table $a $b 2 $b (local.get 0))))))))""")
    assert [module("f", k) for k in range(4)] == [101, 111, 1, 111]


def test_a_branch_out_of_nested_loops(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (func (export "f") (param i32) (result i32) (local i32 i32)
      (block $out
        (loop $a
          (local.set 2 (i32.const 0))
          (loop $b
            (br_if $out (i32.eq (i32.add (local.get 1) (local.get 2)) (local.get 0)))
            (if (i32.eq (local.get 2) (i32.const 5))
              (then (local.set 1 (i32.add (local.get 1) (i32.const 10))) (br $a)))
            (local.set 2 (i32.add (local.get 2) (i32.const 1)))
            (br $b)))
        (unreachable))
      (i32.add (i32.mul (local.get 1) (i32.const 100)) (local.get 2))))""")
    assert module("f", 3) == 3
    assert module("f", 24) == 2004


def test_block_parameters_and_several_results(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module
      (func (export "f") (param i32) (result i32 i32)
        (i32.const 1) (i32.const 2)
        (loop $l (param i32 i32) (result i32 i32)
          (i32.add) (i32.const 3)
          (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 5)))))
      (func (export "swap") (param i32) (result i32 i32)
        (i32.const 1) (i32.const 2)
        (if (param i32 i32) (result i32 i32) (local.get 0)
          (then (local.set 0) (drop) (i32.const 9) (local.get 0))
          (else))))""")
    assert module("f", 0) == (15, 3)
    assert module("swap", 1) == (9, 2)
    assert module("swap", 0) == (1, 2)


def test_unreachable_code_is_left_out(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (func (export "f") (param i32) (result i32)
      (block (result i32)
        (br 0 (i32.const 5))
        (i32.add (f32.lt) (i32.const 1)) (drop)
        (loop (br_table 0 0 0 (i32.const 2)))
        (if (result i32) (i32.const 1) (then (i32.const 1)) (else (unreachable))))))""")
    assert module("f", 0) == 5


def test_br_on_null_and_non_null(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (type $t (func (result i32)))
      (elem declare func $seven)
      (func $seven (type $t) (i32.const 7))
      (func $pick (param i32) (result (ref null $t))
        (if (result (ref null $t)) (local.get 0)
          (then (ref.func $seven)) (else (ref.null $t))))
      (func (export "null") (param i32) (result i32)
        (block $l (return (call_ref $t (br_on_null $l (call $pick (local.get 0)))))) (i32.const -1))
      (func (export "non-null") (param i32) (result i32)
        (call_ref $t (block $l (result (ref $t))
          (br_on_non_null $l (call $pick (local.get 0))) (return (i32.const -2)))))
      (func (export "as") (param i32) (result i32)
        (call_ref $t (ref.as_non_null (call $pick (local.get 0)))))
      (func (export "call") (param i32) (result i32) (call_ref $t (call $pick (local.get 0)))))""")
    assert [module(name, 1) for name in ("null", "non-null", "as", "call")] == [7] * 4
    assert module("null", 0) == 0xFFFF_FFFF
    assert module("non-null", 0) == 0xFFFF_FFFE
    with pytest.raises(Trap, match="null reference"):
        module("as", 0)
    with pytest.raises(Trap, match="null function reference"):
        module("call", 0)


def test_counted_loops_become_ranges_and_count_right(wasm: Callable[..., Any]) -> None:
    loop = """(func (export "{name}") (param i32) (result i32 i32) (local i32 i32)
        (local.set 1 (i32.const {start}))
        (block $out (loop $l
          (local.set 2 (i32.add (local.get 2) (i32.const 1)))
          (br_if $out (i32.eq (local.get 2) (local.get 0)))
          (br_if $l (i32.{test} (local.tee 1 (i32.add (local.get 1) (i32.const {step}))) {bound}))))
        (local.get 1) (local.get 2))"""
    cases = {
        "up": (2, "ne", 1, "(i32.const 10)"), "less": (2, "lt_u", 1, "(i32.const 10)"),
        "signed": (2, "lt_s", 1, "(i32.const 10)"), "past": (12, "lt_s", 1, "(i32.const 10)"),
        "down": (9, "ne", -1, "(i32.const 0)"), "wide": (0, "lt_u", 3, "(i32.const 10)"),
    }  # fmt: skip
    functions = [
        loop.format(name=n, start=a, test=t, step=s, bound=b) for n, (a, t, s, b) in cases.items()
    ]
    module = wasm(f"(module {''.join(functions)})")
    for name, (start, test, step, bound) in cases.items():
        last = int(bound.split()[1][:-1])
        for limit in (1, 4, 100):
            i, count = start, 0
            while True:
                count += 1
                if count == limit:
                    break
                i += step
                if not (i != last if test == "ne" else i < last):
                    break
            assert module(name, limit) == (i, count), name


def test_a_loop_that_counts_down_from_zero_and_is_left_keeps_its_counter(
    wasm: Callable[..., Any],
) -> None:
    module = wasm("""(module (func (export "f") (param i32 i32) (result i32 i32) (local i32)
      (block $out (loop $l
        (br_if $out (i32.eq (local.get 2) (local.get 1)))
        (local.set 2 (i32.add (local.get 2) (i32.const 1)))
        (br_if $l (local.tee 0 (i32.add (local.get 0) (i32.const -1))))))
      (local.get 0) (local.get 2)))""")
    assert module("f", 0, 0) == (0, 0)
    assert module("f", 0, 2) == (0xFFFF_FFFE, 2)
    assert module("f", 3, 9) == (0, 3)


def test_pointers_of_counted_loops(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory 1) (data (i32.const 4) "\\01\\02\\03\\04")
      (func (export "f") (param i32 i32) (result i32 i32 i32) (local i32)
        (loop $l
          (local.set 2 (i32.add (i32.mul (local.get 2) (i32.const 10)) (i32.load8_u (local.get 0))))
          (local.set 0 (i32.add (local.get 0) (i32.const 1)))
          (br_if $l (local.tee 1 (i32.add (local.get 1) (i32.const -1)))))
        (local.get 0) (local.get 1) (local.get 2)))""")
    assert module("f", 4, 4) == (8, 0, 1234)
    assert module("f", 5, 1) == (6, 0, 2)
    for pointer, count in ((65535, 2), (0, 0), (0xFFFF_FFFF, 1)):
        with pytest.raises(Trap, match="out of bounds memory access"):
            module("f", pointer, count)


def test_forced_modes_really_differ(wasm_once: Callable[..., Any]) -> None:
    text = """(module (func (export "f") (param i32)
      (block $a (block $b (br_if $b (local.get 0)) (br_if $a (i32.eqz (local.get 0)))
        (loop $l (br_if $a (local.get 0)) (br $l))) (call 0 (i32.const 1))) (call 0 (i32.const 2))))"""
    machine = wasm_once(text, options=Options(state_machine=True)).source(0)
    flags = wasm_once(text, options=Options(max_loops=0)).source(0)
    assert "_s=" in machine and "_s=" not in flags
    assert "_b=" in flags


def test_translation_of_nested_code_does_not_need_an_instance_first() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(600)
    try:
        module = compile_module(deep_module(DEEP["ifs with values"](80)), cache=CodeCache())
        module.compile_all()
        assert "_s=" not in module.source(0)
    finally:
        sys.setrecursionlimit(limit)


def test_trees_are_freed_without_the_garbage_collector() -> None:
    module = compile_module(deep_module(DEEP["switch"](30)), cache=CodeCache())
    gc.collect()
    gc.disable()

    def nodes() -> int:
        return sum(isinstance(found, Node) for found in gc.get_objects())

    try:
        before = nodes()
        module.compile_all()
        assert nodes() == before
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "body",
    [
        "(i32.load8_u (local.get 0))" * 5000 + "(i32.add)" * 4999,
        "(i32.const 1)" * 5000 + "(block (br_if 0 (local.get 0)))" * 500 + "(i32.add)" * 4999,
        "(local.get 0)" * 3000 + "(call $one)" * 2000 + "(i32.add)" * 4999,
    ],
    ids=["loads", "constants", "calls"],
)
def test_a_tall_operand_stack(wasm: Callable[..., Any], body: str) -> None:
    module = wasm(f"""(module (memory 1) (data (i32.const 1) "\\01")
      (func $one (result i32) (i32.const 1))
      (func (export "f") (param i32) (result i32) {body}))""")
    assert module("f", 1) == 5000


def test_counters_are_right_where_an_exception_is_caught(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory 1) (tag $t)
      (func $maybe (param i32) (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $t))))
      (func (export "f") (param $n i32) (param $p i32) (result i32 i32)
        (block $caught
          (try_table (catch $t $caught)
            (loop $l
              (call $maybe (local.get $p))
              (drop (i32.load8_u (local.get $p)))
              (local.set $p (i32.add (local.get $p) (i32.const 1)))
              (br_if $l (local.tee $n (i32.add (local.get $n) (i32.const -1)))))))
        (local.get $n) (local.get $p)))""")
    assert module("f", 9, 0) == (7, 2)
    assert module("f", 0, 2) == (0, 2)
    assert module("f", 0, 1) == (0xFFFF_FFFF, 2)
    assert module("f", 3, 4) == (0, 7)

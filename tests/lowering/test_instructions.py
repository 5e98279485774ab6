"""Every instruction that works on a memory does the same when its module is lowered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.lowering import Options
from pyjsapi.syntax.instructions import OPS, Imm, Op
from pyjsapi.syntax.op import AT
from pyjsapi.syntax.types import V128

ACCESSES = [op for op in OPS if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE)]
SIZE = 65536
WAYS: dict[str, dict[str, Any]] = {
    "regions": {},
    "helpers": {"options": Options(merge=False, outline=False, windows=False)},
    "windows": {"options": Options(merge=False)},
}
MEMORIES = {
    "fixed": "(memory $a 1) (memory $b 1) (memory $c 1)",
    "growing": "(memory $a 1 4) (memory $b 1 4) (memory $c 1)",
    "visible": '(memory $a (export "a") 1) (memory $b (export "b") 1) (memory $c (export "c") 1)',
    "shared": "(memory $a 1 4 shared) (memory $b 1 4 shared) (memory $c 1 1 shared)",
    "small pages": "(memory $a 1) (memory $b 65000 (pagesize 1)) (memory $c 65000 (pagesize 1))",
    "64-bit": "(memory $a 1) (memory $b i64 1) (memory $c i64 1 3)",
}


def function(op: Op, memory: str, offset: int, at: str) -> str:
    """A function that applies the instruction at an address, and shows its result as integers."""
    assert op.params is not None and op.results is not None
    operands = []
    for n, type_ in enumerate(op.params):
        if type_ is AT:
            operands.append(f"(local.get ${at})")
        elif type_ is V128:
            operands.append("(v128.const i64x2 0x0123456789abcdef 0xfedcba9876543210)")
        elif "wait" in op.mnemonic and n == 2:
            operands.append("(i64.const 0)")
        elif type_.name[0] == "f":
            operands.append(
                f"({type_}.reinterpret_i{type_.bits} (i{type_.bits}.const {0x7FA12345}))"
            )
        else:
            operands.append(f"({type_}.const {0x1122334455667788 & (1 << type_.bits) - 1})")
    lane = " 0" if op.imm is Imm.MEMARG_LANE else ""
    call = f"({op.mnemonic} ${memory} offset={offset}{lane} {' '.join(operands)})"
    result = {
        "": f"{call} (i64.const -1)",
        "i32": f"(i64.extend_i32_u {call})",
        "i64": call,
        "f32": f"(i64.extend_i32_u (i32.reinterpret_f32 {call}))",
        "f64": f"(i64.reinterpret_f64 {call})",
        "v128": f"(i64x2.extract_lane 0 (local.tee $v {call})) "
        "(i64.xor (i64.rotl (i64x2.extract_lane 1 (local.get $v)) (i64.const 1)))",
    }["".join(str(r) for r in op.results)]
    return (
        f'(func (export "{memory}{offset}") (param $i32 i32) (result i64) (local $i64 i64) (local $v v128)'
        f" (local.set $i64 (i64.extend_i32_u (local.get $i32))) {result})"
    )


def module(op: Op, memories: str) -> str:
    """The instruction on each of three memories, with small and large offsets, and what they hold afterwards."""
    parts = [MEMORIES[memories]]
    for memory in "abc":
        wide = memories == "64-bit" and memory != "a"
        at = "i64" if wide else "i32"
        for offset in (0, 8, 65528):
            parts.append(function(op, memory, offset, at))
        parts.append(
            f'(data (memory ${memory}) ({at}.const 8) "\\81\\92\\a3\\b4\\c5\\d6\\e7\\f8{memory}bcdefgh")'
        )
        parts.append(
            f'(func (export "hash{memory}") (param $i32 i32) (result i32) (local $s i32) (local $i64 i64)'
            "(loop $l (local.set $i32 (i32.sub (local.get $i32) (i32.const 1)))"
            " (local.set $i64 (i64.extend_i32_u (local.get $i32)))"
            " (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31))"
            f" (i32.load8_u ${memory} (local.get ${at}))))"
            " (br_if $l (local.get $i32))) (local.get $s))"
        )
    if memories == "growing":
        parts.append('(func (export "grow") (result i32) (memory.grow $b (i32.const 1)))')
    return f"(module {' '.join(parts)})"


def observe(instance: Any, memories: str) -> list[Any]:
    end = 65000 if memories == "small pages" else SIZE
    seen = []
    for memory in "abc":
        for offset in (0, 8, 65528):
            for address in (0, 9, end - 16, end - 8, end - 4, end - 1, 0xFFFFFFF8):
                seen.append(
                    (memory, offset, address, getattr(instance, f"{memory}{offset}")(address))
                )
    seen += [getattr(instance, f"hash{memory}")(64) for memory in "abc"]
    return seen


def chosen(memories: str, way: str) -> list[Op]:
    """All instructions where addresses are checked, and some of every kind where only the place is another."""
    ops = [op for op in ACCESSES if "wait" not in op.mnemonic]
    if memories == "shared":
        ops = [op for op in ACCESSES if "atomic" in op.mnemonic]
    return ops if (memories, way) == ("fixed", "regions") else ops[:: 9 if way == "regions" else 13]


@pytest.mark.parametrize("memories", MEMORIES)
@pytest.mark.parametrize("way", WAYS)
def test_accesses(
    original: Callable[..., Any], lowered: Callable[..., Any], memories: str, way: str
) -> None:
    options = dict(WAYS[way])
    if memories == "small pages" and way != "regions":
        options["custom_page_sizes"] = False
    for op in chosen(memories, way):
        text = module(op, memories)
        one, other = original(text), lowered(text, **options)
        assert observe(one, memories) == observe(other, memories), (op, memories)
        if memories == "growing":
            assert one.grow() == other.grow()
            assert observe(one, memories) == observe(other, memories), (op, "grown")

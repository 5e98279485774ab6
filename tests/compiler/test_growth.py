"""Memories that outgrow the bound which plain code believes in: code is made anew, and nobody can tell.

Two and four GiB are reserved here, and never touched but for a few pages.
"""

from __future__ import annotations

import gc
import mmap
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from pyjsapi.blocks import heap
from pyjsapi.compiler.facts import PLAIN_BOUND
from pyjsapi.compiler.variants import Assumptions
from pyjsapi.engines.python import instantiate
from pyjsapi.runtime import FuncInst, MemInst
from pyjsapi.runtime.memory import new_memory
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, I64, MemType
from pyjsapi.validation.limits import Limits

FULL = 65_536
"""Pages of all 32-bit addresses."""
LAST = 0xFFFF_FFFF
EXAMINE = """(func $examine (export "examine") (param i32) (result i32)
  (i32.store8 (local.get 0) (i32.const 7))
  (if (result i32) (i32.lt_s (local.get 0) (i32.const 0))
    (then (i32.add (local.get 0) (i32.const 1))) (else (i32.const 77))))"""
"""The address plus 1 if it is negative: code that believes in small memories wraps nothing and says 77."""
GROW = '(func $grow (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))'


def _is_available(count: int) -> bool:
    try:
        mmap.mmap(-1, count).close()
    except (OSError, ValueError, OverflowError):
        return False
    return True


pytestmark = pytest.mark.skipif(
    not _is_available(FULL << 16), reason="the system has no 4 GiB of addresses to reserve"
)


@pytest.mark.parametrize("imported", [False, True])
def test_a_memory_without_maximum_grows_to_all_its_addresses(
    wasm: Callable[..., Any], imported: bool
) -> None:
    memory = new_memory(MemType(I32, 1, None), Limits())
    text = '(module {} {GROW} {EXAMINE} (func (export "size") (result i32) (memory.size)))'
    declared = '(import "" "m" (memory 1))' if imported else "(memory 1)"
    text = text.format(declared, GROW=GROW, EXAMINE=EXAMINE)
    module = wasm(text, memory) if imported else wasm(text)
    storage = module.instance.mems[0]
    assert storage.ceiling == FULL
    assert module("examine", 3) == 77
    assert module("grow", 32_766) == 1  # as far as plain code goes
    assert module("examine", PLAIN_BOUND - 1) == 77
    with pytest.raises(Trap, match="out of bounds memory access"):
        module("examine", PLAIN_BOUND)
    assert module("grow", FULL - 32_767) == 32_767
    assert module("size") == FULL
    assert module("examine", LAST) == 0
    assert module("examine", 1 << 31) == (1 << 31) + 1
    assert module("examine", 9) == 77
    assert (storage.data[9], storage.data[LAST]) == (7, 7)
    assert module("grow", 1) == LAST


def test_importing_a_memory_changes_nothing_about_it(wasm_once: Callable[..., Any]) -> None:
    memory = new_memory(MemType(I32, 1, None), Limits())
    wasm_once(f'(module (import "" "m" (memory 1)) {EXAMINE})', memory)
    assert memory.ceiling == FULL
    assert memory.grow(FULL - 1) == 1
    assert memory.pages == FULL


def test_addresses_of_64_bits(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory i64 1)
      (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
      (func (export "double") (param i64) (result i32)
        (i64.store8 (local.get 0) (i64.const 1))
        (i64.lt_s (i64.shl (local.get 0) (i64.const 31)) (i64.const 0))))""")
    assert module("double", 5) == 0
    assert module("grow", FULL + 1) == 1
    assert module("double", 1 << 32) == 1
    assert module("double", 5) == 0


def test_pages_of_one_byte(wasm: Callable[..., Any]) -> None:
    module = wasm(f"(module (memory 1 (pagesize 1)) {GROW} {EXAMINE})")
    assert module("examine", 0) == 77
    assert module("grow", PLAIN_BOUND - 1) == 1
    assert module("examine", PLAIN_BOUND - 1) == 77
    assert module("grow", LAST - PLAIN_BOUND) == PLAIN_BOUND
    assert module("examine", LAST - 1) == LAST


def test_only_what_outgrows_the_bound_is_made_anew(wasm_once: Callable[..., Any]) -> None:
    module = wasm_once(f"(module (memory 1) (memory 1 2) (memory 1) {GROW} {EXAMINE})")
    assert (
        module.compiled.variant(Assumptions.for_memories(module.instance.mems)).assumptions.key
        == "gpg"
    )
    assert module("grow", 40_000) == 1
    assert (
        module.compiled.variant(Assumptions.for_memories(module.instance.mems)).assumptions.key
        == "bpg"
    )
    assert module("examine", 1 << 31) == (1 << 31) + 1


def test_code_that_runs_while_its_memory_grows(
    wasm: Callable[..., Any], host: Callable[..., FuncInst]
) -> None:
    """In one frame: by itself, by what it calls directly, by a table, by reference, by the host, in a loop."""
    stack: list[MemInst] = []
    grower = host(lambda pages: stack[-1].grow(pages), "i32", "i32")
    ways = {
        "itself": "(memory.grow (local.get $n))",
        "direct": "(call $grow (local.get $n))",
        "table": "(call_indirect (type $g) (local.get $n) (i32.const 0))",
        "reference": "(call_ref $g (local.get $n) (ref.func $grow))",
        "host": "(call $host (local.get $n))",
    }
    bodies = "".join(
        f"""(func (export "{name}") (param $n i32) (param $p i32) (result i32) (local $r i32)
          (drop (i32.load8_u (i32.const 5)))
          (drop {way})
          (i32.store8 (local.get $p) (i32.const 7))
          (if (result i32) (i32.lt_s (local.get $p) (i32.const 0))
            (then (i32.add (local.get $p) (i32.const 1))) (else (i32.const 77))))
        (func (export "{name} in a loop") (param $n i32) (param $p i32) (result i32) (local $q i32)
          (loop $again
            (i32.store8 (local.get $q) (i32.const 7))
            (if (i32.lt_s (local.get $q) (i32.const 0))
              (then (return (i32.add (local.get $q) (i32.const 1)))))
            (drop {way})
            (local.set $q (local.get $p))
            (br $again))
          (i32.const 77))"""
        for name, way in ways.items()
    )
    for name in ways:
        for suffix in ("", " in a loop"):
            module = wasm(
                f"""(module (type $g (func (param i32) (result i32)))
                  (import "" "grow" (func $host (type $g))) (memory 1) (table funcref (elem $grow))
                  {GROW} {bodies})""",
                grower,
            )
            stack.append(module.instance.mems[0])
            assert module(name + suffix, FULL - 1, LAST) == 0, name + suffix
            assert module(name + suffix, 0, 1 << 31) == (1 << 31) + 1, name + suffix


def test_functions_keep_their_identity(wasm: Callable[..., Any]) -> None:
    module = wasm(f"""(module (type $g (func (param i32) (result i32)))
      (memory (export "m") 1) (table (export "t") funcref (elem $examine $tail))
      {GROW} {EXAMINE}
      (func $tail (export "tail") (param i32) (result i32)
        (return_call $examine (local.get 0)))
      (func (export "table") (param i32 i32) (result i32)
        (call_indirect (type $g) (local.get 0) (local.get 1)))
      (func (export "tail by table") (param i32 i32) (result i32)
        (return_call_indirect (type $g) (local.get 0) (local.get 1))))""")
    other = instantiate(
        wasm("""(module (import "" "m" (memory 1)) (import "" "t" (table 2 funcref))
          (type $g (func (param i32) (result i32)))
          (func (export "call") (param i32 i32) (result i32)
            (call_indirect (type $g) (local.get 0) (local.get 1)))
          (func (export "load") (param i32) (result i32)
            (if (result i32) (i32.eqz (i32.load8_u (local.get 0)))
              (then (i32.const -1)) (else (i32.ge_s (local.get 0) (i32.const 0))))))""",
          module.instance.exports["m"], module.instance.exports["t"]).compiled,
        [module.instance.exports["m"], module.instance.exports["t"]],
    )  # fmt: skip
    calls = [other.exports[name].call for name in ("call", "load")]  # type: ignore[union-attr]
    table = module.instance.tables[0]
    before = [f.call for f in module.instance.funcs]
    lists = [list(entries) for entries in table._signatures.values()]

    def check(address: int, expected: int) -> None:
        assert module("examine", address) == expected
        assert module("tail", address) == expected
        for slot in (0, 1):
            assert module("table", address, slot) == expected
            assert module("tail by table", address, slot) == expected
            assert calls[0](address, slot) == expected
        assert calls[1](address) == (address < 1 << 31)

    check(8, 77)
    assert module("grow", FULL - 1) == 1
    check(LAST, 0)
    check(8, 77)
    assert [f.call for f in module.instance.funcs] == before
    assert [list(entries) for entries in table._signatures.values()][: len(lists)] == lists


def test_code_stays_the_same_until_then(wasm_once: Callable[..., Any]) -> None:
    small = wasm_once(f"(module (memory 1 2) {EXAMINE})")
    for memory in ("(memory 1)", "(memory 1 65536)"):
        module = wasm_once(f"(module {memory} {EXAMINE})")
        assert module.source(0) == small.source(0)
    calling = wasm_once(f"(module (memory 1) {EXAMINE} (func (call $f)) (func $f))")
    assert calling.source(0) == small.source(0)


def test_memories_that_begin_big_have_code_for_it(wasm_once: Callable[..., Any]) -> None:
    module = wasm_once(f"(module (memory 32769) {EXAMINE})")
    assert module("examine", 1 << 31) == (1 << 31) + 1
    assert module.compiled.default_variant.assumptions.key == "b"
    memory = new_memory(MemType(I32, 40_000, None), Limits())
    linked = wasm_once(f'(module (import "" "m" (memory 1)) {EXAMINE})', memory)
    assert linked("examine", 1 << 31) == (1 << 31) + 1


def test_shared_memories_that_may_be_big_have_code_for_it_from_the_start(
    wasm_once: Callable[..., Any],
) -> None:
    module = wasm_once(f"(module (memory 1 65536 shared) {GROW} {EXAMINE})")
    assert (
        module.compiled.variant(Assumptions.for_memories(module.instance.mems)).assumptions.key
        == "b"
    )
    if module("grow", 40_000) == 1:
        assert module("examine", 1 << 31) == (1 << 31) + 1


def test_limits_decide_as_well(wasm_once: Callable[..., Any]) -> None:
    memory = new_memory(MemType(I64, 1, None), Limits(max_memory_bytes=PLAIN_BOUND))
    assert memory.ceiling == PLAIN_BOUND >> 16
    module = wasm_once('(module (import "" "m" (memory i64 1)) (func))', memory)
    assert (
        module.compiled.variant(Assumptions.for_memories(module.instance.mems)).assumptions.key
        == "p"
    )


def test_growth_that_fails_leaves_the_code_as_it_was(
    wasm_once: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = wasm_once(f"(module (memory 1) {GROW} {EXAMINE})")
    assert module("examine", 3) == 77
    function = module.instance.funcs[1].call
    plain = function.__code__.co_code

    def refuse(data: Any, count: int) -> Any:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(heap, "_extended", refuse)
        assert module("grow", 40_000) == LAST
    assert module("examine", 3) == 77
    assert function.__code__.co_code == plain
    assert module("grow", 40_000) == 1
    assert module("examine", 1 << 31) == (1 << 31) + 1
    assert function.__code__.co_code != plain


def _runs(thread: threading.Thread, name: str) -> bool:
    frame: FrameType | None = sys._current_frames().get(thread.ident or 0)
    return frame is not None and frame.f_code.co_name == name


def test_no_memory_outgrows_code_that_another_thread_runs(wasm_once: Callable[..., Any]) -> None:
    module = wasm_once(f"""(module (memory 1) {GROW} {EXAMINE}
      (func (export "spin") (loop $again (br_if $again (i32.eqz (i32.load (i32.const 8)))))))""")
    module.instance.mems[0].data[8] = 1
    module("spin")  # translated now
    module.instance.mems[0].data[8] = 0
    thread = threading.Thread(target=module, args=("spin",))
    thread.start()
    try:
        while not _runs(thread, "f2"):
            pass
        assert module("grow", 1) == 1
        assert module("grow", 40_000) == LAST
        assert module.instance.mems[0].pages == 2
        assert module("grow", 40_000) == LAST
    finally:
        module.instance.mems[0].data[8] = 1
        thread.join()
    assert module("grow", 40_000) == 2
    assert module("examine", 1 << 31) == (1 << 31) + 1


def test_a_memory_outgrows_code_of_another_thread_that_waits_in_a_call(
    wasm_once: Callable[..., Any], host: Callable[..., FuncInst]
) -> None:
    inside, leave = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        leave.wait()

    module = wasm_once(
        f"""(module (import "" "wait" (func $wait)) (memory 1) {GROW}
          (func (export "late") (param $p i32) (result i32)
            (call $wait)
            (i32.store8 (local.get $p) (i32.const 7))
            (if (result i32) (i32.lt_s (local.get $p) (i32.const 0))
              (then (i32.add (local.get $p) (i32.const 1))) (else (i32.const 77)))))""",
        host(wait),
    )
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(module("late", LAST)))
    thread.start()
    assert inside.wait(60)
    assert module("grow", FULL - 1) == 1
    leave.set()
    thread.join()
    assert found == [0]


@pytest.mark.long
def test_guards_are_held_weakly_and_do_not_pile_up(wasm_once: Callable[..., Any]) -> None:
    memory = new_memory(MemType(I32, 1, None), Limits())
    text = f'(module (import "" "m" (memory 1)) {EXAMINE})'
    for _ in range(40):
        wasm_once(text, memory)("examine", 1)
        gc.collect()
    assert len(memory._guards) < 20
    assert len(memory._users) < 20
    assert memory.grow(40_000) == 1

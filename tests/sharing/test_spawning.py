"""Guests that start guests and share memories with them, made while they run (UC-13)."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from pyjsapi import DataCloneError, WebAssembly, wat2wasm
from pyjsapi.agents.worker import WorkerError
from pyjsapi.sharing.builtins.memory_ref import BUILTINS
from pyjsapi.sharing.spawning import Spawner

PATIENCE = 60 * 10**9
"""Nanoseconds that a guest waits before it traps: so long lasts no test that passes."""


def _import(name: str) -> str:
    type_ = BUILTINS[name].type.func
    params, results = (" ".join(map(str, types)) for types in (type_.params, type_.results))
    return (
        f'(import "pyjsapi:memory-ref" "{name}" (func ${name} (param {params}) (result {results})))'
    )


# The word at 0 is the number of the message; odd ones are the parent's. What is said is at 4.
PARENT = wat2wasm(f"""(module
  {" ".join(map(_import, ("new", "atomic_store32", "atomic_load32", "atomic_notify", "atomic_wait32", "eq")))}
  (import "host" "spawn" (func $spawn (param externref externref) (result i32)))
  (func (export "talk") (param $child externref) (param $messages i32) (result i32)
    (local $m externref) (local $n i32) (local $sum i32)
    (local.set $m (call $new (i64.const 1) (i64.const 2) (i32.const 1)))
    (drop (call $spawn (local.get $child) (local.get $m)))
    (loop $more
      (call $atomic_store32 (local.get $m) (i64.const 4) (local.get $n))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (call $atomic_store32 (local.get $m) (i64.const 0) (local.get $n))
      (drop (call $atomic_notify (local.get $m) (i64.const 0) (i32.const 1)))
      (loop $wait
        (if (i32.eq (call $atomic_load32 (local.get $m) (i64.const 0)) (local.get $n)) (then
          (if (i32.eq (i32.const 2)
                (call $atomic_wait32 (local.get $m) (i64.const 0) (local.get $n) (i64.const {PATIENCE})))
            (then (unreachable)))
          (br $wait))))
      (local.set $sum (i32.add (local.get $sum) (call $atomic_load32 (local.get $m) (i64.const 4))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $n) (i32.mul (i32.const 2) (local.get $messages)))))
    (call $atomic_store32 (local.get $m) (i64.const 0) (i32.const -1))
    (drop (call $atomic_notify (local.get $m) (i64.const 0) (i32.const 1)))
    (local.get $sum)))""")

# The child answers each message with its double, and ends at -1.
CHILD = wat2wasm(f"""(module (import "m" "mem" (memory 1 2 shared))
  (func (export "run") (local $n i32)
    (loop $more
      (loop $wait
        (if (i32.eq (i32.atomic.load (i32.const 0)) (local.get $n)) (then
          (if (i32.eq (i32.const 2) (memory.atomic.wait32 (i32.const 0) (local.get $n) (i64.const {PATIENCE})))
            (then (unreachable)))
          (br $wait))))
      (if (i32.eq (i32.atomic.load (i32.const 0)) (i32.const -1)) (then (return)))
      (i32.atomic.store (i32.const 4) (i32.mul (i32.atomic.load (i32.const 4)) (i32.const 2)))
      (local.set $n (i32.add (local.get $n) (i32.const 2)))
      (i32.atomic.store (i32.const 0) (local.get $n))
      (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
      (br $more))))""")


def _parent(spawner: Spawner) -> Any:
    module = WebAssembly.Module(PARENT, builtins=["memory-ref"])
    return WebAssembly.Instance(module, {"host": {"spawn": spawner}}).exports


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_uc_13_a_guest_starts_another_and_they_exchange_1000_messages(
    kind: Literal["thread", "process"],
) -> None:
    child = WebAssembly.Module(CHILD)
    with Spawner(kind=kind) as spawner:
        parent = _parent(spawner)
        # The message number n is 2n, and doubled when it comes back.
        assert parent.talk(child, 1000) == sum(4 * n for n in range(1000))
        assert spawner.join(60)


def test_uc_13_one_instance_starts_several_children_each_with_a_memory_of_its_own() -> None:
    child = WebAssembly.Module(CHILD)
    with Spawner() as spawner:
        parent = _parent(spawner)
        assert [parent.talk(child, n) for n in (1, 10, 3)] == [0, 180, 12]
        assert spawner.join(60) and len(spawner.children) == 3


def test_a_memory_that_is_not_shared_cannot_be_given() -> None:
    child = WebAssembly.Module(wat2wasm('(module (import "m" "mem" (memory 1)))'))
    with Spawner() as spawner, pytest.raises(DataCloneError):
        spawner(child, WebAssembly.Memory(initial=1))


def test_what_cannot_be_spawned_says_why() -> None:
    child, memory = WebAssembly.Module(CHILD), WebAssembly.Memory(initial=1, maximum=1, shared=True)
    with Spawner() as spawner:
        with pytest.raises(TypeError, match=r"argument 0 must be a WebAssembly\.Module"):
            spawner(CHILD, memory)
        with pytest.raises(TypeError, match=r"argument 2 must be a WebAssembly\.Memory"):
            spawner(child, memory, 7)
        with pytest.raises(WebAssembly.LinkError, match="imports 1 memories, 0 were given"):
            spawner(child)
        assert spawner.children == []
        with pytest.raises(WorkerError, match=r"1 2 shared\) is needed"):  # its maximum is 2 pages
            spawner(
                WebAssembly.Module(CHILD), WebAssembly.Memory(initial=1, maximum=3, shared=True)
            )


def test_a_child_that_traps_is_told_of_by_join() -> None:
    child = WebAssembly.Module(wat2wasm('(module (func (export "run") unreachable))'))
    with Spawner() as spawner:
        assert spawner(child) == 1
        with pytest.raises(WorkerError, match="unreachable"):
            spawner.join(60)

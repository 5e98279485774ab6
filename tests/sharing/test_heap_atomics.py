"""Atomic accesses at bytes that several memories have: one step for all, whatever kind of memory they have."""

from __future__ import annotations

import threading

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.blocks import foreign_atomics
from pyjsapi.sharing import SharedHeap

TEXT = """(module (memory (export "memory") {type})
  (func (export "count") (param $at i32) (param $times i32)
    (loop $more
      (drop (i32.atomic.rmw.add (local.get $at) (i32.const 1)))
      (br_if $more (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
  (func (export "lock") (param $at i32) (param $times i32)  ;; a spin lock, and a counter behind it
    (loop $more
      (loop $spin (br_if $spin (i32.atomic.rmw8.cmpxchg_u (local.get $at) (i32.const 0) (i32.const 1))))
      (i64.store offset=8 (local.get $at) (i64.add (i64.load offset=8 (local.get $at)) (i64.const 1)))
      (i32.atomic.store8 (local.get $at) (i32.const 0))
      (br_if $more (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
  (func (export "wait") (param $at i32) (result i32)
    (memory.atomic.wait32 (local.get $at) (i32.const 0) (i64.const -1)))
  (func (export "wake") (param $at i32) (result i32)
    (i32.atomic.store (local.get $at) (i32.const 1))
    (memory.atomic.notify (local.get $at) (i32.const 1))))"""
TYPES = ("1", "1 2 shared")
each_pair = pytest.mark.parametrize(
    "types", [(one, two) for one in TYPES for two in TYPES if one <= two], ids=str
)


def guest(heap: SharedHeap, type_: str) -> WebAssembly.Instance:
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(TEXT.replace("{type}", type_))))
    instance.exports.memory.attach_heap(heap)
    return instance


def run(heap: SharedHeap, types: tuple[str, str], name: str, address: int) -> None:
    guests = [guest(heap, type_) for type_ in types]
    threads = [threading.Thread(target=each.exports[name], args=(address, 3000)) for each in guests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("machine", [True, False])
@each_pair
def test_no_update_is_lost(
    types: tuple[str, str], machine: bool, busy_switching: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not machine:
        monkeypatch.setattr(foreign_atomics, "library", lambda: None)
    heap = SharedHeap(4096)
    address = heap.malloc(16)
    run(heap, types, "count", address)
    assert heap.view(address, 4).cast("I")[0] == 6000
    heap.view(address, 16)[:] = bytes(16)
    run(heap, types, "lock", address)
    assert heap.view(address, 16).cast("Q").tolist() == [0, 6000]


def test_whoever_waits_at_a_byte_of_the_heap_is_woken_from_another_memory() -> None:
    heap = SharedHeap(4096)
    address = heap.malloc(4)
    waiting, waking = guest(heap, "1 2 shared").exports, guest(heap, "1 2 shared").exports
    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(waiting.wait(address)))
    thread.start()
    while not heap.waiters.waiting():
        pass
    assert waking.wake(address) == 1
    thread.join()
    assert results == [0]
    assert waiting.wait(address) == 1
    unshared = guest(heap, "1").exports
    with pytest.raises(WebAssembly.RuntimeError, match="expected shared memory"):
        unshared.wait(address)
    assert unshared.wake(address) == 0


def test_an_integer_may_be_in_the_memory_and_in_others_bytes() -> None:
    """A segment may begin anywhere."""
    for shared in (False, True):
        memory = WebAssembly.Memory(initial=1, maximum=2, shared=shared)
        data = bytearray(2)
        memory.map(data, at=1026, strategy="segment")
        block = memory._memory.block
        block.store(1024, 4, 0x01020304)
        assert block.update("add", 1024, 4, 0x01010101) == 0x01020304
        assert block.compare_exchange(1024, 4, 0x02030405, 0x0A0B0C0D) == 0x02030405
        assert block.compare_exchange(1024, 4, 0, 1) == 0x0A0B0C0D
        assert (block.load(1024, 4), bytes(data)) == (0x0A0B0C0D, b"\x0b\x0a")
        memory.unmap(data)
        assert block.load(1024, 4) == 0x0C0D

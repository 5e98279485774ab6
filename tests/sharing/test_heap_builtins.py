"""Shared heaps and memory blocks as builtin sets, which know the instance that imports them."""

from __future__ import annotations

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sharing import Exchange, HeapDomain, MemoryBlock, SharedHeap
from pyjsapi.sharing.exchange import MODULE, WRITE
from tests.sharing.exchange_modules import IMPL, MAIN
from tests.sharing.heap_modules import PAGE

END32, END64 = 1 << 32, 1 << 64

ALLOCATING = """(module
  (import "{module}" "{malloc}" (func $malloc (param {kind}) (result {kind})))
  (import "{module}" "{free}" (func $free (param {kind})))
  (memory (export "memory") {kind} 1)
  (export "malloc" (func $malloc)) (export "free" (func $free))
  (func (export "store") (param {kind} i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "load") (param {kind}) (result i32) (i32.load (local.get 0))))"""


@pytest.mark.parametrize("kind", ["i32", "i64"])
@pytest.mark.parametrize(
    ("module", "prefix"), [("pyjsapi:shared-heap", ""), ("env", "shared_heap_")]
)
def test_guests_allocate_in_what_their_memory_has_attached(
    kind: str, module: str, prefix: str
) -> None:
    end, suffix = (END32, "") if kind == "i32" else (END64, "64")
    text = ALLOCATING.format(
        module=module, malloc=f"{prefix}malloc{suffix}", free=f"{prefix}free{suffix}", kind=kind
    )
    compiled = WebAssembly.Module(wat2wasm(text), {"builtins": ["shared-heap"]})
    one, two = (WebAssembly.Instance(compiled).exports for _ in range(2))
    assert one.malloc(8) == 0
    domain = HeapDomain()
    heaps = [SharedHeap(PAGE, domain=domain) for _ in range(2)]
    for heap in heaps:
        one.memory.attach_heap(heap)
    two.memory.attach_heap(heaps[0])
    address = one.malloc(100)
    assert address % end == end - PAGE
    one.store(address, 4711)
    assert two.load(address) == 4711
    assert one.malloc(PAGE) % end == end - 2 * PAGE  # of the second heap
    assert one.malloc(1) % end == end - PAGE + 104
    assert two.malloc(PAGE) == 0
    two.free(address)
    two.free(0)
    for wrong in (address, end - 2 * PAGE, 64):
        with pytest.raises(WebAssembly.RuntimeError, match="no block"):
            two.free(wrong - end if wrong > end >> 1 else wrong)


def test_the_sets_must_be_enabled_and_imported_as_they_are() -> None:
    text = ALLOCATING.format(
        module="env", malloc="shared_heap_malloc", free="shared_heap_free", kind="i32"
    )
    with pytest.raises(TypeError):
        WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)))
    wrong = text.replace("(param i32)))", "(param i64)))").replace("free", "free", 1)
    with pytest.raises(WebAssembly.CompileError, match="shared_heap_free"):
        WebAssembly.Module(wat2wasm(wrong), {"builtins": ["shared-heap"]})


def test_o5_1_blocks_are_of_the_exchange_that_the_host_offers() -> None:
    exchange = Exchange()
    options = {"builtins": ["shm-exchange"]}
    resources = {MODULE: exchange}
    impl = WebAssembly.Instance(WebAssembly.Module(wat2wasm(IMPL), options), resources=resources)
    main = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(MAIN), options),
        {"test:shm/image": {"increment": impl.exports.increment}},
        resources=resources,
    )
    assert main.exports.main() == 3
    handle = exchange.add(MemoryBlock(8))
    assert impl.exports.minimum(handle) == 8 + 2 * PAGE
    lonely = WebAssembly.Instance(WebAssembly.Module(wat2wasm(IMPL), options)).exports
    with pytest.raises(WebAssembly.RuntimeError, match="no memory block"):
        lonely.minimum(handle)
    lonely.storage(1000, 8 * PAGE, 16)
    lonely.attach(lonely.new(8), WRITE, 16)
    assert lonely.load8(16) == 0
    with pytest.raises(TypeError, match="must be an Exchange"):
        WebAssembly.Instance(
            WebAssembly.Module(wat2wasm(IMPL), options), resources={MODULE: bytearray(8)}
        )


def test_blocks_can_be_attached_in_the_start_function() -> None:
    text = f"""(module
      (import "{MODULE}" "[constructor]memory-block" (func $new (param i32) (result i32)))
      (import "{MODULE}" "[static]memory-block.add-storage" (func $storage (param i32 i32 i32)))
      (import "{MODULE}" "[method]memory-block.attach" (func $attach (param i32 i32 i32)))
      (memory (export "memory") 4)
      (func $start
        (call $storage (i32.const 65536) (i32.const 131072) (i32.const 16))
        (call $attach (call $new (i32.const 8)) (i32.const 0) (i32.const 16)))
      (start $start)
      (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "store") (param i32) (i32.store (local.get 0) (i32.const 1))))"""
    module = WebAssembly.Module(wat2wasm(text), {"builtins": ["shm-exchange"]})
    guest = WebAssembly.Instance(module).exports
    assert (guest.load(16) & 0xFF, guest.load(20), guest.load(24)) == (0, 65536, 8)
    with pytest.raises(WebAssembly.RuntimeError, match="read-only"):
        guest.store(65536)

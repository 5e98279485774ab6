"""UC-25: objects that are written while they are made, read by many, and freed with their last reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from fuzz.compare import differences
from fuzz.engines.base import ChildEngine
from fuzz.engines.harness import Run
from fuzz.engines.javascript import bun, node
from fuzz.program import Call, Import, Program, f64, i32, i64
from pyjsapi import WebAssembly, Worker
from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.features import Features
from pyjsapi.tools import ToolError, owoa, owoa_memory
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

OBJECTS = PAGES = 64
MEMORY = owoa_memory(objects=OBJECTS, pages=PAGES)
MODULE = owoa(seed=25, objects=OBJECTS, pages=PAGES)
SOON = 120.0
TRAP = pytest.raises(WebAssembly.RuntimeError, match="unreachable")


def instance(memory: Any, module: bytes = MODULE) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(module), {"owoa": {"memory": memory}}).exports


@pytest.fixture
def memory() -> Any:
    return WebAssembly.Memory(MEMORY)


def node_of(store: Any, value: int, following: int) -> int:
    """A list's first node: a value, and the handle of the rest."""
    handle: int = store.alloc(16)
    store.store64(handle, 0, value)
    store.store64(handle, 8, following)
    store.freeze(handle)
    return handle


def values(store: Any, handle: int) -> Iterator[int]:
    while handle:
        yield store.load64(handle, 0)
        handle = store.load64(handle, 8)


def drop(store: Any, handle: int) -> None:
    """Release a list: a node that is freed held a reference to the next."""
    while handle:
        following = store.load64(handle, 8)
        if store.release(handle):
            break
        handle = following


def read_list(scope: Any) -> None:
    module, memory, handle = scope.receive()
    store = WebAssembly.Instance(module, {"owoa": {"memory": memory}}).exports
    found = list(values(store, handle))
    drop(store, handle)
    scope.postMessage([found, store.live()])


@pytest.mark.parametrize("may_block", [True, False])
def test_uc_25_a_list_is_built_in_one_thread_and_read_in_two_others(
    memory: Any, may_block: bool
) -> None:
    module = WebAssembly.Module(owoa(seed=1, may_block=may_block, objects=OBJECTS, pages=PAGES))
    store = WebAssembly.Instance(module, {"owoa": {"memory": memory}}).exports
    head = 0
    for value in range(40):
        head = node_of(store, value, head)
    used = store.used()
    readers = [Worker(read_list) for _ in range(2)]
    for reader in readers:
        # A reference for each who is told.
        store.retain(head)
        reader.postMessage([module, memory, head])
    for reader in readers:
        found, live = reader.receive(SOON)
        assert found == list(range(39, -1, -1))
        assert live == 40
        assert reader.join(SOON)
    assert list(values(store, head)) == list(range(39, -1, -1))
    # Nothing was copied.
    assert store.used() == used
    drop(store, head)
    assert store.live() == 0
    with TRAP:
        store.load64(head, 0)
    # The bytes are used again.
    for value in range(40):
        node_of(store, value, 0)
    assert store.used() == used


def churn(scope: Any) -> None:
    module, memory, seed = scope.receive()
    store = WebAssembly.Instance(module, {"owoa": {"memory": memory}}).exports
    random = Random(seed)
    held: dict[int, int] = {}
    wrong = 0
    for step in range(400):
        if held and random.random() < 0.5:
            handle, value = held.popitem()
            wrong += store.load32(handle, 4) != value
            wrong += store.release(handle) != 0
        else:
            handle = store.alloc(random.choice([8, 20, 100]))
            if handle:
                store.store32(handle, 4, seed * 1000 + step)
                store.freeze(handle)
                held[handle] = seed * 1000 + step
    for handle in held:
        store.release(handle)
    scope.postMessage(wrong)


def test_uc_25_threads_allocate_and_release_at_the_same_time(
    memory: Any, busy_switching: None
) -> None:
    module = WebAssembly.Module(MODULE)
    workers = [Worker(churn) for _ in range(3)]
    for seed, worker in enumerate(workers):
        worker.postMessage([module, memory, seed])
    assert [worker.receive(SOON) for worker in workers] == [0, 0, 0]
    assert all(worker.join(SOON) for worker in workers)
    store = instance(memory)
    assert store.live() == 0
    assert store.used() <= 64 * 256


def test_uc_25_only_the_maker_writes_and_only_before_the_freeze(memory: Any) -> None:
    maker, other = instance(memory), instance(memory)
    handle = maker.alloc(10)
    maker.store8(handle, 9, 0x7F)
    refused: list[Callable[[], Any]] = [
        lambda: other.store8(handle, 0, 1),
        lambda: other.freeze(handle),
        lambda: other.release(handle),
        lambda: maker.load8_u(handle, 9),
        lambda: other.load8_u(handle, 9),
    ]
    for use in refused:
        with TRAP:
            use()
    maker.freeze(handle)
    refused = [
        lambda: maker.store8(handle, 0, 1),
        lambda: other.store8(handle, 0, 1),
        lambda: maker.freeze(handle),
    ]
    for use in refused:
        with TRAP:
            use()
    assert [store.load8_u(handle, 9) for store in (maker, other)] == [0x7F, 0x7F]
    assert other.length(handle) == 10


def test_uc_25_loads_and_stores_are_within_the_object(memory: Any) -> None:
    store = instance(memory)
    handle = store.alloc(10)
    store.store64(handle, 2, -2)
    store.storef32(handle, 0, 0.5)
    for offset in (3, 10, 11, -1, -8, 1 << 30):
        with TRAP:
            store.store64(handle, offset, 0)
    store.freeze(handle)
    assert store.loadf32(handle, 0) == 0.5
    assert (store.load16_s(handle, 8), store.load16_u(handle, 8), store.load8_s(handle, 9)) == (
        -1,
        65535,
        -1,
    )
    for offset in (7, 10, -1, -4):
        with TRAP:
            store.load32(handle, offset)
    empty = store.alloc(0)
    store.freeze(empty)
    assert store.length(empty) == 0
    with TRAP:
        store.load8_u(empty, 0)


def test_uc_25_forged_and_old_handles_trap(memory: Any) -> None:
    store = instance(memory)
    handle = store.alloc(8)
    store.freeze(handle)
    forged = [
        0,
        1,
        -1,
        handle + 1,
        handle ^ 1 << 32,
        handle & 0xFFFF_FFFF,
        (handle & ~0xFFFF_FFFF) | 64,
        1 << 40,
    ]
    for wrong in forged:
        with TRAP:
            store.load8_u(wrong, 0)
        for use in (store.length, store.retain, store.release):
            with TRAP:
                use(wrong)
    # A trap leaves the store as it was, and its lock free.
    assert (store.live(), store.release(handle)) == (1, 0)
    again = store.alloc(8)
    assert again & 0xFFFF_FFFF == handle & 0xFFFF_FFFF
    assert again != handle
    with TRAP:
        store.length(handle)


def test_uc_25_freed_bytes_come_back_zeroed_and_references_count(memory: Any) -> None:
    store = instance(memory)
    handle = store.alloc(100)
    store.store64(handle, 88, -1)
    store.freeze(handle)
    store.retain(handle)
    assert (store.release(handle), store.load64(handle, 88), store.release(handle)) == (1, -1, 0)
    used = store.used()
    again = store.alloc(128)
    store.freeze(again)
    assert (store.load64(again, 88), store.used()) == (0, used)


def test_uc_25_a_store_that_is_full_gives_no_handle(memory: Any) -> None:
    store = instance(memory)
    handles = [store.alloc(1) for _ in range(64)]
    assert 0 not in handles
    assert len(set(handles)) == 64
    assert store.alloc(1) == 0
    assert store.release(handles[5]) == 0
    # Of the memory's 64 pages some are taken.
    assert store.alloc(1 << 23) == 0
    assert store.alloc((1 << 30) + 1) == 0
    assert store.alloc(-1) == 0
    assert store.alloc(1 << 21) != 0
    assert store.alloc(1) == 0
    assert store.live() == 64


def test_uc_25_handles_of_stores_differ() -> None:
    first, second = (instance(WebAssembly.Memory(owoa_memory()), owoa()).alloc(1) for _ in range(2))
    assert first != second


@pytest.mark.parametrize("start", [node, bun])
def test_uc_25_javascript_engines_agree(start: Callable[[], ChildEngine | None]) -> None:
    engine = start()
    if engine is None:
        pytest.skip("the engine is not installed in fuzz/")
    validate_module(decode_module(MODULE), Features(), Limits())
    store = instance(WebAssembly.Memory(MEMORY))
    random = Random(4)
    handles = [0]
    calls = []
    for _ in range(300):
        handle, offset = i64(random.choice(handles)), i32(random.choice([0, 4, 8, 15]))
        call = random.choice([
            Call("alloc", (i32(random.choice([0, 8, 16, 40, 5000])),)), Call("freeze", (handle,)),
            Call("store32", (handle, offset, i32(random.getrandbits(31)))), Call("load32", (handle, offset)),
            Call("storef64", (handle, offset, f64(0.5))), Call("load64", (handle, offset)),
            Call("retain", (handle,)), Call("release", (handle,)), Call("length", (handle,)), Call("used"),
        ])  # fmt: skip
        calls.append(call)
        try:
            arguments = [0.5 if type_ == "f64" else int(text) for type_, text in call.arguments]
            result = store[call.name](*arguments)
        except WebAssembly.RuntimeError:
            continue
        if call.name == "alloc":
            handles.append(result)
    type_ = {"initial": MEMORY["initial"], "maximum": 64, "shared": True}
    program = Program(MODULE, tuple(calls), (Import("owoa", "memory", "memory", type_),))
    try:
        (seen,) = engine.run([program])
    finally:
        engine.close()
    right = Run(program.json(), WebAssembly.Module).observe()
    assert sum(outcome[0] == "returns" for outcome in right["calls"]) > 100
    assert list(differences(program, right, seen, strict=False)) == []


def test_uc_25_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(ToolError, match="1 to 16777216 objects, not 0"):
        owoa(objects=0)
    with pytest.raises(ToolError, match=r"65536 objects take 33 pages and more.*not 32"):
        owoa(objects=65536, pages=32)
    with pytest.raises(ToolError, match="65536 at most, not 65537"):
        owoa(pages=65537)

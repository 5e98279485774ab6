"""Stores: what they free, and how much may be in one (EN-35)."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

from pyjsapi import WebAssembly, engines, wat2wasm
from pyjsapi.engines.wasmtime import reservations, store

WITH_MEMORY = wat2wasm("""(module (memory (export "m") 1 2) (table 4 funcref)
  (func (export "f") (result i32) (memory.grow (i32.const 1))))""")
EMPTY = wat2wasm('(module (func (export "f") (result i32) (i32.const 7)))')


def _without_others(work: Callable[[], None]) -> None:
    """Do it in a thread, which has a store of its own."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with engines.using("wasmtime"):
                work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def test_en_35_nothing_is_left_of_instances_that_nobody_has() -> None:
    def work() -> None:
        module = WebAssembly.Module(WITH_MEMORY)
        gc.collect()
        before = len(store._stores), len(reservations._mappings)
        for _ in range(40):
            exports = WebAssembly.Instance(module).exports
            assert exports.f() == 1
            del exports
            gc.collect()
            assert (len(store._stores), len(reservations._mappings)) == before

    _without_others(work)


def test_en_35_a_store_has_more_instances_than_the_library_allows_by_itself() -> None:
    module = WebAssembly.Module(EMPTY)
    first = WebAssembly.Instance(module).exports
    for _ in range(10_050):
        last = WebAssembly.Instance(module)
    assert first.f() == last.exports.f() == 7

"""The minimal example of the proof of concept of option 5, as core modules: ``main`` lends a block to ``impl``."""

from __future__ import annotations

from functools import cache
from typing import Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sharing.exchange import MODULE, Exchange, Guest
from tests.sharing.heap_modules import ROOMY

_IMPORTS = f"""
  (import "{MODULE}" "[constructor]memory-block" (func $new (param i32) (result i32)))
  (import "{MODULE}" "[method]memory-block.minimum-size" (func $minimum (param i32) (result i32)))
  (import "{MODULE}" "[static]memory-block.optimum-size" (func $optimum (param i32 i32) (result i32)))
  (import "{MODULE}" "[static]memory-block.add-storage" (func $storage (param i32 i32 i32)))
  (import "{MODULE}" "[method]memory-block.attach" (func $attach (param i32 i32 i32)))
  (import "{MODULE}" "[method]memory-block.detach" (func $detach (param i32 i32)))
  (import "{MODULE}" "[method]memory-block.clone" (func $clone (param i32) (result i32)))
  (import "{MODULE}" "[method]memory-block.create-partition" (func $partition (param i32 i32 i32 i32) (result i32)))
  (import "{MODULE}" "[static]memory-block.create-local" (func $local (param i32 i32) (result i32)))
  (import "{MODULE}" "[resource-drop]memory-block" (func $drop (param i32)))
"""

PAGES = max(2, ROOMY)
"""Of the memories: results are written to address 16, storage is from address 1000 on."""

_COMMON = f"""
  (memory (export "memory") {PAGES})
  (export "new" (func $new)) (export "minimum" (func $minimum)) (export "optimum" (func $optimum))
  (export "storage" (func $storage)) (export "attach" (func $attach)) (export "detach" (func $detach))
  (export "clone" (func $clone)) (export "partition" (func $partition)) (export "local" (func $local))
  (export "drop" (func $drop))
  (func (export "load8") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "load32") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store8") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
"""

IMPL = f"""(module {_IMPORTS} {_COMMON}
  (func (export "increment") (param $block i32) (param $where i32)
    (local $place i32)
    (if (i32.eqz (i32.load8_u (i32.const 8)))  ;; the first time
      (then
        (i32.store8 (i32.const 8) (i32.const 1))
        (call $storage (i32.const 1000) (call $minimum (local.get $block)) (i32.const 16))
        (if (i32.load8_u (i32.const 16)) (then unreachable))))
    (call $attach (local.get $block) (i32.const 1) (i32.const 16))
    (if (i32.load8_u (i32.const 16)) (then unreachable))
    (if (i32.ge_u (local.get $where) (i32.load (i32.const 24))) (then unreachable))
    (local.set $place (i32.add (i32.load (i32.const 20)) (local.get $where)))
    (i32.store8 (local.get $place) (i32.add (i32.load8_u (local.get $place)) (i32.const 1)))
    (call $detach (local.get $block) (i32.const 0))))"""

MAIN = f"""(module {_IMPORTS}
  (import "test:shm/image" "increment" (func $increment (param i32 i32)))
  {_COMMON}
  (func (export "main") (result i32)
    (local $block i32) (local $value i32)
    (call $storage (i32.const 1000) (call $optimum (i32.const 1) (i32.const 1024)) (i32.const 16))
    (if (i32.load8_u (i32.const 16)) (then unreachable))
    (local.set $block (call $new (i32.const 1024)))
    (call $increment (local.get $block) (i32.const 512))
    (call $increment (local.get $block) (i32.const 512))
    (call $increment (local.get $block) (i32.const 512))
    (call $attach (local.get $block) (i32.const 0) (i32.const 16))
    (if (i32.load8_u (i32.const 16)) (then unreachable))
    (local.set $value (i32.load8_u (i32.add (i32.load (i32.const 20)) (i32.const 512))))
    (call $detach (local.get $block) (i32.const 0))
    (call $drop (local.get $block))
    (local.get $value)))"""


@cache
def _module(text: str) -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(text))


def impl(exchange: Exchange) -> tuple[Guest, Any]:
    """A guest of the exchange, and its exports: every function of the interface, and ``increment``."""
    guest = exchange.guest()
    instance = WebAssembly.Instance(_module(IMPL), guest.imports())
    guest.memory = instance.exports.memory
    return guest, instance.exports


def main(exchange: Exchange, increment: Any) -> tuple[Guest, Any]:
    """The same with ``main``, which calls the ``increment`` of another."""
    guest = exchange.guest()
    imports = {**guest.imports(), "test:shm/image": {"increment": increment}}
    instance = WebAssembly.Instance(_module(MAIN), imports)
    guest.memory = instance.exports.memory
    return guest, instance.exports

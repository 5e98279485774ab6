"""Structures and arrays inside Pyodide: chains of them are freed without a deep recursion of CPython."""

from __future__ import annotations

import gc
from typing import Any

from pyjsapi import WebAssembly
from pyjsapi.text import wat2wasm

CHAINS = """
(module
  (type $node (struct (field $next (mut (ref null $node)))))
  (type $array (array (mut (ref null $array))))
  (type $holder (struct (field anyref)))
  (func (export "structures") (param i32) (local $n (ref null $node))
    (loop $l
      (local.set $n (struct.new $node (local.get $n)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "arrays") (param i32) (local $n (ref null $array))
    (loop $l
      (local.set $n (array.new $array (local.get $n) (i32.const 2)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "mixed") (param i32) (local $n anyref)
    (loop $l
      (local.set $n (struct.new $holder (struct.new $holder (local.get $n))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "rings") (param i32) (local $first (ref null $node)) (local $n (ref null $node))
    (local.set $first (struct.new_default $node))
    (local.set $n (local.get $first))
    (loop $l
      (local.set $n (struct.new $node (local.get $n)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (struct.set $node $next (local.get $first) (local.get $n)))
  (func (export "last") (param i32) (result i32) (local $n (ref null $node))
    (loop $l
      (local.set $n (struct.new $node (local.get $n)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (ref.is_null (struct.get $node $next (local.get $n)))))
"""
NODES = 50_000


def _exports() -> Any:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(CHAINS))).exports


def case_long_chains_are_freed() -> None:
    exports = _exports()
    for kind in ("structures", "arrays", "mixed"):
        exports[kind](NODES)
    assert exports.last(1) == 1
    assert exports.last(NODES) == 0


def case_long_rings_are_collected() -> None:
    exports = _exports()
    exports.rings(NODES)
    gc.collect()
    assert exports.last(2) == 0

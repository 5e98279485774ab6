"""Snapshots beside what else belongs to an instance: WASI, fuel."""

from __future__ import annotations

import io

import pytest

from pyjsapi import Limits, WebAssembly, engines, wat2wasm
from pyjsapi.snapshots import Snapshot, snapshot
from pyjsapi.wasi import WASI

PROGRAM = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 32) "warm\\0a")
  (func (export "_initialize") (i32.store (i32.const 0) (i32.const 32)) (i32.store (i32.const 4) (i32.const 5)))
  (func (export "say") (result i32) (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))"""


def test_a_program_of_wasi_goes_on_with_another_wasi() -> None:
    module = WebAssembly.Module(wat2wasm(PROGRAM))
    outputs = [io.BytesIO() for _ in range(3)]
    with WASI(version="preview1", stdout=outputs[0]) as wasi:
        first = WebAssembly.Instance(module, wasi.getImportObject())
        wasi.initialize(first)
        taken = Snapshot.from_bytes(snapshot(first).to_bytes())
        assert first.exports.say() == 0
    for output in outputs[1:]:
        with WASI(version="preview1", stdout=output) as wasi:
            again = taken.instantiate(module, wasi.getImportObject())
            wasi.finalizeBindings(again)
            assert again.exports.say() == 0
    assert [output.getvalue() for output in outputs] == [b"warm\n"] * 3


def test_an_instance_that_goes_on_has_the_fuel_of_its_module() -> None:
    data = wat2wasm(
        """(module (global $n (mut i32) (i32.const 0))
        (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"""
    )
    module = WebAssembly.Module(data, limits=Limits(fuel=1000))
    first = WebAssembly.Instance(module)
    first.exports.next()
    again = snapshot(first).instantiate(module)
    assert again.fuel_left == 1000
    assert again.exports.next() == 2
    assert again.fuel_used == first.fuel_used
    plain = snapshot(first).instantiate(WebAssembly.Module(data))
    assert plain.fuel_left is None
    assert plain.exports.next() == 2


def test_of_several_engines_the_one_that_resumes_snapshots_is_taken() -> None:
    if engines.available()["wasmtime"] is not None:
        pytest.skip("needs wasmtime")
    data = wat2wasm(
        '(module (memory 1) (global $g (mut i32) (i32.const 1)) (func (export "f") (result i32)'
        " (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))"
    )
    made = WebAssembly.Instance(WebAssembly.Module(data, engine="python"))
    assert made.exports.f() == 2
    taken = snapshot(made)
    with engines.using(("wasmtime", "python")):
        module = taken.module()
        assert module.engine == "python"
        assert taken.instantiate(module).exports.f() == 3
    with engines.using("wasmtime"), pytest.raises(WebAssembly.LinkError, match="engine='python'"):
        taken.instantiate(taken.module())

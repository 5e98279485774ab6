"""Budgets of host calls in the JS API: `Limits.max_host_calls`, `OutOfHostCalls`, and what an instance says of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pyjsapi import Limits, RangeError, WebAssembly, structuredClone, wat2wasm
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import Options
from pyjsapi.ecmascript import null
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import OutOfHostCalls
from pyjsapi.syntax.types import FuncType
from pyjsapi.wasi import WASI
from tests.compiler.conftest import MODES

WAYS = wat2wasm("""
  (module
    (type $t (func))
    (import "host" "f" (func $host))
    (import "other" "own" (func $own))
    (import "other" "table" (table $far 2 funcref))
    (table $near 3 funcref)
    (elem (table $near) (i32.const 0) func $host $inside)
    (elem declare func $host)
    (func $inside)
    (func (export "direct") (call $host))
    (func (export "indirect") (call_indirect $near (type $t) (i32.const 0)))
    (func (export "set") (table.set $near (i32.const 2) (ref.func $host)))
    (func (export "indirect_set") (call_indirect $near (type $t) (i32.const 2)))
    (func (export "far") (call_indirect $far (type $t) (i32.const 0)))
    (func (export "ref") (call_ref $t (ref.func $host)))
    (func (export "given") (param (ref null $t)) (call_ref $t (local.get 0)))
    (func (export "tail") (return_call $host))
    (func (export "tail_indirect") (return_call_indirect $near (type $t) (i32.const 0)))
    (func (export "tail_ref") (return_call_ref $t (ref.func $host)))
    (func (export "catches") (block (try_table (catch_all 0) (call $host) (call $host))))
    (func (export "loop") (param i32)
      (loop (call $host) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "own") (call $own))
    (func (export "inside")
      (call $inside) (call_indirect $near (type $t) (i32.const 1)) (call_ref $t (ref.func $inside))
      (return_call $inside))
    (export "host" (func $host))
    (elem declare func $inside))
""")
OTHER = wat2wasm("""
  (module
    (import "host" "f" (func $host))
    (table (export "table") 2 funcref)
    (elem (i32.const 0) func $host)
    (func (export "own") (call $host))
    (export "host" (func $host)))
""")


def _instances(
    limits: Any, host: Any = lambda: None
) -> tuple[WebAssembly.Instance, WebAssembly.Instance]:
    """One that has the limits, and another one that it calls."""
    imports = {"host": {"f": host}}
    other = WebAssembly.Instance(WebAssembly.Module(OTHER), imports)
    module = WebAssembly.Module(WAYS, limits=limits)
    return WebAssembly.Instance(module, {**imports, "other": other.exports}), other


@pytest.mark.parametrize(
    "name", ["direct", "indirect", "far", "ref", "tail", "tail_indirect", "tail_ref"]
)
def test_every_way_to_call_a_host_function_counts(name: str) -> None:
    called: list[int] = []
    instance, _ = _instances({"max_host_calls": 2}, lambda: called.append(1))
    for used in (1, 2):
        instance.exports[name]()
        assert (instance.host_calls_used, instance.host_calls_left) == (used, 2 - used)
    with pytest.raises(WebAssembly.OutOfHostCalls, match="out of host calls") as raised:
        instance.exports[name]()
    assert isinstance(raised.value, WebAssembly.RuntimeError)
    assert raised.value.wasm_frames or name.startswith("tail")
    assert (instance.host_calls_used, instance.host_calls_left) == (2, 0)
    assert len(called) == 2
    instance.add_host_calls(1)
    instance.exports[name]()
    assert (instance.host_calls_used, instance.host_calls_left, len(called)) == (3, 0, 3)


def test_functions_that_come_later_count_too() -> None:
    instance, other = _instances({"max_host_calls": 10})
    exports = instance.exports
    with pytest.raises(WebAssembly.RuntimeError, match="uninitialized element 2"):
        exports.indirect_set()
    exports.set()
    exports.indirect_set()
    assert instance.host_calls_used == 1
    exports.given(other.exports.host)
    assert instance.host_calls_used == 2
    exports.far()
    other.exports.table.set(0, other.exports.own)
    exports.far()  # calls code of the other, which has no limit
    other.exports.table.set(0, exports.host)
    exports.far()
    assert instance.host_calls_used == 4
    other.exports.table.grow(1, exports.host)
    with pytest.raises(WebAssembly.RuntimeError, match="null function reference"):
        exports.given(null)
    assert instance.host_calls_used == 4


def test_what_others_call_and_what_is_no_host_function_does_not_count() -> None:
    instance, other = _instances({"max_host_calls": 0})
    instance.exports.inside()
    instance.exports.own()
    other.exports.own()
    instance.exports.host()
    assert (instance.host_calls_used, instance.host_calls_left) == (0, 0)


def test_wasm_cannot_catch_it() -> None:
    instance, _ = _instances(Limits(max_host_calls=1))
    with pytest.raises(WebAssembly.OutOfHostCalls):
        instance.exports.catches()


def test_instances_count_alone() -> None:
    module = WebAssembly.Module(WAYS, limits={"max_host_calls": 5})
    other = WebAssembly.Instance(WebAssembly.Module(OTHER), {"host": {"f": lambda: None}})
    first, second = (
        WebAssembly.Instance(module, {"host": {"f": lambda: None}, "other": other.exports})
        for _ in range(2)
    )
    with pytest.raises(WebAssembly.OutOfHostCalls):
        first.exports.loop(6)
    second.exports.loop(4)
    second.exports.far()
    assert (first.host_calls_left, second.host_calls_left) == (0, 0)


def test_host_functions_see_what_is_left_and_can_add_to_it() -> None:
    seen: list[int | None] = []

    def host() -> None:
        seen.append(instance.host_calls_left)
        if len(seen) == 2:
            instance.add_host_calls(1)
            instance.exports.tail()

    instance, _ = _instances({"max_host_calls": 2}, host)
    with pytest.raises(WebAssembly.OutOfHostCalls):
        instance.exports.loop(3)
    assert seen == [1, 0, 0]


def test_a_host_function_cannot_go_on_for_its_module() -> None:
    def host() -> None:
        instance.exports.direct()

    instance, _ = _instances({"max_host_calls": 3}, host)
    with pytest.raises(WebAssembly.OutOfHostCalls):
        instance.exports.catches()
    assert instance.host_calls_used == 3


def test_calls_of_several_threads_are_all_counted() -> None:
    instance, _ = _instances({"max_host_calls": 10_000})
    instance.exports.direct()
    threads = [threading.Thread(target=instance.exports.loop, args=(1000,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (instance.host_calls_used, instance.host_calls_left) == (4001, 5999)


def test_a_start_function_of_the_host_counts() -> None:
    called: list[int] = []
    data = wat2wasm('(module (import "host" "f" (func $f)) (start $f))')
    imports = {"host": {"f": lambda: called.append(1)}}
    made = WebAssembly.Instance(WebAssembly.Module(data, limits={"max_host_calls": 1}), imports)
    assert (made.host_calls_used, called) == (1, [1])
    with pytest.raises(WebAssembly.OutOfHostCalls):
        WebAssembly.Instance(WebAssembly.Module(data, limits={"max_host_calls": 0}), imports)
    assert called == [1]


def test_functions_of_wasi_and_builtins_count() -> None:
    data = wat2wasm("""
      (module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
        (memory (export "memory") 1)
        (func (export "_initialize"))
        (func (export "f") (param externref) (result i32) (drop (call $yield)) (call $length (local.get 0))))
    """)
    limits = Limits(max_host_calls=3)
    module = WebAssembly.Module(data, builtins=["js-string"], limits=limits)
    with WASI(version="preview1") as wasi:
        instance = WebAssembly.Instance(module, wasi.getImportObject())
        wasi.initialize(instance)
        assert instance.exports.f("four") == 4
        assert instance.host_calls_left == 1
        with pytest.raises(WebAssembly.OutOfHostCalls):
            instance.exports.f("four")


@pytest.mark.parametrize("mode", MODES)
def test_all_modes_count_the_same(mode: str) -> None:
    said: list[int] = []
    host = FuncInst(func_def_type(FuncType((), ())), lambda: said.append(1), host=said.append)
    other = instantiate(compile_module(OTHER, cache=CodeCache()), [host])
    settings = Settings(limits=Limits(max_host_calls=9))
    compiled = compile_module(WAYS, settings, options=MODES[mode], cache=CodeCache())
    instance = instantiate(compiled, [host, other.exports["own"], other.exports["table"]])
    names = ["direct", "indirect", "far", "ref", "tail", "tail_indirect", "tail_ref"]
    for name in names:
        invoke(_func(instance.exports[name]), ())
    assert instance.host_calls is not None
    assert (instance.host_calls.used, len(said)) == (7, 7)
    with pytest.raises(OutOfHostCalls):
        invoke(_func(instance.exports["loop"]), (3,))
    assert len(said) == 9


def _func(value: object) -> FuncInst:
    assert isinstance(value, FuncInst)
    return value


def test_code_without_the_limit_is_as_ever_and_amounts_do_not_matter() -> None:
    plain = compile_module(WAYS, cache=CodeCache())
    compiled = [
        compile_module(WAYS, Settings(limits=Limits(max_host_calls=calls)), cache=CodeCache())
        for calls in (1, 2)
    ]
    keys = {each.default_variant.assumptions.key for each in compiled}
    assert keys == {"#"}
    assert plain.default_variant.assumptions.key == ""
    differ = {
        index
        for index in range(2, len(plain.context.funcs))
        if plain.source(index) != compiled[0].source(index)
    }
    with_references = [
        export.index
        for export in plain.module.exports
        if export.name in ("ref", "given", "tail_ref", "inside")
    ]
    assert differ == set(with_references)
    assert "callee" not in "".join(plain.source(index) for index in with_references)


def test_functions_that_count_are_proved_without() -> None:
    settings = Settings(limits=Limits(max_host_calls=1))
    host = FuncInst(func_def_type(FuncType((), ())), lambda: None, host=print)
    other = instantiate(compile_module(OTHER, cache=CodeCache()), [host])
    compiled = compile_module(WAYS, settings, options=Options(proof=True), cache=CodeCache())
    instance = instantiate(compiled, [host, other.exports["own"], other.exports["table"]])
    invoke(_func(instance.exports["ref"]), ())
    with pytest.raises(OutOfHostCalls):
        invoke(_func(instance.exports["ref"]), ())


def test_without_a_limit_nothing_is_counted() -> None:
    instance, _ = _instances(None)
    instance.exports.direct()
    assert (instance.host_calls_left, instance.host_calls_used) == (None, None)
    with pytest.raises(TypeError, match=r"compiled without Limits\.max_host_calls"):
        instance.add_host_calls(1)


def test_what_is_no_number_of_calls() -> None:
    instance, _ = _instances({"max_host_calls": 0})
    for value in (1.5, "1", None, True):
        with pytest.raises(TypeError, match=r"add_host_calls\(\): calls must be an int"):
            instance.add_host_calls(value)  # type: ignore[arg-type]
    with pytest.raises(RangeError, match=r"add_host_calls\(\): calls must not be negative"):
        instance.add_host_calls(-1)
    with pytest.raises(ValueError, match=r"Limits\.max_host_calls must not be negative, it is -1"):
        Limits(max_host_calls=-1)
    with pytest.raises(TypeError, match=r"Limits\.max_host_calls must be an int"):
        Limits(max_host_calls=1.0)  # type: ignore[arg-type]


def test_the_error_can_be_sent() -> None:
    copy = structuredClone(WebAssembly.OutOfHostCalls("out of host calls"))
    assert type(copy) is WebAssembly.OutOfHostCalls

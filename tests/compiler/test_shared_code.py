"""Modules of the same bytes in one process share what was decoded, validated and translated."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import WebAssembly
from pyjsapi.compiler.cache import VARIABLE, CodeCache
from pyjsapi.compiler.function import compile_function
from pyjsapi.compiler.options import Options
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines import python as engine
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.syntax.features import Features
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits

TEXT = """(module (memory (export "m") 1) (global $g (mut i32) (i32.const 0))
  (func (export "count") (result i32)
    (global.set $g (i32.add (global.get $g) (i32.const 1)))
    (i32.store (i32.const 0) (global.get $g))
    (global.get $g))
  (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (i32.const {factor}))))"""


@pytest.fixture(autouse=True)
def no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")


def binary(factor: int) -> bytes:
    return wat2wasm(TEXT.format(factor=factor))


def count_translations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    from pyjsapi.compiler import function

    translated: list[int] = []
    translate = compile_function

    def counting(scope: Any, index: int, code: Any) -> Any:
        translated.append(index)
        return translate(scope, index, code)

    monkeypatch.setattr(function, "compile_function", counting)
    return translated


def test_the_second_module_translates_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    translated = count_translations(monkeypatch)
    first = WebAssembly.Module(binary(3))
    assert WebAssembly.Instance(first).exports.f(5) == 15
    second = WebAssembly.Module(bytearray(binary(3)))
    assert WebAssembly.Instance(second).exports.f(6) == 18
    assert translated == [1]
    assert second is not first


def test_instances_share_nothing_but_code() -> None:
    modules = [WebAssembly.Module(binary(4)) for _ in range(2)]
    exports = [WebAssembly.Instance(module).exports for module in modules for _ in range(2)]
    assert [one.count() for one in exports] == [1, 1, 1, 1]
    assert exports[0].count() == 2
    assert exports[1].count() == 2
    assert len({id(one.count) for one in exports}) == 4
    assert exports[0].m is not exports[3].m


def test_whatever_decides_about_code_is_compared() -> None:
    data = binary(5)
    first = compile_module(data)
    assert compile_module(bytes(bytearray(data))) is first
    others = [
        compile_module(binary(6)),
        compile_module(data, Settings(Features(tail_call=False))),
        compile_module(data, Settings(limits=Limits(call_depth=99))),
        compile_module(data, options=Options(facts=False)),
        compile_module(data, cache=CodeCache()),
        compile_module(data, cache=CodeCache()),
    ]
    assert len({id(module) for module in [first, *others]}) == 7
    assert compile_module(data, Settings(limits=Limits(call_depth=99))) is others[2]


def test_what_nobody_has_any_more_is_freed() -> None:
    data = binary(7)
    module = compile_module(data)
    module.compile_all()
    gone = weakref.ref(module)
    gc.disable()
    try:
        del module
        kept = gone()
        assert kept is None, gc.get_referrers(kept)
    finally:
        gc.enable()
    module = compile_module(data)
    instance = instantiate(module, ())
    assert invoke(instance.exports["f"], (2,)) == (14,)  # type: ignore[arg-type]
    gone = weakref.ref(module)
    del module
    assert compile_module(data) is gone()  # an instance has it
    del instance
    gc.collect()
    assert gone() is None
    assert not [key for key in engine._modules if engine._modules[key]() is None]


def test_a_module_that_is_not_valid_is_not_remembered() -> None:
    broken = binary(8).replace(b"\x41\x08\x6c", b"\x1a\x01\x6c")
    for _ in range(2):
        with pytest.raises(WebAssembly.CompileError):
            WebAssembly.Module(broken)


def test_another_folder_is_another_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = wat2wasm(f"(module {'(func (drop (i32.const 77777)))' * 1000})")
    found = []
    for name in ("a", "b", "a"):
        monkeypatch.setenv(VARIABLE, str(tmp_path / name))
        found.append(compile_module(data))
    assert found[0] is found[2] is not found[1]


def test_threads_that_compile_the_same_together() -> None:
    data = wat2wasm(f'(module {"(func (drop (i32.const 88888)))" * 50} (func (export "f")))')
    start = threading.Barrier(4)
    found: list[Any] = []

    def work() -> None:
        start.wait()
        module = compile_module(data)
        instance = instantiate(module, ())
        for func in instance.funcs:
            func.call()
        found.append(module)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert compile_module(data) in found

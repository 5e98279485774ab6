"""Builtin sets that are told from above, and whose functions belong to an instance; memories that are overridden."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from pyjsapi import RangeError, Uint8Array, WebAssembly, wat2wasm
from pyjsapi.jsapi import builtin_sets, instantiation
from pyjsapi.jsapi.builtin_sets import Builtin, Builtins
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, FuncType

PAGE = 65536


class Count:
    """What an instance has one of."""

    def __init__(self) -> None:
        self.calls = 0


def _bytes(made: Instantiation, memidx: int) -> int:
    made.own(Count).calls += 1
    return made.memory(memidx).byte_length


def _calls(made: Instantiation) -> int:
    return made.own(Count).calls


def _builtins() -> Builtins:
    return {
        "bytes": Builtin(func_def_type(FuncType((I32,), (I32,))), _bytes, of_instance=True),
        "calls": Builtin(func_def_type(FuncType((), (I32,))), _calls, of_instance=True),
        "plain": Builtin(func_def_type(FuncType((), (I32,))), lambda: 7),
    }


@pytest.fixture(autouse=True)
def _told(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(builtin_sets, "_SETS", dict(builtin_sets._SETS))
    monkeypatch.setattr(instantiation, "_SECTIONS", dict(instantiation._SECTIONS))
    builtin_sets.offer("probe", "test:probe", _builtins)
    builtin_sets.offer("probe", "env", lambda: {"plain": _builtins()["plain"]})
    yield


TEXT = """(module
  (import "test:probe" "bytes" (func $bytes (param i32) (result i32)))
  (import "test:probe" "calls" (func $calls (result i32)))
  (memory 1) (memory (export "second") 2 8)
  (global $seen (export "seen") (mut i32) (i32.const 0))
  (func $start (global.set $seen (call $bytes (i32.const 1))))
  (start $start)
  (export "bytes" (func $bytes)) (export "calls" (func $calls)))"""


def _instance(text: str = TEXT, **members: Any) -> Any:
    module = WebAssembly.Module(wat2wasm(text), builtins=["probe"])
    return WebAssembly.Instance(module, **members)


def test_a_builtin_knows_its_instance_in_the_start_function_already() -> None:
    assert _instance().exports.seen.value == 2 * PAGE


def test_each_instance_has_builtins_of_its_own() -> None:
    one, two = _instance().exports, _instance().exports
    assert (one.bytes(0), one.calls(), two.calls()) == (PAGE, 2, 1)


def test_a_builtin_that_another_module_imports_stays_with_its_instance() -> None:
    text = """(module (import "m" "bytes" (func $b (param i32) (result i32))) (memory 5)
                (func (export "f") (result i32) (call $b (i32.const 0))))"""
    other = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), {"m": _instance().exports})
    assert other.exports.f() == PAGE


def test_a_memory_that_the_instance_has_not_traps() -> None:
    with pytest.raises(WebAssembly.RuntimeError, match="unknown memory 2: the instance has 2"):
        _instance().exports.bytes(2)
    with pytest.raises(Trap):
        Instantiation(WebAssembly.Module(wat2wasm("(module)"))._compiled, "here").memory(0)


def test_a_set_may_be_imported_from_several_modules_and_leaves_the_rest_to_the_imports() -> None:
    text = """(module (import "env" "plain" (func $p (result i32)))
                (import "env" "other" (func $o (result i32)))
                (func (export "f") (result i32) (i32.add (call $p) (call $o))))"""
    module = WebAssembly.Module(wat2wasm(text), builtins=["probe"])
    assert [found["name"] for found in WebAssembly.Module.imports(module)] == ["other"]
    instance = WebAssembly.Instance(module, {"env": {"other": lambda: 30}})
    assert instance.exports.f() == 37


def test_another_type_is_a_compile_error_and_an_unknown_set_is_ignored() -> None:
    data = wat2wasm('(module (import "test:probe" "bytes" (func (param i64) (result i32))))')
    with pytest.raises(WebAssembly.CompileError, match="the builtin must be imported as"):
        WebAssembly.Module(data, builtins=["probe"])
    assert not WebAssembly.validate(data, builtins=["probe"])
    assert WebAssembly.validate(data, builtins=["no-such-set"])


# ---- memory_overrides


def test_cs_1_the_host_makes_a_memory_larger_than_the_module_declares() -> None:
    text = """(module (memory 1) (memory (export "second") 2 50) (data (memory 1) (i32.const 70000) "x")
                (func (export "size") (result i32) (memory.size 0))
                (func (export "grow") (result i32) (memory.grow 1 (i32.const 1))))"""
    instance = _instance(text, memory_overrides={0: {"minimum": 40}, "second": {"minimum": 50}})
    exports = instance.exports
    assert (exports.size(), exports.second.type()["minimum"], exports.grow()) == (40, 50, -1)
    assert bytes(Uint8Array(exports.second.buffer))[70000:70001] == b"x"


def test_overrides_are_keywords_of_instantiate_too() -> None:
    data, members = wat2wasm(TEXT), {"second": {"minimum": 4}}
    result = asyncio.run(
        WebAssembly.instantiate(data, builtins=["probe"], memory_overrides=members)
    )
    assert result.instance.exports.seen.value == 4 * PAGE
    instance = asyncio.run(WebAssembly.instantiate(result.module, memory_overrides=members))
    assert instance.exports.seen.value == 4 * PAGE


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({1: {"minimum": 1}}, RangeError, "1 pages are fewer than the 2 that the module asks for"),
        ({1: {"minimum": 9}}, RangeError, "9 pages are more than the memory's maximum, 8"),
        ({1: {"minimum": "3"}}, TypeError, "'minimum' must be an int, in pages"),
        ({1: {"minimun": 3}}, TypeError, "did you mean 'minimum'"),
        ({1: 3}, TypeError, "must be a mapping"),
        ({2: {}}, TypeError, "no such memory: the module has 2, exported as 'second'"),
        ({"first": {}}, TypeError, "no such memory"),
        ([40], TypeError, "memory_overrides must be a mapping"),
    ],
)
def test_wrong_overrides_say_what_is_wrong(
    given: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        _instance(memory_overrides=given)


def test_an_imported_memory_cannot_be_overridden() -> None:
    module = WebAssembly.Module(wat2wasm('(module (import "m" "mem" (memory 1)))'))
    imports = {"m": {"mem": WebAssembly.Memory(initial=1)}}
    with pytest.raises(TypeError, match="the module imports this memory"):
        WebAssembly.Instance(module, imports, memory_overrides={0: {"minimum": 2}})


def test_resources_are_a_mapping() -> None:
    with pytest.raises(TypeError, match="resources must be a mapping"):
        _instance(resources=[1])


# ---- sections that are read at instantiation


SECTION = """(module (@custom "test.section" "hello") (memory 1) (data (i32.const 1) "y")
               (func (export "f") (result i32) (i32.load (i32.const 0))))"""


def test_a_section_is_read_before_active_segments_and_after() -> None:
    seen: list[Any] = []

    def read(data: bytes, made: Instantiation) -> None:
        seen.append((data, made.resources))
        made.when_made(lambda: made.memory(0).init(0, 0, 3, b"abc"))
        made.when_written(lambda: seen.append(bytes(made.memory(0).data[:3])))

    instantiation.offer_section("test.section", lambda: read)
    instance = _instance(SECTION, resources={"r": 1})
    assert seen == [(b"hello", {"r": 1}), b"ayc"]
    assert instance.exports.f() == int.from_bytes(b"ayc", "little")


def test_a_step_that_fails_ends_the_instantiation() -> None:
    def fail() -> None:
        raise WebAssembly.LinkError("nothing there")

    instantiation.offer_section("test.section", lambda: lambda data, made: made.when_made(fail))
    with pytest.raises(WebAssembly.LinkError, match="nothing there"):
        _instance(SECTION)

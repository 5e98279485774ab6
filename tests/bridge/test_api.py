"""The engine's entry points for JavaScript, called as the link layer calls them."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import wat2wasm
from pyjsapi.bridge.face import api
from pyjsapi.bridge.face.errors import InvalidModule, Kind, OutOfRange, WrongType, error_kind
from pyjsapi.bridge.face.values import MEMORY_KIND, extern_kind
from pyjsapi.bridge.memory.proxies import ProxyMemories
from pyjsapi.runtime import FuncInst, GlobalInst, TableInst
from pyjsapi.syntax.errors import DeadlineExceeded, LinkError, OutOfFuel, OutOfHostCalls, Trap

SETTINGS = api.new_settings({})


def module(
    text: str, builtins: list[str] | None = None, strings: list[str] | None = None
) -> api.Module:
    return api.new_module(SETTINGS, wat2wasm(text), builtins or [], strings or [], "here")


def test_settings_have_names_of_both_languages() -> None:
    settings = api.new_settings(
        {"features": {"multiMemory": False, "gc": False}, "limits": {"max_table_elements": 3}}
    )
    assert (settings.features.multi_memory, settings.features.gc) == (False, False)
    assert settings.limits.max_table_elements == 3
    with pytest.raises(InvalidModule, match=r"here: .*multi"):
        api.new_module(settings, wat2wasm("(module (memory 1) (memory 1))"), [], [], "here")


@pytest.mark.parametrize(
    "given",
    [
        {"features": {"telepathy": True}},
        {"features": {"gc": 1}},
        {"limits": {"memories": True}},
        {"limits": {"memories": 1.5}},
    ],
)
def test_settings_that_do_not_exist_are_refused(given: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(WrongType):
        api.new_settings(given)


def test_limits_of_what_code_does_hold_for_calls_of_javascript() -> None:
    data = wat2wasm(
        """(module (func (export "f") (loop (br 0))) (func (export "g") (result i32) (i32.const 5)))"""
    )
    for limits, error in (({"fuel": 1000}, OutOfFuel), ({"deadline": 0.02}, DeadlineExceeded)):
        limited = api.new_module(api.new_settings({"limits": limits}), data, [], [], "here")
        endless, five = map(api.function_call, api.instantiate(limited, [], "here", 7))  # type: ignore[arg-type]
        assert five() == 5
        with pytest.raises(error) as raised:
            endless()
        assert error_kind(raised.value) % 16 == Kind.RUNTIME_ERROR
    calling = wat2wasm('(module (import "m" "f" (func $f)) (func (export "f") (call $f)))')
    limited = api.new_module(
        api.new_settings({"limits": {"maxHostCalls": 1}}), calling, [], [], "here"
    )
    host = api.host_function(limited, 0, lambda: None, 0, 7)
    (exported,) = api.instantiate(limited, [host], "here", 7)
    call = api.function_call(exported)  # type: ignore[arg-type]
    call()
    with pytest.raises(OutOfHostCalls) as raised:
        call()
    assert error_kind(raised.value) % 16 == Kind.RUNTIME_ERROR
    with pytest.raises(OutOfRange, match=r"Limits\.fuel must not be negative"):
        api.new_settings({"limits": {"fuel": -1}})


def test_a_module_tells_its_imports_exports_and_custom_sections() -> None:
    found = module(
        """(module
          (import "wasm:js-string" "length" (func (param externref) (result i32)))
          (import "texts" "hello" (global (ref extern)))
          (import "m" "g" (global (mut i64)))
          (import "m" "t" (tag (param i32)))
          (import "m" "tab" (table 1 funcref))
          (func (export "f") (param f32)) (memory (export "mem") 1)
          (@custom "own" "bytes"))""",
        ["js-string"],
        ["texts"],
    )
    info = api.module_info(found)
    assert info["imports"] == [
        ["wasm:js-string", "length", "function", "r?extern>i", "builtin"],
        ["texts", "hello", "global", ["r!extern", False], "string"],
        ["m", "g", "global", ["I", True], None],
        ["m", "t", "tag", "i>", None],
        ["m", "tab", "table", None, None],
    ]
    assert info["exports"] == [["f", "function"], ["mem", "memory"]]
    assert info["customs"] == ["own"]
    assert api.custom_section(found, 0) == b"bytes"


@pytest.mark.parametrize(
    ("fields", "closed"),
    [
        ('(import "m" "f" (func (param funcref))) (table (export "t") 1 funcref)', True),
        ('(import "m" "g" (global funcref)) (import "m" "x" (memory 1))', True),
        ('(import "m" "t" (tag (param i64))) (tag (param i32))', True),
        ('(import "m" "t" (table 1 externref))', False),
        ('(import "m" "g" (global (mut funcref)))', False),
        ("(tag (param funcref))", False),
        ("(type (struct))", False),
        ("(type (array i8))", False),
    ],
)
def test_a_module_is_closed_if_only_javascript_gets_its_functions(
    fields: str, closed: bool
) -> None:
    assert api.module_info(module(f"(module {fields})"))["closed"] is closed


def test_builtins_of_other_types_are_refused() -> None:
    text = '(module (import "wasm:js-string" "length" (func)))'
    with pytest.raises(InvalidModule, match=r"here: .*length"):
        module(text, ["js-string"])
    module(text)


def test_builtins_of_the_engine_know_their_instance_and_take_memories_as_references(
    memories: ProxyMemories,
) -> None:
    found = module(
        """(module
          (import "pyjsapi:memory-ref" "of" (func $of (param i32) (result externref)))
          (import "pyjsapi:memory-ref" "size" (func $size (param externref) (result i64)))
          (memory (export "memory") 3)
          (func (export "f") (result i64) (call $size (call $of (i32.const 0)))))""",
        ["memory-ref"],
    )
    assert [each[-1] for each in api.module_info(found)["imports"]] == ["engine", "engine"]
    made = api.instantiation(found, "here")
    of, size = (api.engine_function(made, position, position) for position in range(2))
    memory, func = api.instantiate(found, [of, size], "here", 7, made)
    assert isinstance(func, FuncInst) and func.call() == 3
    assert of.call(0) is memory
    assert extern_kind(memory) == MEMORY_KIND
    with pytest.raises(TypeError, match="import #0 is no builtin"):
        api.engine_function(api.instantiation(module('(module (import "a" "b" (func)))'), ""), 0, 0)


def test_instances_link_host_functions_and_export_in_order() -> None:
    found = module(
        """(module
          (import "m" "f" (func $f (param i32) (result i32)))
          (func (export "g") (param i32) (result i32) (call $f (local.get 0)))
          (global (export "x") i32 (i32.const 5))
          (export "again" (func $f)))"""
    )
    host = api.host_function(found, 0, lambda x: x + 1, 0, 7)
    imports = api.new_list()
    api.append(imports, host)
    exports = api.instantiate(found, imports, "here", 7)
    function = api.item(exports, 0)
    assert isinstance(function, FuncInst)
    assert api.function_call(function)(4) == 5
    assert api.function_info(function) == "1 i>i 7"
    assert api.function_info(host) == "0 i>i 7"
    assert exports[2] is host
    assert isinstance(exports[1], GlobalInst)
    assert api.global_info(exports[1]) == "const i"


def test_imports_that_do_not_match_are_named() -> None:
    found = module('(module (import "m" "a" (func)) (import "m" "b" (global i32)))')
    host = api.host_function(found, 0, lambda: None, 0, 7)
    with pytest.raises(LinkError) as caught:
        api.instantiate(found, [host, api.new_global("I", 0, 3)], "here", 7)
    assert str(caught.value) == (
        'here: Import #1 "m" "b": imported global does not match the expected type: (global i32) is needed, '
        "(global i64) was given"
    )


def test_functions_of_types_that_javascript_cannot_have_refuse_every_call() -> None:
    def refuse() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        api.refusing(refuse)(1, 2, 3)


def test_globals_hold_canonical_values() -> None:
    global_ = api.new_global("i", 1, 7)
    assert api.global_info(global_) == "var i"
    api.global_set(global_, 9)
    assert api.global_get(global_) == 9


def test_tables_check_their_indices() -> None:
    table = api.new_table_of(SETTINGS, "r?extern", 0, 2, ["3"], "x")
    assert isinstance(table, TableInst)
    assert api.table_info(table) == {"element": "r?extern", "address": "i32", "maximum": "3"}
    api.table_set(table, 1, "y")
    assert [api.table_get(table, i) for i in range(2)] == ["x", "y"]
    assert api.table_grow(table, 1, "z") == 2
    assert api.table_grow(table, 1, "z") == -1
    assert api.table_size(table) == 3
    with pytest.raises(OutOfRange):
        api.table_get(table, 3)
    with pytest.raises(OutOfRange):
        api.table_set(table, 3, "w")
    with pytest.raises(OutOfRange):
        api.new_table_of(SETTINGS, "F?func", 0, 10_000_001, [], None)
    with pytest.raises(WrongType):
        api.new_table_of(SETTINGS, "i", 0, 1, [], None)


def test_exceptions_carry_values_of_their_tag() -> None:
    tag = api.new_tag(["i", "F?func"])
    assert api.tag_info(tag) == "i,F?func>"
    exception = api.new_exception(tag, [4, None])
    assert api.exception_tag(exception) is tag
    assert [api.exception_argument(exception, i) for i in range(2)] == [4, None]


def test_arrays_of_code_units_are_read_and_written_as_bytes() -> None:
    found = module(
        """(module (type $a (array (mut i16)))
          (func (export "make") (result (ref $a)) (array.new $a (i32.const 0x1234) (i32.const 3))))"""
    )
    make = api.instantiate(found, [], "here", 7)[0]
    assert isinstance(make, FuncInst)
    array = make.call()
    assert api.array_length(array) == 3
    assert api.array_slice(array, 1, 3) == b"\x34\x12" * 2
    api.array_write(array, 2, b"\xff\xff")
    assert array.elems == [0x1234, 0x1234, 0xFFFF]
    for start, end in ((2, 1), (0, 4)):
        with pytest.raises(Trap):
            api.array_slice(array, start, end)
    with pytest.raises(Trap):
        api.array_write(array, 2, b"\0" * 4)
    with pytest.raises(Trap):
        api.array_length(None)

"""``WebAssemblyCompileOptions``: builtin sets and imported string constants (index.bs, "Builtins")."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from pyjsapi import WebAssembly, null
from pyjsapi.text import wat2wasm

ENABLED = {"builtins": ["js-string"]}
LENGTH = wat2wasm(
    """(module (func $length (import "wasm:js-string" "length") (param externref) (result i32))
         (export "length" (func $length)))"""
)
WRONG_TYPE = wat2wasm(
    '(module (import "wasm:js-string" "length" (func (param externref) (result i64))))'
)
CONSTANT = wat2wasm(
    """(module (global $c (import "strings" "h\u00e9llo") externref)
         (global $d (import "strings" "") (ref extern))
         (export "c" (global $c)) (export "d" (global $d))
         (func (export "get") (result externref) (global.get $c)))"""
)


@pytest.mark.parametrize(
    "options",
    [
        {"builtins": ["js-string"]},
        {"builtins": ("js-string", "unknown")},
        {"builtins": iter(["js-string"]), "importedStringConstants": null},
        SimpleNamespace(builtins=["js-string"]),
    ],
)
def test_options_are_a_mapping_or_an_object(options: Any) -> None:
    module = WebAssembly.Module(LENGTH, options)
    assert WebAssembly.Instance(module, {}).exports.length("four") == 4


def test_options_may_be_keywords() -> None:
    module = WebAssembly.Module(LENGTH, builtins=["js-string"])
    assert WebAssembly.Instance(module, {}).exports.length("four") == 4
    module = WebAssembly.Module(CONSTANT, ENABLED, importedStringConstants="strings")
    assert WebAssembly.Instance(module, {}).exports.get() == "héllo"


@pytest.mark.parametrize(
    "options",
    [
        1,
        "js-string",
        True,
        {"builtins": "js-string"},
        {"builtins": 1},
        {"builtins": null},
        {"builtins": {"js-string": True}},
    ],
)
def test_options_of_another_kind_are_a_type_error(options: Any) -> None:
    with pytest.raises(TypeError):
        WebAssembly.Module(LENGTH, options)
    with pytest.raises(TypeError):
        WebAssembly.validate(LENGTH, options)
    with pytest.raises(TypeError):
        asyncio.run(WebAssembly.compile(LENGTH, options))
    with pytest.raises(TypeError):
        asyncio.run(WebAssembly.instantiate(LENGTH, {}, options))


@pytest.mark.parametrize("options", [None, null, {}, {"builtins": []}, {"builtins": ["unknown"]}])
def test_builtins_that_are_not_enabled_are_ordinary_imports(options: Any) -> None:
    module = WebAssembly.Module(WRONG_TYPE, options)
    assert [found["name"] for found in WebAssembly.Module.imports(module)] == ["length"]
    with pytest.raises(TypeError):
        WebAssembly.Instance(module, {})
    WebAssembly.Instance(module, {"wasm:js-string": {"length": len}})


def test_the_name_of_a_builtin_set_has_no_prefix() -> None:
    module = WebAssembly.Module(LENGTH, builtins=["wasm:js-string"])
    with pytest.raises(TypeError):
        WebAssembly.Instance(module, {})


def test_a_builtin_of_another_type_is_a_compile_error() -> None:
    assert WebAssembly.validate(WRONG_TYPE) is True
    assert WebAssembly.validate(WRONG_TYPE, ENABLED) is False
    assert WebAssembly.validate(LENGTH, ENABLED) is True
    with pytest.raises(WebAssembly.CompileError, match='Import #0 "wasm:js-string" "length"'):
        WebAssembly.Module(WRONG_TYPE, ENABLED)
    with pytest.raises(WebAssembly.CompileError):
        asyncio.run(WebAssembly.compile(WRONG_TYPE, ENABLED))
    with pytest.raises(WebAssembly.CompileError):
        asyncio.run(WebAssembly.instantiate(WRONG_TYPE, {}, ENABLED))


@pytest.mark.parametrize(
    "import_",
    [
        '(global (import "wasm:js-string" "length") i32)',
        '(func (import "wasm:js-string" "cast") (param externref) (result externref))',
        '(func (import "wasm:js-string" "test") (param (ref extern)) (result i32))',
        """(type $a (array (mut i8)))
           (func (import "wasm:js-string" "fromCharCodeArray") (param (ref null $a) i32 i32) (result (ref extern)))""",
        '(type $f (sub (func (param externref) (result i32)))) (func (import "wasm:js-string" "test") (type $f))',
    ],
)
def test_types_of_builtins_match_only_themselves(import_: str) -> None:
    # A final type has no subtypes, so even results that are more general do not match.
    assert WebAssembly.validate(wat2wasm(f"(module {import_})"), ENABLED) is False


def test_a_builtin_set_named_twice_is_a_compile_error() -> None:
    for names in (["js-string", "js-string"], ["other", "js-string", "other"]):
        assert WebAssembly.validate(LENGTH, {"builtins": names}) is False
        with pytest.raises(WebAssembly.CompileError, match="twice"):
            WebAssembly.Module(LENGTH, {"builtins": names})


def test_satisfied_imports_are_not_listed() -> None:
    data = wat2wasm(
        """(module (import "wasm:js-string" "length" (func (param externref) (result i32)))
             (import "wasm:js-string" "other" (func)) (import "strings" "a" (global externref))
             (import "env" "f" (func)))"""
    )

    def listed(**options: Any) -> list[tuple[str, str]]:
        found = WebAssembly.Module.imports(WebAssembly.Module(data, options))
        return [(import_["module"], import_["name"]) for import_ in found]

    everything = [
        ("wasm:js-string", "length"),
        ("wasm:js-string", "other"),
        ("strings", "a"),
        ("env", "f"),
    ]
    assert listed() == everything
    assert listed(builtins=["js-string"]) == everything[1:]
    assert listed(importedStringConstants="strings") == everything[:2] + everything[3:]
    both = listed(builtins=["js-string"], importedStringConstants="strings")
    assert both == [everything[1], everything[3]]


def test_what_a_set_lacks_comes_from_the_imports_object() -> None:
    data = wat2wasm(
        """(module (func $l (import "wasm:js-string" "length") (param externref) (result i32))
             (func $o (import "wasm:js-string" "other") (param externref) (result i32))
             (func (export "both") (param externref) (result i32)
               (i32.add (call $l (local.get 0)) (call $o (local.get 0)))))"""
    )
    module = WebAssembly.Module(data, ENABLED)
    polyfill = {"length": lambda _: 1000, "other": lambda _: 10}
    instance = WebAssembly.Instance(module, {"wasm:js-string": polyfill})
    assert instance.exports.both("abc") == 13  # the builtin is not replaced
    with pytest.raises(TypeError):
        WebAssembly.Instance(module, {})
    with pytest.raises(WebAssembly.LinkError):
        WebAssembly.Instance(module, {"wasm:js-string": {}})


def test_the_imports_object_may_be_missing_if_nothing_is_read_from_it() -> None:
    module = WebAssembly.Module(LENGTH, ENABLED)
    assert WebAssembly.Instance(module).exports.length("abc") == 3
    assert asyncio.run(WebAssembly.instantiate(module)).exports.length("abc") == 3
    assert (
        asyncio.run(WebAssembly.instantiate(LENGTH, None, ENABLED)).instance.exports.length("abc")
        == 3
    )
    constant = WebAssembly.Module(CONSTANT, importedStringConstants="strings")
    assert WebAssembly.Instance(constant).exports.get() == "héllo"
    for import_ in ('(func (import "wasm:js-string" "other"))', '(func (import "env" "f"))'):
        with pytest.raises(TypeError, match="imports argument"):
            WebAssembly.Instance(WebAssembly.Module(wat2wasm(f"(module {import_})"), ENABLED))


def test_every_instantiation_has_functions_of_its_own() -> None:
    data = wat2wasm(
        """(module (func $a (import "wasm:js-string" "length") (param externref) (result i32))
             (func $b (import "wasm:js-string" "length") (param externref) (result i32))
             (func $c (import "wasm:js-string" "test") (param externref) (result i32))
             (export "a" (func $a)) (export "b" (func $b)) (export "c" (func $c)))"""
    )
    module = WebAssembly.Module(data, ENABLED)
    one, other = (WebAssembly.Instance(module, {}).exports for _ in range(2))
    assert one.a is one.b
    assert one.a is not one.c
    assert one.a is not other.a
    assert (one.a.name, one.c.name, one.c.length) == ("0", "2", 1)


def test_an_exported_builtin_can_be_imported_elsewhere() -> None:
    length = WebAssembly.Instance(WebAssembly.Module(LENGTH, ENABLED), {}).exports.length
    again = WebAssembly.Instance(WebAssembly.Module(LENGTH), {"wasm:js-string": {"length": length}})
    assert again.exports.length is length
    assert length("abc") == 3


def test_string_constants_are_the_names_of_imports() -> None:
    instance = WebAssembly.Instance(
        WebAssembly.Module(CONSTANT, {"importedStringConstants": "strings"}), {}
    )
    assert instance.exports.get() == instance.exports.c.value == "héllo"
    assert instance.exports.d.value == ""
    with pytest.raises(TypeError):
        instance.exports.c.value = "other"


def test_the_module_of_string_constants_may_have_any_name() -> None:
    for name in ("", "'", "\U0001f600", "1"):
        data = wat2wasm(
            f'(module (global $c (import "{name}" "text") externref) (export "c" (global $c)))'
        )
        module = WebAssembly.Module(
            data, importedStringConstants=int(name) if name == "1" else name
        )
        assert WebAssembly.Instance(module, {}).exports.c.value == "text"


def test_the_module_of_string_constants_is_converted_to_scalar_values() -> None:
    data = wat2wasm(
        '(module (global $c (import "\U0001f600\ufffd" "text") externref) (export "c" (global $c)))'
    )
    for name in ("\ud83d\ude00\ude00", "\U0001f600\ud83d", "\U0001f600\ufffd"):
        module = WebAssembly.Module(data, importedStringConstants=name)
        assert WebAssembly.Instance(module, {}).exports.c.value == "text"


@pytest.mark.parametrize(
    "import_",
    [
        '(global (import "strings" "a") (mut externref))',
        '(global (import "strings" "a") i32)',
        '(global (import "strings" "a") funcref)',
        '(func (import "strings" "a"))',
        '(memory (import "strings" "a") 1)',
    ],
)
def test_string_constants_of_another_type_are_a_compile_error(import_: str) -> None:
    data = wat2wasm(f"(module {import_})")
    assert WebAssembly.validate(data) is True
    assert WebAssembly.validate(data, importedStringConstants="strings") is False
    with pytest.raises(WebAssembly.CompileError, match="string constant"):
        WebAssembly.Module(data, importedStringConstants="strings")
    assert WebAssembly.validate(data, importedStringConstants=null) is True


def test_string_constants_come_before_builtins_of_the_same_module_name() -> None:
    options = {"builtins": ["js-string"], "importedStringConstants": "wasm:js-string"}
    assert WebAssembly.validate(LENGTH, options) is False
    data = wat2wasm('(module (global (export "c") (import "wasm:js-string" "length") externref))')
    instance = WebAssembly.Instance(WebAssembly.Module(data, options), {})
    assert instance.exports.c.value == "length"


class Response:
    """The shape of a fetch Response."""

    ok = True
    headers: ClassVar = {"Content-Type": "application/wasm"}

    async def arrayBuffer(self) -> bytes:
        return LENGTH


def test_all_functions_of_the_namespace_take_options() -> None:
    async def run() -> list[int]:
        compiled = await WebAssembly.compile(LENGTH, ENABLED)
        by_keyword = await WebAssembly.compile(LENGTH, builtins=["js-string"])
        instances = [
            await WebAssembly.instantiate(compiled, {}),
            await WebAssembly.instantiate(by_keyword, {}, {"builtins": 1}),  # ignored for a Module
            (await WebAssembly.instantiate(LENGTH, {}, ENABLED)).instance,
            (await WebAssembly.instantiate(LENGTH, {}, builtins=["js-string"])).instance,
            WebAssembly.Instance(await WebAssembly.compileStreaming(Response(), ENABLED), {}),
            (await WebAssembly.instantiateStreaming(Response(), {}, ENABLED)).instance,
        ]
        return [instance.exports.length("abc") for instance in instances]

    assert asyncio.run(run()) == [3] * 6


def test_the_result_of_instantiate_keeps_the_options() -> None:
    result = asyncio.run(WebAssembly.instantiate(LENGTH, {}, ENABLED))
    assert WebAssembly.Module.imports(result.module) == []
    assert WebAssembly.Instance(result.module, {}).exports.length("ab") == 2


def test_options_are_read_when_the_function_is_called() -> None:
    options: dict[str, Any] = {"builtins": ["js-string"]}
    promises = [
        WebAssembly.compile(LENGTH, options),
        WebAssembly.compileStreaming(Response(), options),
    ]
    options["builtins"] = []

    async def run() -> None:
        for promise in promises:
            assert WebAssembly.Module.imports(await promise) == []

    asyncio.run(run())


def test_a_host_function_is_named_by_its_place_among_the_imported_functions() -> None:
    data = wat2wasm(
        """(module (import "m" "f" (func)) (import "m" "g" (global i32)) (import "m" "h" (func))
             (export "h" (func 1)))"""
    )
    instance = WebAssembly.Instance(
        WebAssembly.Module(data), {"m": {"f": print, "g": 1, "h": print}}
    )
    assert instance.exports.h.name == "1"

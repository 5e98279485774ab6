"""What errors of linking say: the import by number and names, its type as text, and what was given."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm

I64_GLOBAL = WebAssembly.Global({"value": "i64"}, 1)


def message(text: str, imports: Any) -> str:
    module = WebAssembly.Module(wat2wasm(f"(module {text})"))
    with pytest.raises((WebAssembly.LinkError, TypeError)) as caught:
        WebAssembly.Instance(module, imports)
    return str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "given", "words"),
    [
        ("(memory 2)", WebAssembly.Memory(initial=1),
         "(memory 2) is needed, (memory 1) was given"),
        ("(memory i64 1 2)", WebAssembly.Memory(initial=1, maximum=2, shared=True),
         "(memory i64 1 2) is needed, (memory 1 2 shared) was given"),
        ("(memory 1)", WebAssembly.Memory(initial=1, pageSize=1),
         "(memory 1) is needed, (memory 1 (pagesize 1)) was given"),
        ("(global (mut i64))", I64_GLOBAL,
         "(global (mut i64)) is needed, (global i64) was given"),
        ("(table 1 funcref)", WebAssembly.Table(element="externref", initial=1, maximum=3),
         "(table 1 funcref) is needed, (table 1 3 externref) was given"),
        ("(tag (param i32))", WebAssembly.Tag(parameters=["i64"]),
         "tag ([i32] -> []) is needed, tag ([i64] -> []) was given"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_printed_as_text(wanted: str, given: Any, words: str) -> None:
    text = f'(import "env" "f" (func)) (import "env" "x" {wanted})'
    assert message(text, {"env": {"f": print, "x": given}}) == (
        f'WebAssembly.Instance(): Import #1 "env" "x": incompatible import type: {words}'
    )


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [
        ("(func (param i32))", "function import requires a callable: func ([i32] -> [])"),
        ("(memory 1)", "memory import must be a WebAssembly.Memory object: (memory 1)"),
        ("(table 1 funcref)", "table import requires a WebAssembly.Table: (table 1 funcref)"),
        ("(tag)", "tag import requires a WebAssembly.Tag: tag ([] -> [])"),
        ("(global i64)", "global import must be an int or a WebAssembly.Global object: (global i64)"),
        ("(global f32)",
         "global import must be a number, valid Wasm reference, or WebAssembly.Global: (global f32)"),
        ("(global (mut i64))",
         "imported mutable global must be a WebAssembly.Global object: (global (mut i64))"),
    ],
)  # fmt: skip
def test_a_missing_import_and_one_of_another_kind_read_alike(wanted: str, rule: str) -> None:
    text = f'(import "env" "f" (func)) (import "env" "x" {wanted})'
    place = 'WebAssembly.Instance(): Import #1 "env" "x"'
    start = f"{place}: {rule} is needed, "
    assert message(text, {"env": {"f": print}}) == start + "nothing was given"
    assert message(text, {"env": {"f": print, "x": "one"}}) == start + "'one' was given"


def test_a_mutable_global_is_never_an_int() -> None:
    assert message('(import "e" "g" (global (mut i64)))', {"e": {"g": 1}}) == (
        'WebAssembly.Instance(): Import #0 "e" "g": imported mutable global must be a WebAssembly.Global object: '
        "(global (mut i64)) is needed, 1 was given"
    )


def test_all_that_is_missing_is_listed_at_once() -> None:
    text = """(import "env" "f" (func)) (import "env" "g" (func (result i32))) (import "b" "m" (memory 1))
              (import "env" "h" (func))"""
    rest = '\n  Import #2 "b" "m": (memory 1)'
    assert message(text, {"env": {"h": print}}) == (
        'WebAssembly.Instance(): Import #0 "env" "f": function import requires a callable: func ([] -> []) is needed, '
        'nothing was given; missing too:\n  Import #1 "env" "g": func ([] -> [i32])' + rest
    )
    assert message(text, {"b": {}}) == (
        'WebAssembly.Instance(): Import #0 "env": module is not an object or function; missing too:'
        '\n  Import #1 "env" "g": func ([] -> [i32])'
        + rest
        + '\n  Import #3 "env" "h": func ([] -> [])'
    )


def test_a_long_list_of_what_is_missing_is_cut() -> None:
    text = "".join(f'(import "e" "f{i}" (func))' for i in range(60))
    assert message(text, {"e": {}}).endswith('"f50": func ([] -> [])\n  and 9 more')


class Awaitable:
    async def method(self) -> int:
        return 1

    async def __call__(self) -> int:
        return 1


async def coroutine() -> int:
    return 1


@pytest.mark.parametrize("value", [coroutine, Awaitable().method, Awaitable()])
def test_an_async_function_is_no_import(value: object) -> None:
    module = WebAssembly.Module(wat2wasm('(module (import "env" "f" (func (result i32))))'))
    expected = (
        'WebAssembly.Instance(): Import #0 "env" "f": function import must not be async: give '
        "WebAssembly.Suspending(function), and call the export as await WebAssembly.promising(export)(…): "
        "func ([] -> [i32]) is needed, "
    )
    with pytest.raises(WebAssembly.LinkError) as caught:
        WebAssembly.Instance(module, {"env": {"f": value}})
    assert str(caught.value).startswith(expected)

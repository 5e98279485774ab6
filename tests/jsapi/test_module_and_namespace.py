"""``WebAssembly.Module``, ``Instance`` and the functions of the namespace (index.bs, "Modules", "Instances")."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest

from pyjsapi import (
    ArrayBuffer,
    DataCloneError,
    DataView,
    Features,
    Limits,
    Uint8Array,
    WebAssembly,
)
from pyjsapi.text import wat2wasm

EMPTY = b"\0asm\1\0\0\0"
ADD = wat2wasm(
    '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
)
NEEDS = wat2wasm(
    """(module (func (import "a" "f") (param i32) (result f64)) (memory (import "a" "m") 1 2)
         (table (import "b" "t") 3 funcref) (global (import "b" "g") (mut i64))
         (export "f" (func 0)) (export "m" (memory 0)) (export "t" (table 0)) (export "g" (global 0)))"""
)


def test_a_module_takes_every_buffer_source() -> None:
    buffer = ArrayBuffer(len(ADD))
    Uint8Array(buffer).set(ADD)
    for source in (
        ADD,
        bytearray(ADD),
        memoryview(ADD),
        buffer,
        Uint8Array(buffer),
        DataView(buffer),
    ):
        assert isinstance(WebAssembly.Module(source), WebAssembly.Module)
        assert WebAssembly.validate(source) is True


@pytest.mark.parametrize("source", [None, 1, "text", [0, 97], {}])
def test_anything_else_is_a_type_error(source: Any) -> None:
    with pytest.raises(TypeError):
        WebAssembly.Module(source)
    with pytest.raises(TypeError):
        WebAssembly.validate(source)


@pytest.mark.parametrize("data", [b"", b"\0asm", EMPTY + b"\x99", ADD[:-1]])
def test_malformed_bytes_are_a_compile_error_with_an_offset(data: bytes) -> None:
    assert WebAssembly.validate(data) is False
    with pytest.raises(WebAssembly.CompileError, match="offset") as caught:
        WebAssembly.Module(data)
    assert caught.value.name == "CompileError"


def test_an_invalid_module_is_a_compile_error_that_says_where() -> None:
    data = wat2wasm("(module (func) (func (result i32) (i64.const 1)))")
    with pytest.raises(WebAssembly.CompileError, match=r"type mismatch.*function #1.*offset 0x"):
        WebAssembly.Module(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('(module (memory 1) (export "a" (memory 0)) (export "b" (memory 7)))', "unknown memory 7"),
        ('(module (memory 1) (export "a" (memory 0)) (export "a" (memory 0)))', "duplicate export"),
        ("(module (memory 1) (data (i64.const 0)))", "type mismatch"),
        ("(module (memory 2 1))", "size minimum must not be greater than maximum"),
        ("(module (global i32 (i32.ctz (i32.const 1))))", "constant expression required"),
        ("(module (func $f (param i32)) (start $f))", "start function"),
        ("(module (func (local (ref 9))))", "unknown type 9"),
    ],
)
def test_an_invalid_definition_is_located_by_its_own_bytes(text: str, message: str) -> None:
    with pytest.raises(WebAssembly.CompileError, match=f"{message}.*offset 0x[0-9a-f]+"):
        WebAssembly.Module(wat2wasm(text, names=False))


def test_the_offset_is_that_of_the_item() -> None:
    data = wat2wasm(
        '(module (memory 1) (export "a" (memory 0)) (export "bb" (memory 7)))', names=False
    )
    with pytest.raises(WebAssembly.CompileError) as caught:
        WebAssembly.Module(data)
    assert f"offset {data.index(bytes([2]) + b'bb'):#x}" in str(caught.value)


def test_a_feature_that_is_off_is_named() -> None:
    data = wat2wasm("(module (memory 1) (memory 1))")
    with pytest.raises(WebAssembly.CompileError, match="multi_memory"):
        WebAssembly.Module(data, features=Features(multi_memory=False))


def test_limits_can_be_given() -> None:
    data = wat2wasm("(module (memory 1) (memory 1))")
    with pytest.raises(WebAssembly.CompileError, match="too many memories"):
        WebAssembly.Module(data, limits=Limits(memories=1))


def test_exports_and_imports_have_kinds_and_types() -> None:
    module = WebAssembly.Module(NEEDS)
    f = {"parameters": ["i32"], "results": ["f64"]}
    m = {"minimum": 1, "maximum": 2, "shared": False, "address": "i32"}
    t = {"minimum": 3, "element": "funcref", "address": "i32"}
    g = {"value": "i64", "mutable": True}
    assert WebAssembly.Module.imports(module) == [
        {"module": "a", "name": "f", "kind": "function", "type": f},
        {"module": "a", "name": "m", "kind": "memory", "type": m},
        {"module": "b", "name": "t", "kind": "table", "type": t},
        {"module": "b", "name": "g", "kind": "global", "type": g},
    ]
    assert [(e["name"], e["kind"], e["type"]) for e in WebAssembly.Module.exports(module)] == [
        ("f", "function", f),
        ("m", "memory", m),
        ("t", "table", t),
        ("g", "global", g),
    ]
    with pytest.raises(TypeError):
        WebAssembly.Module.exports(ADD)  # type: ignore[arg-type]


def test_custom_sections_are_copied_by_name() -> None:
    data = EMPTY + b"\0\x04\1aXY" + b"\0\x02\1b" + b"\0\x03\1aZ"
    module = WebAssembly.Module(data)
    found = WebAssembly.Module.customSections(module, "a")
    assert [bytes(b) for b in found] == [b"XY", b"Z"]
    assert WebAssembly.Module.customSections(module, "c") == []
    with pytest.raises(TypeError):
        WebAssembly.Module.customSections(module)


def test_the_exports_object_is_frozen_and_ordered() -> None:
    exports = WebAssembly.Instance(
        WebAssembly.Module(
            wat2wasm('(module (func (export "get")) (func (export "")) (func (export "2")))')
        )
    ).exports
    assert list(exports) == ["get", "", "2"]
    assert len(exports) == 3
    assert exports.get is exports["get"]
    assert "2" in exports
    assert "x" not in exports
    with pytest.raises(TypeError):
        exports.get = 1
    with pytest.raises(TypeError):
        del exports.get
    with pytest.raises(AttributeError, match="exports nothing named 'nope'"):
        exports.nope  # noqa: B018


def test_an_export_whose_name_python_changes_in_a_class() -> None:
    source = wat2wasm('(module (func (export "__new") (result i32) (i32.const 7)))')

    class Glue:
        exports = WebAssembly.Instance(WebAssembly.Module(source)).exports

        def by_attribute(self) -> object:
            return self.exports.__new()

        def by_subscript(self) -> object:
            return self.exports["__new"]()

    assert Glue().by_subscript() == 7
    with pytest.raises(AttributeError) as caught:
        Glue().by_attribute()
    assert str(caught.value) == (
        "the module exports nothing named '_Glue__new': in a class Python reads .__new so; "
        'write exports["__new"]'
    )


def test_missing_imports_are_a_type_error() -> None:
    module = WebAssembly.Module(NEEDS)
    for imports in (None, 5, {}, {"a": 1}):
        with pytest.raises(TypeError):
            WebAssembly.Instance(module, imports)
    with pytest.raises(TypeError):
        WebAssembly.Instance(ADD)


def test_imports_may_be_objects_with_attributes() -> None:
    imports = SimpleNamespace(
        a=SimpleNamespace(f=float, m=WebAssembly.Memory(initial=1, maximum=2))
    )
    imports.b = {
        "t": WebAssembly.Table({"element": "anyfunc", "initial": 3}),
        "g": WebAssembly.Global({"value": "i64", "mutable": True}),
    }
    exports = WebAssembly.Instance(WebAssembly.Module(NEEDS), imports).exports
    assert exports.m is imports.a.m
    assert exports.f(3) == 3.0


@pytest.mark.parametrize(("name", "kind"), [("f", "function"), ("m", "memory"), ("t", "table")])
def test_an_import_of_the_wrong_kind_is_a_link_error(name: str, kind: str) -> None:
    imports = {
        "a": {"f": float, "m": WebAssembly.Memory(initial=1, maximum=2)},
        "b": {
            "t": WebAssembly.Table({"element": "anyfunc", "initial": 3}),
            "g": WebAssembly.Global({"value": "i64", "mutable": True}),
        },
    }
    for namespace in imports.values():
        if name in namespace:
            namespace[name] = 5
    with pytest.raises(WebAssembly.LinkError, match=f'"{name}": {kind} import'):
        WebAssembly.Instance(WebAssembly.Module(NEEDS), imports)


def test_a_function_of_another_type_is_a_link_error() -> None:
    add = WebAssembly.Instance(WebAssembly.Module(ADD)).exports.add
    module = WebAssembly.Module(wat2wasm('(module (func (import "e" "f") (param i64)))'))
    with pytest.raises(WebAssembly.LinkError, match="incompatible import type"):
        WebAssembly.Instance(module, {"e": {"f": add}})


def test_a_trapping_segment_leaves_earlier_ones_written() -> None:
    memory = WebAssembly.Memory(initial=1)
    module = WebAssembly.Module(
        wat2wasm(
            """(module (memory (import "e" "m") 1)
                 (data (i32.const 0) "ab") (data (i32.const 65535) "cd"))"""
        )
    )
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds memory access"):
        WebAssembly.Instance(module, {"e": {"m": memory}})
    assert Uint8Array(memory.buffer)[0:2].tobytes() == b"ab"


def test_the_start_function_runs_and_may_trap() -> None:
    seen: list[int] = []
    module = WebAssembly.Module(wat2wasm('(module (func $f (import "e" "f")) (start $f))'))
    WebAssembly.Instance(module, {"e": {"f": lambda: seen.append(1)}})
    assert seen == [1]
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
        WebAssembly.Instance(
            WebAssembly.Module(wat2wasm("(module (func $f (unreachable)) (start $f))"))
        )


# ---- promises


def test_compile_and_instantiate_are_awaitable() -> None:
    async def program() -> None:
        module = await WebAssembly.compile(ADD)
        instance = await WebAssembly.instantiate(module)
        assert instance.exports.add(1, 2) == 3
        source = await WebAssembly.instantiate(ADD, {})
        assert isinstance(source.module, WebAssembly.Module)
        assert source["instance"].exports.add(2, 2) == 4
        assert source.instance is source["instance"]

    asyncio.run(program())


def test_errors_come_out_of_the_promise() -> None:
    wrong: Any = 5
    promises = [
        (WebAssembly.compile(None), TypeError),
        (WebAssembly.compile(b"x"), WebAssembly.CompileError),
        (WebAssembly.instantiate(wrong), TypeError),
        (WebAssembly.instantiate(NEEDS), TypeError),
        (WebAssembly.instantiate(WebAssembly.Module(NEEDS), {}), TypeError),
        (WebAssembly.compileStreaming(5), TypeError),
    ]

    async def program() -> None:
        for promise, error in promises:
            with pytest.raises(error):
                await promise

    asyncio.run(program())


def test_the_bytes_are_copied_when_compile_is_called() -> None:
    data = bytearray(ADD)
    promise = WebAssembly.compile(data)
    data[:] = bytes(len(data))
    assert isinstance(asyncio.run(promise), WebAssembly.Module)


class Response:
    def __init__(self, body: bytes, *, status: int = 200, kind: str = "application/wasm") -> None:
        self.body = body
        self.status = status
        self.ok = status == 200
        self.headers = {"content-type": kind}

    async def arrayBuffer(self) -> ArrayBuffer:
        buffer = ArrayBuffer(len(self.body))
        Uint8Array(buffer).set(self.body)
        return buffer


def test_streaming_takes_a_response_or_a_promise_of_one() -> None:
    async def later() -> Response:
        return Response(ADD)

    async def program() -> None:
        assert isinstance(await WebAssembly.compileStreaming(Response(ADD)), WebAssembly.Module)
        source = await WebAssembly.instantiateStreaming(later(), {})
        assert source.instance.exports.add(3, 4) == 7

    asyncio.run(program())


@pytest.mark.parametrize(
    "response",
    [
        Response(ADD, status=404),
        Response(ADD, kind="text/html"),
        Response(ADD, kind="application/wasm;x=1"),
    ],
)
def test_streaming_refuses_other_responses(response: Response) -> None:
    with pytest.raises(TypeError):
        asyncio.run(WebAssembly.compileStreaming(response))


class _Getters:
    """Imports whose code fails."""

    @property
    def f(self) -> Any:
        found: int = self.typo  # type: ignore[attr-defined]
        return found

    @property
    def g(self) -> Any:
        raise ZeroDivisionError


@pytest.mark.parametrize(("name", "error"), [("f", AttributeError), ("g", ZeroDivisionError)])
def test_what_a_getter_of_the_imports_raises_comes_out(name: str, error: type[Exception]) -> None:
    module = WebAssembly.Module(wat2wasm(f'(module (import "m" "{name}" (func)))'))
    with pytest.raises(error):
        WebAssembly.Instance(module, {"m": _Getters()})
    with pytest.raises(error):
        WebAssembly.Instance(module, SimpleNamespace(m=_Getters()))


def test_mappings_that_make_their_items_are_asked() -> None:
    module = WebAssembly.Module(
        wat2wasm('(module (import "m" "f" (func)) (import "n" "g" (func)))')
    )
    WebAssembly.Instance(module, defaultdict(lambda: defaultdict(lambda: print)))
    with pytest.raises(WebAssembly.LinkError):
        WebAssembly.Instance(module, {"m": {"f": print}, "n": defaultdict(lambda: 1)})


class _Descriptor:
    @property
    def initial(self) -> int:
        found: int = self.typo  # type: ignore[attr-defined]
        return found


def test_what_a_getter_of_a_descriptor_raises_comes_out() -> None:
    with pytest.raises(AttributeError, match="typo"):
        WebAssembly.Memory(_Descriptor())


def test_what_belongs_to_an_agent_is_neither_copied_nor_stored() -> None:
    tag = WebAssembly.Tag(parameters=["i32"])
    for value in (
        WebAssembly.Instance(WebAssembly.Module(wat2wasm("(module)"))),
        WebAssembly.Global(value="i32"),
        WebAssembly.Table(element="anyfunc", initial=1),
        tag,
        WebAssembly.Exception(tag, [1]),
    ):
        message = f"a WebAssembly.{type(value).__name__} cannot be stored or copied"
        for store in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(DataCloneError) as caught:
                store(value)
            assert str(caught.value) == message


def test_the_namespace_lists_no_helper() -> None:
    names = dir(WebAssembly)
    assert names == sorted(names) == sorted(WebAssembly.__all__)
    assert not [name for name in names if name.startswith("_") or not hasattr(WebAssembly, name)]
    assert {name for name in vars(WebAssembly) if not name.startswith("_")} == {*names}
    assert not hasattr(WebAssembly, "Function")

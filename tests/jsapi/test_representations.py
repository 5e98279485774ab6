"""How the API's objects look to people: representations, the namespace, copies of exports."""

from __future__ import annotations

import copy
import inspect
from types import ModuleType
from typing import Any

import pytest

from pyjsapi import DataCloneError, WebAssembly, wat2wasm

MODULE = WebAssembly.Module(
    wat2wasm(
        """(module (import "env" "f" (func)) (import "env" "m" (memory 1))
             (func (export "add") (param i32)) (export "mem" (memory 0)))""",
        names=False,
    )
)
INSTANCE = WebAssembly.Instance(
    MODULE, {"env": {"f": print, "m": WebAssembly.Memory({"initial": 1})}}
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (WebAssembly, "<module 'pyjsapi.WebAssembly'>"),
        (MODULE, "<WebAssembly.Module of 63 bytes, imports: env.f, env.m, exports: add, mem>"),
        (WebAssembly.Module(b"\0asm\1\0\0\0"), "<WebAssembly.Module of 8 bytes, imports: none, exports: none>"),
        (INSTANCE, "<WebAssembly.Instance, exports: add, mem>"),
        (INSTANCE.exports, "<exports add, mem>"),
        (WebAssembly.Memory(initial=1), "<WebAssembly.Memory of 1 page>"),
        (WebAssembly.Memory(initial=2), "<WebAssembly.Memory of 2 pages>"),
        (WebAssembly.Table(element="anyfunc", initial=1), "<WebAssembly.Table of 1 element>"),
        (WebAssembly.Table(element="anyfunc", initial=0), "<WebAssembly.Table of 0 elements>"),
        (WebAssembly.Global({"value": "i64", "mutable": True}, -5), "<WebAssembly.Global (mut i64) -5>"),
        (WebAssembly.Global({"value": "f32"}, 0.5), "<WebAssembly.Global f32 0.5>"),
        (WebAssembly.Global({"value": "externref"}, "x" * 90), f"<WebAssembly.Global externref '{'x' * 56}...>"),
        (WebAssembly.Global({"value": "anyfunc"}), "<WebAssembly.Global funcref null>"),
    ],
)  # fmt: skip
def test_representations_say_what_it_is(value: object, text: str) -> None:
    assert repr(value) == text


def test_values_that_the_host_cannot_have_are_not_shown() -> None:
    text = '(module (global (export "g") v128 (v128.const i64x2 1 2)))'
    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text))).exports
    assert repr(exports.g) == "<WebAssembly.Global v128>"


def test_many_and_long_names_are_cut_and_strange_ones_escaped() -> None:
    names = ["a\\n", "b" * 60, *(f"f{i}" for i in range(10))]
    text = "".join(f'(export "{name}" (func 0))' for name in names)
    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(f"(module (func) {text})"))).exports
    listed = ", ".join(f"f{i}" for i in range(6))
    assert repr(exports) == f"<exports a\\n, {'b' * 39}…, {listed}, … (12 in all)>"


def test_the_namespace_shows_its_public_names_only() -> None:
    assert dir(WebAssembly) == sorted(WebAssembly.__all__)
    assert "Any" not in dir(WebAssembly)


def test_the_namespace_says_what_it_has_not() -> None:
    namespace: Any = WebAssembly
    with pytest.raises(
        AttributeError, match=r"^module 'pyjsapi\.WebAssembly' has no attribute 'module'$"
    ) as caught:
        _ = namespace.module
    assert (caught.value.name, caught.value.obj) == ("module", WebAssembly)
    assert not hasattr(namespace, "JSTagg")


def test_the_namespace_is_a_plain_module_whose_attributes_are_found_fast() -> None:
    assert type(WebAssembly) is ModuleType
    # Where calls cannot be suspended it says why the names for that are not there.
    assert ("__getattr__" in vars(WebAssembly)) is not hasattr(WebAssembly, "promising")


def test_exports_are_frozen_and_their_copy_is_themselves() -> None:
    assert copy.copy(INSTANCE.exports) is INSTANCE.exports
    with pytest.raises(DataCloneError, match=r"^the exports of an instance cannot be stored or"):
        copy.deepcopy(INSTANCE.exports)


def test_numbers_of_things_are_singular_and_plural() -> None:
    with pytest.raises(TypeError, match=r": 0 values for a tag of 1 parameter$"):
        WebAssembly.Exception(WebAssembly.Tag(parameters=["i32"]), [])
    with pytest.raises(ValueError, match=r"cannot grow by 1 page: the memory has 1 page and may"):
        WebAssembly.Memory(initial=1, maximum=1).grow(1)
    with pytest.raises(ValueError, match=r"invalid index 1 into a table of 1 element$"):
        WebAssembly.Table(element="anyfunc", initial=1).get(1)


def test_shells_complete_after_the_exports_without_running_a_property() -> None:
    module = WebAssembly.Module(
        wat2wasm('(module (func (export "f")) (memory (export "m") 1) (func (export "no name")))')
    )
    instance = WebAssembly.Instance(module)
    assert not isinstance(inspect.getattr_static(instance, "exports"), property)
    assert dir(instance.exports) == ["f", "m"]
    assert list(instance.exports) == ["f", "m", "no name"]


def test_the_exports_of_an_instance_stay() -> None:
    class Own(WebAssembly.Instance):
        note: int

    instance = Own(WebAssembly.Module(wat2wasm("(module)")))
    exports = instance.exports
    with pytest.raises(AttributeError, match="cannot be set"):
        instance.exports = 1  # type: ignore[misc, assignment]
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del instance.exports
    assert instance.exports is exports
    instance.note = 1
    del instance.note
    assert not hasattr(instance, "note")


def test_functions_are_called_by_their_first_exports_name() -> None:
    text = """(module (func (export "add") (export "plus") (param i32))
        (func $hidden) (func (export "a\\nb")) (table (export "table") funcref (elem $hidden)))"""
    exports: Any = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text))).exports
    assert repr(exports.add).startswith("<function add at ")
    assert exports.add is exports.plus
    assert (exports.add.__name__, exports.add.name) == ("0", "0")
    with pytest.raises(TypeError, match=r"^add\(\) got an unexpected keyword argument 'b'$"):
        exports.add(1, b=2)
    assert repr(exports["a\nb"]).startswith("<function 2 at ")
    assert repr(exports.table.get(0)).startswith("<function 1 at ")
    again = """(module (import "m" "f" (func $f)) (export "other" (func $f)))"""
    other = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(again)), {"m": {"f": exports["a\nb"]}}
    ).exports
    assert other.other is exports["a\nb"] and repr(other.other).startswith("<function other at ")

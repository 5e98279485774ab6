"""Idioms that the guide gives where Python people would expect something else."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import pytest

from pyjsapi import DataView, Uint8Array, WebAssembly, wat2wasm


def test_exports_become_a_dictionary() -> None:
    module = WebAssembly.Module(wat2wasm('(module (memory (export "m") 1) (func (export "f")))'))
    exports = WebAssembly.Instance(module).exports
    assert {k: exports[k] for k in exports} == {"m": exports.m, "f": exports.f}


def test_of_the_methods_of_dictionaries_there_is_keys() -> None:
    module = WebAssembly.Module(wat2wasm('(module (memory (export "m") 1) (func (export "f")))'))
    exports: Any = WebAssembly.Instance(module).exports
    idiom = "as a dictionary it is {k: exports[k] for k in exports}"
    whole = {"m": exports.m, "f": exports.f}
    assert dict(exports) == {**exports} == whole
    assert list(exports.keys()) == ["m", "f"]
    for name in ("items", "values", "get", "copy"):
        with pytest.raises(AttributeError) as missing:
            getattr(exports, name)
        assert str(missing.value) == (
            f"the module exports nothing named {name!r}; its exports are m, f; {idiom}"
        )
    with pytest.raises(AttributeError) as other:
        _ = exports.g
    assert str(other.value) == "the module exports nothing named 'g'; its exports are m, f"


def test_exports_may_be_called_as_the_methods_of_dictionaries() -> None:
    names = ("keys", "items", "get")
    text = "".join(f'(export "{name}" (func 0))' for name in names)
    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(f"(module (func) {text})"))).exports
    assert exports.keys is exports.items is exports.get
    assert list({k: exports[k] for k in exports}) == list(names)


def test_a_data_view_has_a_memoryview_as_the_other_views() -> None:
    memory = WebAssembly.Memory({"initial": 1, "maximum": 2})
    view = DataView(memory.buffer, 4, 8)
    view.mv[0:2] = b"ab"
    assert bytes(view) == view.tobytes() == b"ab" + bytes(6)
    assert Uint8Array(memory.buffer)[4:6].tobytes() == b"ab"
    memory.grow(0)
    with pytest.raises(TypeError, match="cannot view the bytes: the ArrayBuffer is detached"):
        _ = view.mv


def test_the_memoryview_of_a_view_is_bytes_like_on_every_python() -> None:
    view = Uint8Array(WebAssembly.Memory(initial=1).buffer, 0, 4)
    view[0:4] = b"\1\0\0\2"
    assert struct.unpack_from("<I", view.mv) == (0x02000001,)
    assert hashlib.sha256(view.mv).digest() == hashlib.sha256(b"\1\0\0\2").digest()
    assert b"".join([view.mv]) == b"\1\0\0\2"


def test_slices_copy_and_subarrays_share() -> None:
    view = Uint8Array(WebAssembly.Memory(initial=1).buffer)
    view[1:3][0] = 9
    assert view[1] == 0
    view.subarray(1, 3)[0] = 9
    assert view[1] == 9
    view[1:3] = b"ab"
    assert view[1:3].tobytes() == b"ab"

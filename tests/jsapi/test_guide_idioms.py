"""Idioms that the guide gives where Python people would expect something else."""

from __future__ import annotations

import hashlib
import struct

from pyjsapi import Uint8Array, WebAssembly, wat2wasm


def test_exports_become_a_dictionary() -> None:
    module = WebAssembly.Module(wat2wasm('(module (memory (export "m") 1) (func (export "f")))'))
    exports = WebAssembly.Instance(module).exports
    assert {k: exports[k] for k in exports} == {"m": exports.m, "f": exports.f}


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

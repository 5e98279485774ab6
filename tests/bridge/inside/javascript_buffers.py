"""Buffers of JavaScript as bytes of modules, and pages that can share nothing: run by `test_hosts.py`."""

from __future__ import annotations

import js
from pyodide.code import run_js
from pyodide.ffi import to_js

from pyjsapi import (
    Agent,
    BigInt64Array,
    Float64Array,
    SharedArrayBuffer,
    Uint8Array,
    WebAssembly,
    javascript,
    wat2wasm,
)
from tests.bridge.inside.helpers import raises

BYTES = wat2wasm('(module (func (export "f") (result i32) (i32.const 42)))')
PADDED = js.Uint8Array.new(to_js(b"xx" + BYTES + b"yy"))
"""The module between other bytes."""


async def case_modules_are_made_of_buffers_of_javascript() -> None:
    typed = PADDED.slice(2, 2 + len(BYTES))
    for source in (
        typed,
        typed.buffer,
        PADDED.subarray(2, 2 + len(BYTES)),
        js.DataView.new(PADDED.buffer, 2, len(BYTES)),
    ):
        assert WebAssembly.validate(source)
        module = WebAssembly.Module(source)
        assert WebAssembly.Instance(module).exports.f() == 42
        assert isinstance(await WebAssembly.compile(source), WebAssembly.Module)
        assert (await WebAssembly.instantiate(source)).instance.exports.f() == 42
    assert not WebAssembly.validate(PADDED)


def case_their_bytes_may_be_shared_or_resizable_where_those_of_python_may() -> None:
    shared = js.Uint8Array.new(js.SharedArrayBuffer.new(len(BYTES)))
    shared.assign(BYTES)
    assert WebAssembly.validate(shared)
    resizable = run_js("bytes => { const b = new ArrayBuffer(bytes.length, { maxByteLength: 4096 });"
                       "new Uint8Array(b).set(bytes); return b; }")(PADDED)  # fmt: skip
    assert not WebAssembly.validate(resizable)


def case_views_take_the_elements_of_buffers_of_javascript() -> None:
    view = Uint8Array(WebAssembly.Memory(initial=1).buffer)
    small = js.Uint8Array.new(to_js([1, 2, 3]))
    view.set(small)
    view.set(small.buffer, 3)
    view[6:9] = small.buffer
    view[9:12] = js.DataView.new(small.buffer)
    assert view[:13].tolist() == [1, 2, 3] * 4 + [0]
    floats = js.Float64Array.new(to_js([1.5, 2, 300]))
    view.set(floats)
    assert view[:3].tolist() == [1, 2, 44]
    assert Float64Array(floats).tolist() == [1.5, 2, 300]
    assert BigInt64Array(js.BigInt64Array.of(js.BigInt(-5))).tolist() == [-5]
    copy = Uint8Array(small.buffer)
    copy[0] = 9
    assert (copy.tolist(), small[0]) == ([9, 2, 3], 1)


def case_a_response_is_no_buffer_yet() -> None:
    response = js.Response.new(PADDED)
    assert raises(TypeError, WebAssembly.Module, response).endswith(
        "; a response has them later: await response.arrayBuffer(), or WebAssembly.compileStreaming(response)"
    )


def case_other_objects_of_javascript_are_refused() -> None:
    for value in (js.Object.new(), js.Array.new(1, 2), js.parseInt):
        message = raises(TypeError, WebAssembly.Module, value)
        assert "argument 0 must be an ArrayBuffer, a view of one or a bytes-like object" in message


def case_the_main_thread_of_node_must_not_block() -> None:
    assert not Agent.current().can_block


def case_a_page_without_isolation_says_what_is_missing() -> None:
    native = js.SharedArrayBuffer
    js.crossOriginIsolated = False
    try:
        message = raises(RuntimeError, javascript.enable)
        assert "not cross-origin isolated" in message
        assert "Cross-Origin-Opener-Policy: same-origin" in message
        assert "Cross-Origin-Embedder-Policy: require-corp" in message
        assert not javascript.is_enabled()
        del js.SharedArrayBuffer  # as in such a page
        raises(RuntimeError, javascript.enable)
        assert isinstance(SharedArrayBuffer(8)._data, memoryview)
        memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
        assert message.partition("this page")[2] in raises(
            ValueError, javascript.to_javascript, memory
        )
    finally:
        js.SharedArrayBuffer = native
        del js.crossOriginIsolated
    javascript.enable()
    assert javascript.is_enabled()

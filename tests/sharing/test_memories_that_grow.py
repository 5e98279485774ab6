"""Memories that are stored in other ways than by default, and what is seen of them when they grow."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.runtime.memory import MemInst

GROW = """(module (import "host" "m" (memory 1))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 7))))"""


@pytest.mark.parametrize(
    "members",
    [
        {"storage": "heap"},
        {"storage": "reserve"},
        {"storage": "guarded"},
        {"backing": bytearray(3 << 16)},
        {"noAccess": 0, "readOnly": 1},
    ],
)
def test_growth_is_seen_by_code_and_buffers(members: dict[str, Any]) -> None:
    memory = WebAssembly.Memory(initial=1, maximum=3, **members)
    module = WebAssembly.Module(wat2wasm(GROW))
    exports = WebAssembly.Instance(module, {"host": {"m": memory}}).exports
    for pages in (1, 2):
        assert exports.grow() == pages
        exports.store((pages + 1 << 16) - 1)
        assert memory.buffer.byteLength + memory.bufferOffset == pages + 1 << 16
        assert Uint8Array(memory.buffer)[-1 + memory.buffer.byteLength] == 7
    assert exports.grow() == -1
    inner: MemInst = memory._memory
    assert len(inner.data) == inner.block.length == 3 << 16

"""A kind of memory that nothing in the package knows of: a window on the middle of some bytes, reached by calls.

It shows that such a kind is one class, and that nothing in the compiler has to know of it.
"""

from __future__ import annotations

import pytest

from pyjsapi.blocks.block import Block, Bytes
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.jsapi.memory import memory_object
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.text import wat2wasm

PAGE = 65536


class Window(Block):
    """``length`` bytes of others, of which those before ``first`` must not be touched."""

    __slots__ = ("_bytes", "_first", "_length", "_start")

    by_calls = True

    def __init__(self, data: bytearray, start: int, length: int, first: int) -> None:
        self._bytes = data
        self._start = start
        self._length = length
        self._first = first

    @property
    def data(self) -> Bytes:
        return memoryview(self._bytes)[self._start : self._start + self._length]

    @property
    def most(self) -> int:
        return len(self._bytes) - self._start

    def extend(self, length: int) -> None:
        self._length = length

    def read(self, address: int, count: int) -> bytes:
        self._check(address)
        return super().read(address, count)

    def write(self, address: int, data: bytes) -> None:
        self._check(address)
        super().write(address, data)

    def _check(self, address: int) -> None:
        if address < self._first:
            raise Trap("protected memory access")


TEXT = """(module
  (import "" "m" (memory $m 1 3)) (memory $own 1)
  (func (export "sum") (param i32) (result i64)
    (i64.store $m offset=8 (local.get 0) (i64.const -2))
    (f32.store $m (local.get 0) (f32.const 1.5))
    (v128.store $m offset=16 (local.get 0) (v128.load $m (local.get 0)))
    (i64.store $own (i32.const 0) (i64.load $m offset=24 (local.get 0)))
    (i64.add (i64.load $own (i32.const 0)) (i64.load32_s $m (local.get 0))))
  (func (export "load") (param i32) (result i32) (i32.load8_u $m (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow $m (local.get 0)))
  (func (export "far") (memory.fill $m (i32.const 130000) (i32.const 9) (i32.const 8)))
  (func (export "bulk")
    (memory.fill $m (i32.const 100) (i32.const 7) (i32.const 50))
    (memory.copy $m $m (i32.const 120) (i32.const 130) (i32.const 40))
    (memory.copy $own $m (i32.const 0) (i32.const 100) (i32.const 60))
    (memory.copy $m $own (i32.const 200) (i32.const 0) (i32.const 60)))
  (func (export "add") (param i32 i32) (result i32) (i32.atomic.rmw.add $m (local.get 0) (local.get 1))))"""


def test_a_module_runs_on_it() -> None:
    data = bytearray(5 * PAGE)
    memory = MemInst(MemType(I32, 1, 3), page_limit=3, block=Window(data, 100, PAGE, first=64))
    instance = instantiate(compile_module(wat2wasm(TEXT), cache=CodeCache()), [memory])

    def call(name: str, *arguments: int) -> object:
        return invoke(instance.exports[name], arguments)  # type: ignore[arg-type]

    assert call("sum", 64) == ((-2 + 0x3FC00000) & (1 << 64) - 1,)
    assert data[164:168] == b"\0\0\xc0\x3f" and data[188:196] == b"\xfe" + b"\xff" * 7
    with pytest.raises(Trap, match="protected"):
        call("load", 63)
    with pytest.raises(Trap, match="out of bounds"):
        call("load", PAGE)
    assert call("grow", 2) == (1,)
    assert call("load", PAGE) == (0,)
    assert call("grow", 1) == (0xFFFF_FFFF,)
    call("far")
    assert data[130_100:130_108] == b"\t" * 8
    call("bulk")
    assert data[200:260] == b"\7" * 40 + b"\0" * 20
    assert data[300:360] == data[200:260]
    assert call("add", 1000, 5) == (0,)
    assert call("add", 1000, 5) == (5,)
    assert memory.byte_length == 3 * PAGE
    assert memory_object(memory).grow(0) == 3

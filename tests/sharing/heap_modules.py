"""Modules that access memories at given addresses, for tests of shared heaps."""

from __future__ import annotations

import mmap
from functools import cache
from typing import Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sharing.heap import SharedHeap
from pyjsapi.sharing.memory_blocks import MemoryBlock

LOADS = {
    "i32.load8_u": 1,
    "i32.load16_u": 2,
    "i32.load": 4,
    "i64.load": 8,
    "i32.atomic.load16_u": 2,
    "i64.atomic.load": 8,
}
STORES = {"i32.store8": 1, "i32.store16": 2, "i32.store": 4, "i64.store": 8}


PAGE = mmap.PAGESIZE
"""Bytes of a page of the system: 4096 here and there, up to 65536."""
ROOMY = -(-16 * PAGE // 65536)
"""Pages of a memory that has room for 16 of the system's."""


@cache
def module(kind: str, memories: int = 1, pages: int = 1) -> WebAssembly.Module:
    """Exports ``m0``, ``m1`` …, and for each one a function per access: ``i32.load.0`` …"""
    functions = []
    for memory in range(memories):
        for name in LOADS:
            type_ = name.split(".")[0]
            functions.append(
                f'(func (export "{name}.{memory}") (param {kind}) (result {type_}) ({name} {memory} (local.get 0)))'
            )
        for name in STORES:
            type_ = name.split(".")[0]
            functions.append(
                f"""(func (export "{name}.{memory}") (param {kind} {type_})
                  ({name} {memory} (local.get 0) (local.get 1)))"""
            )
        functions.append(
            f"""(func (export "rmw16.{memory}") (param {kind} i32) (result i32)
              (i32.atomic.rmw16.add_u {memory} (local.get 0) (local.get 1)))
            (func (export "load8+4294967295.{memory}") (param {kind}) (result i32)
              (i32.load8_u {memory} offset=4294967295 (local.get 0)))
            (func (export "v128.{memory}") (param {kind}) (result i64)
              (i64x2.extract_lane 1 (v128.load {memory} (local.get 0))))
            (func (export "v128.store.{memory}") (param {kind} i64)
              (v128.store {memory} (local.get 0) (i64x2.splat (local.get 1))))
            (func (export "fill.{memory}") (param {kind} i32 {kind})
              (memory.fill {memory} (local.get 0) (local.get 1) (local.get 2)))
            (func (export "copy.{memory}") (param {kind} {kind} {kind})
              (memory.copy {memory} {memory} (local.get 0) (local.get 1) (local.get 2)))
            (func (export "init.{memory}") (param {kind} i32 i32)
              (memory.init {memory} $data (local.get 0) (local.get 1) (local.get 2)))
            (func (export "size.{memory}") (result {kind}) (memory.size {memory}))
            (func (export "grow.{memory}") (param {kind}) (result {kind}) (memory.grow {memory} (local.get 0)))"""
        )
    declared = "".join(
        f'(memory (export "m{index}") {kind} {pages} {pages + 3})' for index in range(memories)
    )
    return WebAssembly.Module(
        wat2wasm(f'(module {declared} (data $data "0123456789abcdef") {"".join(functions)})')
    )


class Guest:
    """An instance of `module`. Addresses are unsigned."""

    def __init__(self, kind: str = "i32", memories: int = 1, pages: int = 1) -> None:
        self.instance = WebAssembly.Instance(module(kind, memories, pages))
        self.memories = [self.instance.exports[f"m{index}"] for index in range(memories)]
        self.memory = self.memories[0]
        self.instances = [memory._memory for memory in self.memories]

    def call(self, name: str, *arguments: int, memory: int = 0) -> Any:
        """The result of a function; ``"oob"`` where it traps out of bounds, ``"r"`` where it must not write."""
        try:
            return self.instance.exports[f"{name}.{memory}"](*arguments)
        except WebAssembly.RuntimeError as trap:
            if "read-only" in str(trap):
                return "r"
            if str(trap) != "out of bounds memory access":
                raise
            return "oob"

    def traps(self, name: str, *arguments: int, memory: int = 0) -> bool:
        """Whether an access is out of bounds."""
        exported = self.instance.exports[f"{name}.{memory}"]
        try:
            exported(*arguments)
        except WebAssembly.RuntimeError as trap:
            assert str(trap) == "out of bounds memory access"
            return True
        return False


def guest_with_storage(size: int = 12 * PAGE) -> Guest:
    """A guest that has donated bytes for memory blocks, from address 100 on."""
    guest = Guest(pages=ROOMY)
    MemoryBlock.add_storage(guest.memory, 100, size)
    return guest


def preallocated(size: int = PAGE, **options: object) -> SharedHeap:
    """A heap of bytes of its own that gives out none."""
    return SharedHeap(size, backing=bytearray(size), **options)  # type: ignore[arg-type]

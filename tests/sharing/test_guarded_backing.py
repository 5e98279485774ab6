"""Memories whose bytes are somebody's: whatever is mapped or protected, they stay the same bytes."""

from __future__ import annotations

import os
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sharing import HostResource
from tests.sharing.guests import PAGE, traps

GUEST = wat2wasm(
    """(module (memory (import "m" "memory") 2)
      (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"""
)


def _guest(memory: WebAssembly.Memory) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(GUEST), {"m": {"memory": memory}}).exports


def _shares(backing: bytearray, guest: Any, at: int) -> bool:
    guest.store(at, 7)
    backing[at + 1] = 9
    return (backing[at], guest.load(at + 1)) == (7, 9)


def test_a_backed_memory_that_is_protected_keeps_its_bytes() -> None:
    backing = bytearray(2 * PAGE)
    memory = WebAssembly.Memory(backing=backing)
    guest = _guest(memory)
    assert _shares(backing, guest, 0)
    memory.protect(0, PAGE, "r")
    assert _shares(backing, guest, PAGE)
    traps("read-only", lambda: guest.store(0, 1))
    backing[5] = 3
    assert guest.load(5) == 3


@pytest.mark.parametrize("kind", ["buffer", "memfd"])
def test_a_backed_memory_that_something_is_mapped_into_keeps_its_bytes(kind: str) -> None:
    if kind == "memfd" and not hasattr(os, "memfd_create"):
        pytest.skip("files in memory are Linux's")
    backing = bytearray(2 * PAGE)
    memory = WebAssembly.Memory(backing=backing)
    guest = _guest(memory)
    resource = HostResource.anon(PAGE) if kind == "buffer" else HostResource.memfd(PAGE)
    memory.map(resource, at=PAGE)
    guest.store(PAGE, 5)
    assert (resource.read(0, 1), backing[PAGE]) == (b"\5", 0)
    assert _shares(backing, guest, 100)


def test_a_guest_that_maps_has_a_backed_memory() -> None:
    backing = bytearray(2 * PAGE)
    text = """(module
      (import "pyjsapi:mmap" "map" (func $map (param externref i64 i32 i32 i32) (result i32)))
      (memory 2) (func (export "map") (param externref) (result i32)
        (call $map (local.get 0) (i64.const 0) (i32.const 65536) (i32.const 8) (i32.const 3)))
      (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"""
    module = WebAssembly.Module(wat2wasm(text), builtins=["mmap"])
    exports: Any = WebAssembly.Instance(module, memory_overrides={0: {"backing": backing}}).exports
    assert exports.map(HostResource.anon(8)) == PAGE
    assert _shares(backing, exports, 0) and _shares(backing, exports, PAGE + 8)

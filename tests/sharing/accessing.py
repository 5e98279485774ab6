"""A guest that accesses a memory in every way, and a model of what it must see."""

from __future__ import annotations

from typing import Any

from pyjsapi import WebAssembly, wat2wasm

PAGE = 65536

_LOADS = (
    "i32.load8_u i32.load8_s i32.load16_u i32.load16_s i32.load i64.load8_u i64.load8_s i64.load16_u i64.load16_s "
    "i64.load32_u i64.load32_s i64.load f32.load f64.load i32.atomic.load i64.atomic.load i32.atomic.load8_u"
).split()
_STORES = (
    "i32.store8 i32.store16 i32.store i64.store8 i64.store16 i64.store32 i64.store f32.store f64.store "
    "i32.atomic.store i64.atomic.store i32.atomic.store8 i32.atomic.rmw.add i64.atomic.rmw.xchg i32.atomic.rmw8.or_u"
).split()


def _functions(address: str) -> str:
    at = f"(param {address})"
    lines = []
    for name in _LOADS:
        type_ = name[:3]
        lines.append(f'(func (export "{name}") {at} (result {type_}) ({name} (local.get 0)))')
    for name in _STORES:
        type_ = name[:3]
        result = " drop" if "rmw" in name else ""
        lines.append(
            f'(func (export "{name}") {at} (param {type_}) (local.get 0) (local.get 1) {name}{result})'
        )
    lines.append(f"""
      (func (export "v128.load") {at} (result i64)
        (i64x2.extract_lane 1 (v128.load (local.get 0))))
      (func (export "v128.store") {at} (param i64)
        (v128.store (local.get 0) (i64x2.splat (local.get 1))))
      (func (export "v128.store8_lane") {at} (param i64)
        (v128.store8_lane 3 (local.get 0) (i64x2.splat (local.get 1))))
      (func (export "memory.fill") {at} (param i32 {address})
        (memory.fill (local.get 0) (local.get 1) (local.get 2)))
      (func (export "memory.copy") {at} (param {address} {address})
        (memory.copy (local.get 0) (local.get 1) (local.get 2)))
      (func (export "memory.init") {at} (param i32 i32)
        (memory.init $text (local.get 0) (local.get 1) (local.get 2)))
      (func (export "memory.discard") {at} (param {address})
        (memory.discard (local.get 0) (local.get 1)))
      (func (export "memory.grow") {at} (result {address}) (memory.grow (local.get 0)))
      (func (export "memory.size") (result {address}) (memory.size))
      (data $text "the quick brown fox")""")
    return "\n".join(lines)


def guest(memory: Any, address: str = "i32") -> Any:
    """The exports of a guest of a memory, by the names of instructions."""
    type_ = memory.type()
    limits = (
        f"{'i64 ' if address == 'i64' else ''}0 {type_['maximum']}" if "maximum" in type_ else "0"
    )
    shared = " shared" if type_["shared"] else ""
    text = f'(module (import "host" "m" (memory {limits}{shared})) {_functions(address)})'
    module = WebAssembly.Module(wat2wasm(text), features={"memory_control": True})
    return WebAssembly.Instance(module, {"host": {"m": memory}}).exports


def writers(address: int) -> dict[str, tuple[Any, ...]]:
    """Every instruction that writes at an address, with arguments."""
    simple: dict[str, tuple[Any, ...]] = dict.fromkeys(_STORES, (address, 1))
    return simple | {
        "v128.store": (address, 1),
        "v128.store8_lane": (address, 1),
        "memory.fill": (address, 1, 1),
        "memory.copy": (address, 0, 1),
        "memory.init": (address, 0, 1),
        "memory.discard": (address, 1),
    }


def readers(address: int) -> dict[str, tuple[Any, ...]]:
    """Every instruction that reads at an address, with arguments."""
    simple: dict[str, tuple[Any, ...]] = dict.fromkeys(_LOADS, (address,))
    return simple | {"v128.load": (address,), "memory.copy": (0, address, 1)}

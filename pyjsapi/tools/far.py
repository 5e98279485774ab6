"""Accessors for far pointers: numbers that say a memory and an address in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from pyjsapi.text import wat2wasm
from pyjsapi.tools.errors import ToolError
from pyjsapi.validation.limits import Limits

LOADS: Final = {
    "load8_s": ("i32", "i32.load8_s"), "load8_u": ("i32", "i32.load8_u"), "load16_s": ("i32", "i32.load16_s"),
    "load16_u": ("i32", "i32.load16_u"), "load32": ("i32", "i32.load"), "load64": ("i64", "i64.load"),
    "loadf32": ("f32", "f32.load"), "loadf64": ("f64", "f64.load"),
}  # fmt: skip
"""Names of accessors: the type that they give, their instruction."""
STORES: Final = {
    "store8": ("i32", "i32.store8"), "store16": ("i32", "i32.store16"), "store32": ("i32", "i32.store"),
    "store64": ("i64", "i64.store"), "storef32": ("f32", "f32.store"), "storef64": ("f64", "f64.store"),
}  # fmt: skip
"""Names of accessors: the type that they take, their instruction."""
_MEMORY_TYPE: Final = re.compile(
    r"(?:(i32|i64)\s+)?\d+(?:\s+\d+)?(?:\s+shared)?(?:\s+\(pagesize \d+\))?"
)
_STRLEN: Final = """
  (func (export "strlen") (param $far i64) (result i64) (local $at i64)
    (local.set $at (local.get $far))
    (loop $more
      (if (call $load8_u (local.get $at))
        (then (local.set $at (i64.add (local.get $at) (i64.const 1))) (br $more))))
    (i64.sub (local.get $at) (local.get $far)))"""
_COPY: Final = "(param $to i64) (param $from i64) (param $n i64)"
_FILL: Final = "(param $to i64) (param $value i32) (param $n i64)"
_BUILTINS: Final = (
    ("handle", "(param externref) (result i32)"),
    ("ref", "(param i32) (result externref)"),
    ("release", "(param i32)"),
)


def far_accessors(memories: int | Sequence[str] | None = None) -> bytes:
    """A module of functions on far pointers, which are i64: a handle in the upper 32 bits, an address in the lower.

    Exports, with the names and types of the builtin set ``pyjsapi:far``: ``load8_s`` … ``load64``, ``loadf32``,
    ``loadf64``, ``store8`` … ``storef64``, ``copy(to, from, count)``, ``fill(to, value, count)`` and
    ``size(handle) -> i64`` in pages; and ``strlen(pointer) -> i64``, the number of bytes before the first zero.

    ``memories`` says how many memories the module imports, as ``"memories"`` ``"0"``, ``"1"`` …; their numbers are
    the handles. A sequence gives their types, in the text format (``"i64 1"``, ``"1 16 shared"``); a number stands for
    ``"0"``, any unshared memory with 32-bit addresses. Such a module runs on any engine that has several memories.
    ``None`` makes the module from the builtins ``pyjsapi:far`` instead, which it imports: handles are what its export
    ``handle`` gives for a reference to a memory then, and ``ref`` and ``release`` are exported too. A program that
    imports the accessors runs with either.

    An access out of the memory's bounds traps, as does a handle that there is not. Raises `ToolError` for more memories
    than a module can have, and for what is no type of one.
    """
    if memories is None:
        return wat2wasm(_over_builtins())
    most = Limits().memories
    count = memories if isinstance(memories, int) else len(memories)
    if not 1 <= count <= most:
        raise ToolError(f"far accessors work on 1 to {most} memories, not {count}")
    types = ["0"] * count if isinstance(memories, int) else list(memories)
    return wat2wasm(_over_imports([_checked(type_) for type_ in types]))


def _checked(type_: str) -> str:
    if not isinstance(type_, str) or _MEMORY_TYPE.fullmatch(type_) is None:
        raise ToolError(
            f"{type_!r} is not the type of a memory, such as '1', 'i64 1' or '1 16 shared'"
        )
    return type_


def _over_builtins() -> str:
    signatures = [
        ("size", "(param i32) (result i64)"),
        ("copy", _COPY),
        ("fill", _FILL),
        *_BUILTINS,
    ]
    signatures += [(name, f"(param i64) (result {type_})") for name, (type_, _) in LOADS.items()]
    signatures += [(name, f"(param i64 {type_})") for name, (type_, _) in STORES.items()]
    lines = [
        f'  (import "pyjsapi:far" "{n}" (func ${n} {signature}))' for n, signature in signatures
    ]
    lines += [f'  (export "{name}" (func ${name}))' for name, _ in signatures]
    return "\n".join(["(module", *lines, _STRLEN, ")"])


def _over_imports(types: list[str]) -> str:
    lines = [f'  (import "memories" "{k}" (memory {type_}))' for k, type_ in enumerate(types)]
    wide = [type_.startswith("i64") for type_ in types]
    address = [_address("$far", is_wide) for is_wide in wide]
    count = len(types)
    for name, (type_, mnemonic) in LOADS.items():
        cases = _cases("$far", count, _access(mnemonic, address, ""))
        lines.append(
            f'  (func ${name} (export "{name}") (param $far i64) (result {type_}) {cases})'
        )
    for name, (type_, mnemonic) in STORES.items():
        cases = _cases("$far", count, _access(mnemonic, address, " (local.get $v)"))
        lines.append(f'  (func (export "{name}") (param $far i64) (param $v {type_}) {cases})')

    def size(k: int) -> str:
        return f"(memory.size {k})" if wide[k] else f"(i64.extend_i32_u (memory.size {k}))"

    sizes = _cases("", count, size, "(local.get $handle)")
    lines.append(f'  (func (export "size") (param $handle i32) (result i64) {sizes})')

    def fill(k: int) -> str:
        return f"(memory.fill {k} {_address('$to', wide[k])} (local.get $value) {_count(wide[k])})"

    lines.append(f'  (func (export "fill") {_FILL} {_cases("$to", count, fill)})')
    for to in range(count):

        def copy(k: int, to: int = to) -> str:
            addresses = f"{_address('$to', wide[to])} {_address('$from', wide[k])}"
            return f"(memory.copy {to} {k} {addresses} {_count(wide[to] and wide[k])})"

        lines.append(f"  (func $copy{to} {_COPY} {_cases('$from', count, copy)})")
    operands = "(local.get $to) (local.get $from) (local.get $n)"
    copies = _cases("$to", count, lambda k: f"(call $copy{k} {operands})")
    lines.append(f'  (func (export "copy") {_COPY} {copies})')
    lines.append("""  (func $count (param $n i64) (result i32)
    (if (i64.gt_u (local.get $n) (i64.const 0xffffffff)) (then (unreachable)))
    (i32.wrap_i64 (local.get $n)))""")
    return "\n".join(["(module", *lines, _STRLEN, ")"])


def _access(mnemonic: str, address: Sequence[str], value: str) -> Callable[[int], str]:
    return lambda k: f"({mnemonic} {k} {address[k]}{value})"


def _address(pointer: str, wide: bool) -> str:
    """The address in a far pointer, for a memory that may have 64-bit addresses."""
    if wide:
        return f"(i64.and (local.get {pointer}) (i64.const 0xffffffff))"
    return f"(i32.wrap_i64 (local.get {pointer}))"


def _count(wide: bool) -> str:
    return "(local.get $n)" if wide else "(call $count (local.get $n))"


def _cases(pointer: str, count: int, case: Callable[[int], str], handle: str = "") -> str:
    """Code that does something for the memory of a far pointer, and traps if there is none."""
    handle = handle or f"(i32.wrap_i64 (i64.shr_u (local.get {pointer}) (i64.const 32)))"
    labels = " ".join(f"$m{k}" for k in range(count))
    code = f"(br_table {labels} $none {handle})"
    for k in range(count):
        code = f"(block $m{k} {code})\n    (return {case(k)})"
    return f"\n    (block $none {code})\n    (unreachable)"

"""Adapters between two modules with a memory each, as the component model fuses components (canonical ABI)."""

from __future__ import annotations

from typing import Final

from pyjsapi.text import wat2wasm
from pyjsapi.tools.utf8 import VALIDATOR
from pyjsapi.tools.wit import (
    MOST_FLAT_PARAMS,
    MOST_FLAT_RESULTS,
    STRING,
    FunctionType,
    ListType,
    Primitive,
    RecordType,
    Type,
    alignment,
    flattened,
    is_plain,
    offsets,
    parse,
    size,
)

MOST_BYTES: Final = (1 << 28) - 1
"""Bytes of a string or list (canonical ABI: MAX_STRING_BYTE_LENGTH, MAX_LIST_BYTE_LENGTH)."""

_LOADS: Final = {
    "bool": "i32.load8_u", "u8": "i32.load8_u", "s8": "i32.load8_u", "u16": "i32.load16_u", "s16": "i32.load16_u",
    "u32": "i32.load", "s32": "i32.load", "char": "i32.load", "u64": "i64.load", "s64": "i64.load", "f32": "f32.load",
    "f64": "f64.load",
}  # fmt: skip
_STORES: Final = {1: "i32.store8", 2: "i32.store16"}
_NARROW: Final = {
    "u8": "(i32.and {} (i32.const 0xff))", "u16": "(i32.and {} (i32.const 0xffff))", "s8": "(i32.extend8_s {})",
    "s16": "(i32.extend16_s {})",
}  # fmt: skip
_CHECKED: Final = {"bool": "(i32.ne {} (i32.const 0))", "char": "(call $char {})"}
_CHAR: Final = """
  (func $char (param $c i32) (result i32)
    (if (i32.or (i32.ge_u (local.get $c) (i32.const 0x110000))
                (i32.eq (i32.and (local.get $c) (i32.const 0xfffff800)) (i32.const 0xd800)))
      (then (unreachable)))
    (local.get $c))"""


def make_adapter(
    signature: str, *, post_return: bool = False, validate_utf8: bool = False
) -> bytes:
    """A module whose exports let one module call functions of another one that shares no memory with it.

    ``signature`` is in the notation of the component model, with definitions of records where they are needed::

        record point { x: f64, y: f64 }
        label: func(at: point, tags: list<string>) -> string;

    The adapter imports ``memory`` and ``cabi_realloc`` of both modules, from ``"caller"`` and from ``"callee"``, and
    the functions from ``"callee"`` as they are lifted: with the core types that the canonical ABI gives an export. It
    exports each under its name as it is lowered, with the core types that the caller imports. Arguments are copied into
    the callee's memory, results into the caller's, each to a place that the receiver's ``cabi_realloc`` gives; lists
    of numbers, and of records of nothing else that have no padding, by one ``memory.copy``. ``post_return`` calls the
    callee's ``cabi_post_`` function after the results are copied.

    Traps as the canonical ABI says: for what is not aligned or out of bounds, lists and strings of 2^28 bytes and more,
    and chars that are none. Strings are UTF-8 on both sides. That they are well-formed is only asked with
    ``validate_utf8``; without, the callee gets the caller's bytes. Bits of NaNs are kept.

    A caller that defines its memory exists before the adapter does: it calls through a table, or its memory and
    ``cabi_realloc`` come from a module of their own.

    Raises `ToolError`, with line and column, for a signature that cannot be read.
    """
    if not isinstance(signature, str):
        raise TypeError(
            f"make_adapter(): the signature is a string, not {type(signature).__name__}"
        )
    return wat2wasm(_Adapter(parse(signature), post_return, validate_utf8).text())


class _Side:
    """A direction that values take: in, from the caller to the callee, or out."""

    def __init__(self, name: str, source: int) -> None:
        self.name = name
        self.source = source
        """Memory that values are read from."""
        self.target = 1 - source

    def __str__(self) -> str:
        return self.name


_IN: Final = _Side("in", 0)
_OUT: Final = _Side("out", 1)


class _Function:
    """A function under construction."""

    def __init__(self) -> None:
        self.locals: list[str] = []
        self.lines: list[str] = []

    def add(self, *lines: str) -> None:
        """Append instructions."""
        self.lines += lines

    def local(self, type_: str = "i32") -> str:
        """A new local."""
        name = f"$v{len(self.locals)}"
        self.locals.append(f"(local {name} {type_})")
        return name

    def set(self, value: str, type_: str = "i32") -> str:
        """A new local with a value; gives code that reads it."""
        name = self.local(type_)
        self.add(f"(local.set {name} {value})")
        return f"(local.get {name})"

    def text(self, head: str) -> str:
        """The function."""
        return "\n    ".join([f"  (func {head}", *self.locals, *self.lines]) + ")"


class _Adapter:
    def __init__(self, functions: dict[str, FunctionType], post_return: bool, utf8: bool) -> None:
        self.functions = functions
        self.post_return = post_return
        self.utf8 = utf8
        self._movers: dict[tuple[Type, str], str] = {}
        self._parts: list[str] = []

    def text(self) -> str:
        """The module's text."""
        imports = []
        for k, side in enumerate(("caller", "callee")):
            imports.append(f'  (import "{side}" "memory" (memory $memory{k} 0))')
            realloc = "(param i32 i32 i32 i32) (result i32)"
            imports.append(f'  (import "{side}" "cabi_realloc" (func $realloc{k} {realloc}))')
        for k, (name, type_) in enumerate(self.functions.items()):
            self._function(k, name, type_, imports)
        shared = [_CHAR]
        if self.utf8:
            shared += [VALIDATOR.format(memory=k) for k in (0, 1)]
        return "\n".join(["(module", *imports, *shared, *self._parts, ")"])

    def _function(self, k: int, name: str, type_: FunctionType, imports: list[str]) -> None:
        flat = [core for param in type_.params for core in flattened(param)]
        results = [] if type_.result is None else flattened(type_.result)
        spilled = len(flat) > MOST_FLAT_PARAMS
        returned = len(results) > MOST_FLAT_RESULTS
        params = ["i32"] if spilled else flat
        lifted = "i32" if returned else " ".join(results)
        result = f" (result {lifted})" if results else ""
        signature = "".join(f" (param {core})" for core in params) + result
        imports.append(f'  (import "callee" "{name}" (func $callee{k}{signature}))')
        code = _Function()
        if spilled:
            record = RecordType("params", type_.params)
            given = "(local.get 0)"
            self._check_aligned(code, given, record)
            place = self._allocated(code, record, 1)
            self._copy(code, record, (given, 0), (place, 0), _IN)
            arguments = place
        else:
            given_ = [f"(local.get {index})" for index in range(len(flat))]
            moved = []
            for param in type_.params:
                count = len(flattened(param))
                moved += self._pass(code, param, given_[:count], _IN)
                given_ = given_[count:]
            arguments = " ".join(moved)
        call = f"(call $callee{k} {arguments})"
        head = f'(export "{name}")' + "".join(f" (param {core})" for core in params)
        if type_.result is None:
            code.add(call)
            self._post(code, k, name, "", "", imports)
        elif returned:
            head += " (param i32)"
            at, to = code.set(call), f"(local.get {len(params)})"
            self._check_aligned(code, at, type_.result)
            self._check_aligned(code, to, type_.result)
            self._copy(code, type_.result, (at, 0), (to, 0), _OUT)
            self._post(code, k, name, at, "i32", imports)
        else:
            head += result
            value = code.set(call, results[0])
            (out,) = self._pass(code, type_.result, [value], _OUT)
            out = code.set(out, results[0])
            self._post(code, k, name, value, results[0], imports)
            code.add(out)
        self._parts.append(code.text(head))

    def _post(
        self, code: _Function, k: int, name: str, value: str, core: str, imports: list[str]
    ) -> None:
        """Let the callee free what it returned."""
        if self.post_return:
            param = f" (param {core})" if core else ""
            imports.append(f'  (import "callee" "cabi_post_{name}" (func $post{k}{param}))')
            code.add(f"(call $post{k} {value})")

    def _pass(self, code: _Function, type_: Type, flat: list[str], side: _Side) -> list[str]:
        """Core values for the other side, given as code that may be run once, in order."""
        if isinstance(type_, RecordType):
            found = []
            for field in type_.fields:
                count = len(flattened(field))
                found += self._pass(code, field, flat[:count], side)
                flat = flat[count:]
            return found
        if isinstance(type_, ListType) or type_ == STRING:
            place = code.set(f"(call {self._mover(type_, side)} {flat[0]} {flat[1]})")
            return [place, flat[1]]
        form = _NARROW.get(type_.name) or _CHECKED.get(type_.name, "{}")
        return [form.format(flat[0])]

    def _copy(
        self, code: _Function, type_: Type, from_: tuple[str, int], to: tuple[str, int], side: _Side
    ) -> None:
        """Code that copies a value from one memory to the other; places are code for an address, and an offset."""
        source, target = f"{side.source} offset={from_[1]}", f"{side.target} offset={to[1]}"
        if isinstance(type_, RecordType):
            for field, offset in zip(type_.fields, offsets(type_), strict=True):
                here, there = (from_[0], from_[1] + offset), (to[0], to[1] + offset)
                self._copy(code, field, here, there, side)
        elif isinstance(type_, ListType) or type_ == STRING:
            count = code.set(f"(i32.load {side.source} offset={from_[1] + 4} {from_[0]})")
            call = f"(call {self._mover(type_, side)} (i32.load {source} {from_[0]}) {count})"
            place = code.set(call)
            code.add(f"(i32.store {target} {to[0]} {place})")
            code.add(f"(i32.store {side.target} offset={to[1] + 4} {to[0]} {count})")
        else:
            load = _LOADS[type_.name]
            value = _CHECKED.get(type_.name, "{}").format(f"({load} {source} {from_[0]})")
            store = _STORES.get(size(type_), load.replace("load", "store"))
            code.add(f"({store} {target} {to[0]} {value})")

    def _mover(self, type_: Primitive | ListType, side: _Side) -> str:
        """A function that copies a string or list: address and length to the new address."""
        known = self._movers.get((type_, side.name))
        if known is None:
            known = self._movers[type_, side.name] = f"$move{len(self._movers)}_{side}"
            element = type_.element if isinstance(type_, ListType) else Primitive("u8")
            code = _Function()
            each = size(element)
            code.add(
                f"(if (i32.gt_u (local.get $n) (i32.const {MOST_BYTES // each})) (then (unreachable)))"
            )
            self._check_aligned(code, "(local.get $p)", element)
            if type_ == STRING and self.utf8:
                code.add(f"(call $utf8_{side.source} (local.get $p) (local.get $n))")
            bytes_ = code.set(f"(i32.mul (local.get $n) (i32.const {each}))")
            arguments = f"(i32.const 0) (i32.const 0) (i32.const {alignment(element)}) {bytes_}"
            place = code.set(f"(call $realloc{side.target} {arguments})")
            self._check_aligned(code, place, element)
            if is_plain(element):
                code.add(
                    f"(memory.copy {side.target} {side.source} {place} (local.get $p) {bytes_})"
                )
            else:
                self._each(code, element, place, bytes_, side)
            code.add(place)
            self._parts.append(code.text(f"{known} (param $p i32) (param $n i32) (result i32)"))
        return known

    def _each(self, code: _Function, element: Type, place: str, bytes_: str, side: _Side) -> None:
        """Code that copies the elements of a list one by one."""
        self._check_bounds(code, "(local.get $p)", bytes_, side.source)
        self._check_bounds(code, place, bytes_, side.target)
        to, end = code.local(), code.set(f"(i32.add (local.get $p) {bytes_})")
        code.add(f"(local.set {to} {place})", "(block $done (loop $next")
        code.add(f"(br_if $done (i32.eq (local.get $p) {end}))")
        self._copy(code, element, ("(local.get $p)", 0), (f"(local.get {to})", 0), side)
        for pointer in ("$p", to):
            code.add(
                f"(local.set {pointer} (i32.add (local.get {pointer}) (i32.const {size(element)})))"
            )
        code.add("(br $next)))")

    def _allocated(self, code: _Function, type_: Type, memory: int) -> str:
        """A new place for a value."""
        arguments = (
            f"(i32.const 0) (i32.const 0) (i32.const {alignment(type_)}) (i32.const {size(type_)})"
        )
        place = code.set(f"(call $realloc{memory} {arguments})")
        self._check_aligned(code, place, type_)
        return place

    @staticmethod
    def _check_aligned(code: _Function, place: str, type_: Type) -> None:
        mask = alignment(type_) - 1
        if mask:
            code.add(f"(if (i32.and {place} (i32.const {mask})) (then (unreachable)))")

    @staticmethod
    def _check_bounds(code: _Function, place: str, bytes_: str, memory: int) -> None:
        end = f"(i64.add (i64.extend_i32_u {place}) (i64.extend_i32_u {bytes_}))"
        limit = f"(i64.shl (i64.extend_i32_u (memory.size {memory})) (i64.const 16))"
        code.add(f"(if (i64.gt_u {end} {limit}) (then (unreachable)))")

"""Modules that are made for one purpose: to have what the C API cannot make, or cannot describe.

Closed types name each other; `open_types` gives them indices again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pyjsapi.binary.encoder import encode_module
from pyjsapi.blocks.integers import OPERATIONS
from pyjsapi.syntax.deftypes import DefType, map_comp, map_val
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Code, Export, Func, Import, Instr, Module
from pyjsapi.syntax.types import (
    ANY,
    I32,
    I64,
    ExternType,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    RecRef,
    RecType,
    RefType,
    SubType,
    TableType,
    ValType,
    ref_type,
)

EXPORT: Final = "x"
"""What the module's one thing is exported as."""
ATOMIC_ACTIONS: Final = ("load", "store", "cmpxchg", *OPERATIONS)
_END: Final[Instr] = (BY_MNEMONIC["end"],)


class _Types:
    """Types of a module that is being made."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._starts: dict[int, int] = {}
        self._count = 0

    def index(self, type_: DefType) -> int:
        """The index of a closed type; its group, and those that it names, are added."""
        group = type_.group
        start = self._starts.get(id(group))
        if start is None:
            rec = group.rec
            opened = [map_comp(sub.comp, self._open_outside) for sub in rec.subtypes]
            supers = [tuple(map(self._open_outside, sub.supers)) for sub in rec.subtypes]
            # Those of other groups are there now: the group's own indices are known.
            start = self._starts[id(group)] = self._count
            self._count += len(rec.subtypes)

            def own(heap: HeapType, start: int = start) -> HeapType:
                return start + heap.index if isinstance(heap, RecRef) else heap

            self._module.types.append(
                RecType(
                    tuple(
                        SubType(sub.final, tuple(map(own, above)), map_comp(comp, own))
                        for sub, above, comp in zip(rec.subtypes, supers, opened, strict=True)
                    )
                )
            )
        return start + type_.index

    def _open_outside(self, heap: HeapType) -> HeapType:
        return self.index(heap) if isinstance(heap, DefType) else heap

    def add(self, type_: FuncType) -> int:
        """The index of a type of its own."""
        self._module.types.append(RecType((SubType(True, (), type_),)))
        self._count += 1
        return self._count - 1

    def value(self, type_: ValType) -> ValType:
        """A closed value type with indices."""
        return map_val(type_, self._open_outside)

    def reference(self, type_: RefType) -> RefType:
        """Likewise for references."""
        found = self.value(type_)
        return found if isinstance(found, RefType) else type_


def memory_module(type_: MemType) -> bytes:
    """A module with a memory."""
    module = Module(mems=[type_])
    module.exports.append(Export(EXPORT, "memory", 0))
    return encode_module(module)


def import_module(type_: ExternType) -> bytes:
    """A module that imports something of a closed type: what the C API says of the import is its type."""
    module = Module()
    types = _Types(module)
    module.imports.append(Import("", "", _opened(types, type_)))
    return encode_module(module)


def _opened(types: _Types, type_: ExternType) -> ExternType:
    if isinstance(type_, TableType):
        return replace(type_, reftype=types.reference(type_.reftype))
    if isinstance(type_, GlobalType):
        return GlobalType(types.value(type_.valtype), type_.mutable)
    if isinstance(type_, MemType):
        return type_
    if not isinstance(type_.type, DefType):
        raise TypeError("the type is not closed")
    return replace(type_, type=types.index(type_.type))


def _atomic(action: str, size: int) -> tuple[str, ValType]:
    """The mnemonic of an atomic instruction on so many bytes, and the type of its values."""
    type_ = I64 if size == 8 else I32
    narrow = str(8 * size) if size < 4 else ""
    end = "_u" if narrow and action != "store" else ""
    if action in ("load", "store"):
        return f"{type_.name}.atomic.{action}{narrow}{end}", type_
    return f"{type_.name}.atomic.rmw{narrow}.{action}{end}", type_


def atomics_module(type_: MemType) -> bytes:
    """A module that imports a shared memory and exports its atomic instructions: ``load4``, ``add8`` …"""
    module = Module()
    types = _Types(module)
    module.imports.append(Import("", "", replace(type_, minimum=0)))
    for action in ATOMIC_ACTIONS:
        for size in (1, 2, 4, 8):
            mnemonic, value = _atomic(action, size)
            given = {"load": 0, "cmpxchg": 2}.get(action, 1)
            results = () if action == "store" else (value,)
            function = types.add(FuncType((type_.addrtype, *[value] * given), results))
            body: list[Instr] = [(BY_MNEMONIC["local.get"], at) for at in range(1 + given)]
            body += [(BY_MNEMONIC[mnemonic], 0, size.bit_length() - 1, 0), _END]
            module.exports.append(Export(f"{action}{size}", "func", len(module.funcs)))
            module.funcs.append(Func(function, Code((), body)))
    return encode_module(module)


def test_module(heap: HeapType) -> bytes:
    """A module with a function that tells whether a reference of the hierarchy of ``any`` is of a heap type."""
    module = Module()
    types = _Types(module)
    target = types.index(heap) if isinstance(heap, DefType) else heap
    function = types.add(FuncType((ref_type(True, ANY),), (I32,)))
    body: list[Instr] = [(BY_MNEMONIC["local.get"], 0), (BY_MNEMONIC["ref.test"], target), _END]
    module.funcs.append(Func(function, Code((), body)))
    module.exports.append(Export(EXPORT, "func", 0))
    return encode_module(module)

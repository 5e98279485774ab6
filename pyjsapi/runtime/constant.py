"""Evaluation of constant expressions (core: "Instantiation")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from pyjsapi.blocks.floats import f32_from_bits, f64_from_bits
from pyjsapi.runtime.descriptors import new_described
from pyjsapi.runtime.gc import (
    I31_MASK,
    ArrayInst,
    StructInst,
    default_of,
    externalize,
    internalize,
    new_array,
    pack,
)
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.module import Expr, Instr
from pyjsapi.syntax.types import ArrayType, StructType

_M32: Final = 0xFFFFFFFF
_M64: Final = 0xFFFFFFFFFFFFFFFF

_BINARY: Final[dict[str, Callable[[int, int], int]]] = {
    "i32.add": lambda a, b: a + b & _M32,
    "i32.sub": lambda a, b: a - b & _M32,
    "i32.mul": lambda a, b: a * b & _M32,
    "i64.add": lambda a, b: a + b & _M64,
    "i64.sub": lambda a, b: a - b & _M64,
    "i64.mul": lambda a, b: a * b & _M64,
}


def _aggregate(instr: Instr, stack: list[Any], types: Sequence[DefType]) -> None:
    mnemonic = instr[0].mnemonic
    match mnemonic:
        case "ref.i31":
            stack.append(stack.pop() & I31_MASK)
            return
        case "any.convert_extern":
            stack.append(internalize(stack.pop()))
            return
        case "extern.convert_any":
            stack.append(externalize(stack.pop()))
            return
    type_ = types[instr[1]]
    comp = type_.comp
    if isinstance(comp, StructType):
        descriptor = stack.pop() if type_.descriptor is not None else None
        fields = comp.fields
        if "default" in mnemonic:
            values = [default_of(field.storage) for field in fields]
        else:
            values = _pop(stack, len(fields))
            values = [pack(value, f.storage) for value, f in zip(values, fields, strict=True)]
        described = type_.descriptor is not None
        made = new_described(type_, values, descriptor) if described else StructInst(type_, values)
        stack.append(made)
    elif isinstance(comp, ArrayType):
        storage = comp.field.storage
        if mnemonic == "array.new_fixed":
            elements = [pack(value, storage) for value in _pop(stack, instr[2])]
            stack.append(ArrayInst(type_, elements))
        else:
            count = stack.pop()
            new = mnemonic == "array.new"
            value = pack(stack.pop(), storage) if new else default_of(storage)
            stack.append(new_array(type_, value, count))


def _pop(stack: list[Any], count: int) -> list[Any]:
    start = len(stack) - count
    values = stack[start:]
    del stack[start:]
    return values


def evaluate(expr: Expr, instance: ModuleInstance) -> Any:
    """The value of a valid constant expression over the instance's globals and functions so far."""
    stack: list[Any] = []
    for instr in expr:
        mnemonic = instr[0].mnemonic
        match mnemonic:
            case "i32.const" | "i64.const" | "v128.const":
                stack.append(instr[1])
            case "f32.const":
                stack.append(f32_from_bits(instr[1]))
            case "f64.const":
                stack.append(f64_from_bits(instr[1]))
            case "global.get":
                stack.append(instance.globals[instr[1]].cell[0])
            case "ref.null":
                stack.append(None)
            case "ref.func":
                stack.append(instance.funcs[instr[1]])
            case "end":
                break
            case _ if mnemonic not in _BINARY:
                _aggregate(instr, stack, instance.context.types)
            case _:
                right = stack.pop()
                stack.append(_BINARY[mnemonic](stack.pop(), right))
    return stack.pop()

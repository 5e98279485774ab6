"""Evaluation of constant expressions (core: "Instantiation")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pyjsapi.runtime.floats import f32_from_bits, f64_from_bits
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.syntax.module import Expr

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
            case _:
                right = stack.pop()
                stack.append(_BINARY[mnemonic](stack.pop(), right))
    return stack.pop()

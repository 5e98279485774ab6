"""Tests of references against types, as conditions in generated code.

The operand and the type that it is tested against are of one hierarchy, so a test asks no more than what tells the
types of that hierarchy apart: the Python class of a reference, and the defined type of an instance.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.expression import P_AND, P_COMPARE, P_NOT, P_OR, Entry
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.notes import Condition
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.types import (
    ANY,
    ARRAY,
    EQ,
    EXN,
    EXTERN,
    FUNC,
    I31,
    STRUCT,
    ArrayType,
    Exact,
    HeapType,
    RefType,
    StructType,
)

_NOT_NULL: Final = "{0} is not None"
_CLASSES: Final[dict[HeapType, str]] = {
    ANY: _NOT_NULL,
    FUNC: _NOT_NULL,
    EXTERN: _NOT_NULL,
    EXN: _NOT_NULL,
    EQ: "{0}.__class__ in eq_classes",
    I31: "{0}.__class__ is int",
    STRUCT: "{0}.__class__ is Struct",
    ARRAY: "{0}.__class__ is Array",
}
"""Tests for the abstract heap types that are not empty."""


def _defined(scope: ModuleScope, name: str, typeidx: int) -> tuple[str, int]:
    type_ = scope.types[typeidx]
    known = f"Y[{typeidx}]"
    exact = f"{name}.type is {known}"
    test = exact if type_.final else f"({exact} or {name}.type.is_subtype_of({known}))"
    return f"{_class_test(name, type_)} and {test}", P_AND


def _exactly(scope: ModuleScope, name: str, typeidx: HeapType) -> str:
    if not isinstance(typeidx, int):
        raise ValueError(f"{typeidx} is no type index")
    return f"{_class_test(name, scope.types[typeidx])} and {name}.type is Y[{typeidx}]"


def _class_test(name: str, type_: DefType) -> str:
    if isinstance(type_.comp, StructType):
        return f"{name}.__class__ is Struct"
    if isinstance(type_.comp, ArrayType):
        return f"{name}.__class__ is Array"
    return f"{name} is not None"


def test_of(scope: ModuleScope, name: str, heap: HeapType, nullable: bool) -> tuple[str, int]:
    """Condition and its precedence: whether the variable ``name`` holds a reference of the type.

    ``heap`` is as the module writes it: an abstract heap type or a type index.
    """
    if isinstance(heap, int):
        text, prec = _defined(scope, name, heap)
    elif isinstance(heap, Exact):
        text, prec = _exactly(scope, name, heap.type), P_AND
    elif heap in _CLASSES:
        text, prec = _CLASSES[heap].format(name), P_COMPARE
    else:  # none, nofunc, noextern, noexn: only null is of these types
        return (f"{name} is None", P_COMPARE) if nullable else ("False", P_COMPARE)
    return (f"{name} is None or {text}", P_OR) if nullable else (text, prec)


def null_test(name: str) -> Condition:
    """Condition of ``br_on_null``."""
    return Condition(f"{name} is None", f"{name} is not None")


def pop_descriptor(frame: Frame) -> Entry:
    """The descriptor that a cast which branches takes; the reference below it stays, with all that came before done."""
    descriptor = frame.materialise(frame.pop(), len(frame.stack))
    frame.stack.append(frame.materialise(frame.pop(), len(frame.stack)))
    frame.settle(0, True, True)
    return descriptor


def descriptor_test(name: str, descriptor: str, target: RefType, on_fail: bool) -> Condition:
    """Condition of ``br_on_cast_desc_eq`` or, ``on_fail``, of ``br_on_cast_desc_eq_fail``; it may trap."""
    text = f"has_descriptor({name},{descriptor},{target.nullable})"
    test = Condition(text, f"not {text}")
    return test.opposite if on_fail else test


def branch_test(scope: ModuleScope, name: str, target: RefType, on_fail: bool) -> Condition:
    """Condition of ``br_on_cast`` or, ``on_fail``, of ``br_on_cast_fail``."""
    text, prec = test_of(scope, name, target.heap, target.nullable)
    opposite = f"not {text}" if prec > P_NOT else f"not ({text})"
    test = Condition(text, opposite)
    return test.opposite if on_fail else test

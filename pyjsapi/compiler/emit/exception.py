"""Throwing (core: "Control Instructions", "throw" and "throw_ref"), in structured code and in state machines.

Generated code raises the `ExnInst` itself; ``X`` is the instance's list of tags.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.expression import ATOM, P_CONDITIONAL, P_OR, TOP, Entry
from pyjsapi.compiler.frame import Frame
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.instructions_exceptions import WITH_REF
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import EXN, ref_type

THROW: Final = BY_MNEMONIC["throw"]
THROW_REF: Final = BY_MNEMONIC["throw_ref"]
THROWS: Final = frozenset((THROW, THROW_REF))

_EXN: Final = ref_type(False, EXN)


def throw(frame: Frame, instr: Instr) -> None:
    """Write ``throw`` or ``throw_ref``."""
    if instr[0] is THROW:
        values = frame.pop_values(len(frame.scope.tags[instr[1]]))
        frame.settle(0, True, True)
        payload = "".join(f"{value.at(P_CONDITIONAL)}," for value in values)
        frame.write(f"raise Exn(X[{instr[1]}],({payload}))")
    else:
        reference = frame.pop_canonical()
        frame.settle(0, True, True)
        frame.write(f"raise {reference.at(P_OR)} or null_exception()")


def clause_values(frame: Frame, kind: str, tagidx: int | None, exn: str) -> list[Entry]:
    """What a catch clause gives to its label, from the variable that holds the exception."""
    types = () if tagidx is None else frame.scope.tags[tagidx]
    values = [
        Entry(type_, f"{exn}.payload[{i}]", ATOM, 0, TOP.get(type_, 0))
        for i, type_ in enumerate(types)
    ]
    if kind in WITH_REF:
        values.append(Entry(_EXN, exn, ATOM))
    return values

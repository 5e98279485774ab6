"""The stacks of the validation algorithm (core specification, appendix "Validation Algorithm")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import BY_MNEMONIC, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import (
    BOT,
    BOT_HEAP,
    BotType,
    Exact,
    NumType,
    RefType,
    ValType,
)
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import check_limit
from pyjsapi.validation.matching import match_val
from pyjsapi.validation.types import TypeChecker

Types: TypeAlias = list[ValType]

Frame: TypeAlias = tuple[Op, Types, Types, Types, int, int]
"""A control frame: its instruction, start types, end types, the types of its label, the height of the value
stack (the position of its floor) and of the initialisation stack."""

Signature: TypeAlias = tuple[int, Types, Types]
"""Number of parameters, parameters, results."""

FLOOR: Final = BotType("floor", 0, 0)
"""Marks the bottom of a block on the value stack, so that no check of the top need compare heights."""
POLYMORPHIC: Final = BotType("polymorphic", 0, 0)
"""The floor of a block that has become unreachable: below it lie as many operands of any type as are asked for."""
UNSET: Final = BotType("unset", 0, 0)
"""Stands for a local that has not been initialised."""

_SHOWN: Final = 20
"""Most types of a stack that a message writes out."""

LOOP: Final = BY_MNEMONIC["loop"]
IF: Final = BY_MNEMONIC["if"]


def show(types: Sequence[ValType]) -> str:
    """A result type as messages write it; of a long one the end, which is the top of the stack."""
    shown = [_show(type_) for type_ in types[-_SHOWN:]]
    if len(types) > _SHOWN:
        shown.insert(0, "...")
    return f"[{' '.join(shown)}]"


def _show(type_: ValType) -> str:
    if isinstance(type_, RefType) and isinstance(type_.heap, DefType):
        return f"(ref {'null ' if type_.nullable else ''}{type_.heap})"
    if isinstance(type_, RefType) and isinstance(type_.heap, Exact):
        return f"(ref {'null ' if type_.nullable else ''}(exact {type_.heap.type}))"
    return type_.name


class State:
    """What is known while one function body after the other is validated."""

    __slots__ = (
        "addrtypes", "checker", "context", "frames", "gets", "inits", "iterator", "locals", "results", "signatures",
        "vals",
    )  # fmt: skip

    def __init__(self, context: Context, checker: TypeChecker) -> None:
        self.context = context
        self.checker = checker
        self.addrtypes: list[NumType] = [mem.addrtype for mem in context.mems]
        """Address types of the memory index space."""
        self.signatures: list[Signature] = function_signatures(context)
        """Signatures of the function index space."""
        self.vals: Types = []
        self.frames: list[Frame] = []
        self.locals: Types = []
        self.gets: Types = []
        """What ``local.get`` gives: `UNSET` for locals that are not yet initialised."""
        self.inits: list[int] = []
        """Locals that have been initialised, in order."""
        self.results: Types = []
        self.iterator: Iterator[Instr] = iter(())

    # --- the value stack ---

    def pop_types(self, types: Sequence[ValType]) -> None:
        """Pop operands of these types, the last from the top. Nothing is popped when they do not match."""
        vals = self.vals
        height = len(vals)
        for expected in reversed(types):
            height -= 1
            actual = vals[height]
            if actual is not expected:
                if actual is POLYMORPHIC:
                    del vals[height + 1 :]
                    return
                if actual is FLOOR or not match_val(actual, expected):
                    raise self.mismatch(types)
        del vals[height:]

    def check_types(self, types: Sequence[ValType]) -> None:
        """Check that operands of these types are on the stack."""
        vals = self.vals
        height = len(vals)
        for expected in reversed(types):
            height -= 1
            actual = vals[height]
            if actual is not expected:
                if actual is POLYMORPHIC:
                    return
                if actual is FLOOR or not match_val(actual, expected):
                    raise self.mismatch(types)

    def push_types(self, types: Sequence[ValType]) -> None:
        """Push results, of which there may be many."""
        self.vals += types
        self.check_height()

    def check_height(self) -> None:
        """Check that a small body with large results does not fill the memory."""
        check_limit(
            len(self.vals), self.checker.limits.operands, "operands", "operands on the stack"
        )

    def pop_any(self) -> ValType:
        """Pop an operand of any type; `BOT` from a polymorphic stack."""
        actual = self.vals[-1]
        if actual is POLYMORPHIC:
            return BOT
        if actual is FLOOR:
            raise ValidationError("type mismatch: instruction requires an operand but stack has []")
        return self.vals.pop()

    def pop_ref(self) -> RefType:
        """Pop an operand that is a reference."""
        actual = self.pop_any()
        if isinstance(actual, RefType):
            return actual
        if actual is BOT:
            return RefType(False, BOT_HEAP)
        raise ValidationError(
            f"type mismatch: instruction requires reference type but stack has {actual}"
        )

    def available(self, count: int) -> Types:
        """The topmost operands of the current block, at most ``count``."""
        vals = self.vals
        floor = self.frames[-1][4]
        return vals[max(floor + 1, len(vals) - count) :]

    def mismatch(self, types: Sequence[ValType], what: str = "instruction") -> ValidationError:
        """The error for operands that are not of the types that ``what`` requires."""
        has = show(self.available(len(types)))
        return ValidationError(f"type mismatch: {what} requires {show(types)} but stack has {has}")

    # --- the control stack ---

    def push_frame(self, op: Op, start: Types, end: Types) -> None:
        """Enter a block whose parameters have been popped."""
        vals = self.vals
        label = start if op is LOOP else end
        self.frames.append((op, start, end, label, len(vals), len(self.inits)))
        vals.append(FLOOR)
        if start:
            self.push_types(start)

    def pop_frame(self) -> Frame:
        """Leave the current block; its operands must be exactly its results, which are not pushed."""
        frame = self.frames[-1]
        end = frame[2]
        floor = frame[4]
        vals = self.vals
        extra = len(vals) - floor - 1 - len(end)
        if extra > 0:
            raise ValidationError(
                f"type mismatch: block requires {show(end)} but stack has {show(vals[floor + 1 :])}"
            )
        if end:
            self.check_types(end)
        del vals[floor:]
        if len(self.inits) > frame[5]:
            self.reset_locals(frame[5])
        self.frames.pop()
        return frame

    def reset_locals(self, height: int) -> None:
        """Forget which locals have been initialised above this height of the initialisation stack."""
        for local in self.inits[height:]:
            self.gets[local] = UNSET
        del self.inits[height:]

    def unreachable(self) -> None:
        """Make the rest of the current block unreachable."""
        vals = self.vals
        floor = self.frames[-1][4]
        del vals[floor + 1 :]
        vals[floor] = POLYMORPHIC

    def label(self, index: int) -> Types:
        """The types of a label."""
        try:
            return self.frames[-1 - index][3]
        except IndexError:
            raise ValidationError(f"unknown label {index}") from None


def function_signatures(context: Context) -> list[Signature]:
    """The signatures of a function index space; functions of one type share theirs."""
    known: dict[int, Signature] = {}
    signatures = []
    for deftype in context.funcs:
        signature = known.get(id(deftype))
        if signature is None:
            func = deftype.func
            signature = (len(func.params), list(func.params), list(func.results))
            known[id(deftype)] = signature
        signatures.append(signature)
    return signatures

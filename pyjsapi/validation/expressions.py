"""Validation of constant expressions (core specification, "Validation: Constant Expressions")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import BY_MNEMONIC, Op
from pyjsapi.syntax.module import Expr, Instr, op_of
from pyjsapi.syntax.types import F32, F64, FUNC, FUNCREF, I32, I64, V128, ValType, ref_type
from pyjsapi.validation.context import Context
from pyjsapi.validation.matching import match_val
from pyjsapi.validation.requirements import require_feature
from pyjsapi.validation.rules import RULES
from pyjsapi.validation.state import State, show
from pyjsapi.validation.types import TypeChecker

_CONSTANTS: Final[dict[Op, ValType]] = {
    BY_MNEMONIC["i32.const"]: I32,
    BY_MNEMONIC["i64.const"]: I64,
    BY_MNEMONIC["f32.const"]: F32,
    BY_MNEMONIC["f64.const"]: F64,
    BY_MNEMONIC["v128.const"]: V128,
}
_ARITHMETIC: Final[dict[Op, ValType]] = {
    BY_MNEMONIC[f"{type_}.{family}"]: type_
    for type_ in (I32, I64)
    for family in ("add", "sub", "mul")
}
_GC: Final = frozenset(
    BY_MNEMONIC[name]
    for name in (
        "struct.new", "struct.new_default", "array.new", "array.new_default", "array.new_fixed",
        "struct.new_desc", "struct.new_default_desc", "ref.i31", "any.convert_extern", "extern.convert_any",
    )
)  # fmt: skip
_REF_NULL: Final = BY_MNEMONIC["ref.null"]
_REF_FUNC: Final = BY_MNEMONIC["ref.func"]
_GLOBAL_GET: Final = BY_MNEMONIC["global.get"]
_BLOCK: Final = BY_MNEMONIC["block"]
_END: Final = BY_MNEMONIC["end"]


FUNCTION: Final = ref_type(False, FUNC)
"""The type of a list of function indices: of a segment that is as old as tables, whatever its type is called now."""


def names_function(expr: Expr) -> bool:
    """Whether an element says no more than the index of a function."""
    return len(expr) == 2 and op_of(expr[0]) is _REF_FUNC and op_of(expr[1]) is _END


@dataclass(slots=True)
class ConstantChecker:
    """Checks the constant expressions of one module and notes the functions that they mention."""

    context: Context
    """Its globals are those that an expression may read at the time."""
    checker: TypeChecker
    imported_globals: int
    refs: set[int] = field(default_factory=set)
    """Functions mentioned by ``ref.func``."""
    state: State | None = None
    """For the instructions whose rules are those of function bodies; made when one is met."""

    def check(self, expr: Expr, expected: ValType) -> None:
        """Check that ``expr`` is constant and gives one value of type ``expected``.

        Raises `ValidationError` with the position of the instruction in the expression.
        """
        position = 0
        try:
            for position, instr in enumerate(expr):
                self._check_is_constant(instr, position == len(expr) - 1)
            stack: list[ValType] = []
            for index, instr in enumerate(expr):
                position = index
                self._check_instr(instr, stack)
            if not stack or op_of(expr[-1]) is not _END:
                raise ValidationError(
                    f"type mismatch: constant expression requires [{expected}] but stack has {show(stack)}"
                )
            if len(stack) != 1 or not match_val(stack[0], expected):
                raise ValidationError(
                    f"type mismatch: constant expression requires [{expected}] but stack has {show(stack)}"
                )
        except ValidationError as error:
            if expr:
                error.instruction = position
                error.mnemonic = op_of(expr[position]).mnemonic
            raise

    def check_element(self, expr: Expr, expected: ValType) -> None:
        """Check an element of an element segment; a function index there is as old as WebAssembly 1.0."""
        if names_function(expr):
            index = expr[0][1]
            if index < len(self.context.funcs):
                self.refs.add(index)
                if expected is FUNCREF or expected == FUNCTION:
                    return
        self.check(expr, expected)

    def _check_is_constant(self, instr: Instr, last: bool) -> None:
        op = op_of(instr)
        if op in _CONSTANTS or op is _REF_FUNC or op is _REF_NULL:
            return
        if op is _END and last:
            return
        if op in _ARITHMETIC:
            require_feature(
                self.checker.features, "extended_const", f"{op} in a constant expression"
            )
            return
        if op in _GC:
            require_feature(self.checker.features, op.feature, f"the instruction {op}")
            return
        if op is not _GLOBAL_GET:
            raise ValidationError(f"constant expression required, {op} is not constant")
        index = instr[1]
        if index >= len(self.context.globals):
            raise ValidationError(f"unknown global {index}")
        if self.context.globals[index].mutable:
            raise ValidationError(f"constant expression required, global {index} is mutable")
        if index >= self.imported_globals:
            require_feature(
                self.checker.features,
                "extended_const",
                f"global {index}, which is not imported, in a constant expression",
            )

    def _check_instr(self, instr: Instr, stack: list[ValType]) -> None:
        op = op_of(instr)
        constant = _CONSTANTS.get(op)
        if constant is not None:
            stack.append(constant)
        elif op in _ARITHMETIC:
            type_ = _ARITHMETIC[op]
            if stack[-2:] != [type_, type_]:
                raise ValidationError(
                    f"type mismatch: instruction requires [{type_} {type_}] but stack has {show(stack[-2:])}"
                )
            stack.pop()
        elif op is _GLOBAL_GET:
            stack.append(self.context.globals[instr[1]].valtype)
        elif op is _REF_NULL:
            require_feature(self.checker.features, "reference_types", "ref.null")
            stack.append(ref_type(True, self.checker.close_heap(instr[1])))
        elif op is _REF_FUNC:
            index = instr[1]
            if index >= len(self.context.funcs):
                raise ValidationError(f"unknown function {index}")
            require_feature(self.checker.features, "reference_types", "ref.func")
            self.refs.add(index)
            stack.append(
                self.checker.new_ref(self.context.funcs[index], self.context.is_exact(index))
            )
        elif op in _GC:
            self._check_by_rule(instr, stack)

    def _check_by_rule(self, instr: Instr, stack: list[ValType]) -> None:
        if self.state is None:
            self.state = State(self.context, self.checker)
        state = self.state
        state.vals, state.frames = [], []
        state.push_frame(_BLOCK, [], [])
        state.vals += stack
        RULES[op_of(instr)](state, instr)
        stack[:] = state.vals[1:]

"""Translation of one function to Python source and to code objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from types import CodeType
from typing import Final

from pyjsapi.compiler.control.legacy import EXNREF, is_legacy, lower_legacy
from pyjsapi.compiler.control.loops import LoopChoice
from pyjsapi.compiler.control.places import StructureLimit
from pyjsapi.compiler.control.statemachine import StateMachine
from pyjsapi.compiler.control.switch import StructuredEmitter
from pyjsapi.compiler.control.tree import BIT_OPS, build_tree
from pyjsapi.compiler.convention import wrapper
from pyjsapi.compiler.elements import element_locals
from pyjsapi.compiler.emit.call import hands_on
from pyjsapi.compiler.emit.simd_float import lane_locals
from pyjsapi.compiler.expression import Lanes
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.notes import Notes
from pyjsapi.compiler.scope import ModuleScope
from pyjsapi.syntax.module import Code, Instr
from pyjsapi.syntax.types import ValType

FILENAME: Final = "<wasm {}>"
"""File name of generated code, with the function index; see `traps`."""

_MANY_BIT_OPS: Final = 4


@dataclass(frozen=True, slots=True)
class FunctionCode:
    """A translated function."""

    code: CodeType
    """Code of ``f<index>``."""
    body: CodeType | None
    """For a function that hands on (see `convention`): its body; ``code`` is its wrapper."""
    signatures: tuple[tuple[int, int], ...]
    """Pairs (table index, type index) of the lists ``t<table>_<type>`` that the code uses."""
    accessors: tuple[tuple[int, str], ...] = ()
    """Pairs (memory index, name) of the accessors ``<name>_<memory>`` that the code calls."""


def translate(scope: ModuleScope, funcidx: int, code: Code) -> Frame:
    """The frame with the finished lines of a valid function."""
    frame = translate_once(scope, funcidx, code)
    if scope.options.proof:
        # Imported only where it is asked for.
        from pyjsapi.compiler.proof.net import proved

        return proved(frame, code, translate_once)
    return frame


def translate_once(scope: ModuleScope, funcidx: int, code: Code) -> Frame:
    """`translate` without a proof."""
    type_ = scope.func_type(funcidx)
    declared = chain.from_iterable(repeat(valtype, count) for count, valtype in code.locals)
    locals_: list[ValType] = [*type_.params, *declared]
    body: Sequence[Instr] = code.body
    if is_legacy(body):
        body, extra = lower_legacy(body, type_.results, len(locals_), scope.block_types, scope.tags)
        locals_ += [EXNREF] * extra
    tail_calls = hands_on(body, funcidx)
    kept = lane_locals(body, locals_, len(type_.params), scope.options)
    elements: dict[int, int] = {}
    if scope.options.elements and scope.options.views:
        elements = element_locals(body, locals_, len(type_.params), scope.memories)
    if not scope.options.state_machine:
        tree = build_tree(body, type_.results, len(locals_), funcidx, scope.block_types)
        try:
            if tree.root.depth < scope.options.max_depth:
                LoopChoice().run(tree.root)
                emitter = _emitter_class(scope)(scope, funcidx, locals_, hands_on=tail_calls)
                _begin(emitter, body, kept, elements, tree.bit_ops)
                emitter.write_function(tree.root)
                return emitter
        except (StructureLimit, RecursionError):
            pass
        finally:
            tree.dissolve()
    machine = _machine_class(scope)(scope, funcidx, locals_, hands_on=tail_calls)
    _begin(machine, body, kept, elements, sum(instr[0] in BIT_OPS for instr in body))
    machine.write_function(body)
    return machine


def _begin(
    frame: Frame,
    body: Sequence[Instr],
    kept: dict[int, Lanes],
    elements: dict[int, int],
    bit_ops: int,
) -> None:
    """Make a frame ready for the body."""
    frame.flat = body
    if frame.options.proof:
        frame.notes = Notes()
    frame.lane_locals = kept
    frame.elements = elements
    frame.many_bit_ops = bit_ops >= _MANY_BIT_OPS
    frame.write_header(f"f{frame.funcidx}")


def _emitter_class(scope: ModuleScope) -> type[StructuredEmitter]:
    if not scope.options.assertions:
        return StructuredEmitter
    from pyjsapi.compiler.asserting import AssertingEmitter

    return AssertingEmitter


def _machine_class(scope: ModuleScope) -> type[StateMachine]:
    if not scope.options.assertions:
        return StateMachine
    from pyjsapi.compiler.asserting import AssertingMachine

    return AssertingMachine


def _code_of(source: str, funcidx: int) -> CodeType:
    module = compile(source, FILENAME.format(funcidx), "exec", dont_inherit=True, optimize=0)
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def compile_function(scope: ModuleScope, funcidx: int, code: Code) -> FunctionCode:
    """Translate and compile a function of a valid module."""
    frame = translate(scope, funcidx, code)
    compiled = _code_of("\n".join(frame.lines), funcidx)
    signatures = tuple(sorted(frame.signatures))
    accessors = tuple(sorted(frame.accessors))
    if not frame.hands_on:
        return FunctionCode(compiled, None, signatures, accessors)
    outside = _code_of(wrapper(funcidx, len(frame.type.params)), funcidx)
    return FunctionCode(outside, compiled, signatures, accessors)


def source_of(scope: ModuleScope, funcidx: int, code: Code) -> str:
    """The Python source of a function, for people and tests."""
    return "\n".join(translate(scope, funcidx, code).lines)

"""Translation of one function to Python source and to code objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, repeat
from types import CodeType
from typing import TYPE_CHECKING, Final, TypeVar

from pyjsapi.compiler.code import FunctionCode
from pyjsapi.compiler.control.legacy import EXNREF, is_legacy, lower_legacy
from pyjsapi.compiler.control.loops import LoopChoice
from pyjsapi.compiler.control.metering import CHARGE, SHARED, charge, metered
from pyjsapi.compiler.control.places import StructureLimit
from pyjsapi.compiler.control.resuming import (
    resumes,
    rewrite_handlers,
    switches_stacks,
    with_twins,
)
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

if TYPE_CHECKING:
    from pyjsapi.compiler.source_map import SourceMap

FILENAME: Final = "<wasm {}>"
"""File name of generated code, with the function index; see `traps`."""
WRAPPER: Final = "<wasm wrapper>"
"""That of the wrappers of functions that hand on."""

_F = TypeVar("_F", bound=Frame)

_MANY_BIT_OPS: Final = 4


def translate(scope: ModuleScope, funcidx: int, code: Code) -> Frame:
    """The frame with the finished lines of a valid function."""
    if not scope.options.proof:
        return translate_once(scope, funcidx, code)
    # Imported only where it is asked for.
    from pyjsapi.compiler.proof.net import proved, warn_unproved

    if switches_stacks(code.body):
        warn_unproved(f"function {funcidx}: stack switching is not proved")
        return translate_once(scope, funcidx, code)
    plain = replace(scope, metering="", counts_calls=False)
    frame = proved(translate_once(plain, funcidx, code), code, translate_once)
    if not (scope.metering or scope.counts_calls):
        return frame
    # What is proved is the function that neither pays nor counts: that changes nothing but what is left of its limits.
    machine = isinstance(frame, StateMachine)
    options = scope.options._replace(proof=False, state_machine=machine)
    return translate_once(replace(scope, options=options), funcidx, code)


def translate_once(scope: ModuleScope, funcidx: int, code: Code, *, traced: bool = False) -> Frame:
    """`translate` without a proof; ``traced``: with marks in the text, see `source_map`."""
    type_ = scope.func_type(funcidx)
    declared = chain.from_iterable(repeat(valtype, count) for count, valtype in code.locals)
    locals_: list[ValType] = [*type_.params, *declared]
    body: Sequence[Instr] = code.body
    starts: Sequence[int] | None = None
    if resumes(body):
        body, starts = rewrite_handlers(body, scope)
        scope = replace(scope, tags=with_twins(scope.tags))
    if is_legacy(body):
        lowered = lower_legacy(body, type_.results, len(locals_), scope.block_types, scope.tags)
        body = lowered.body
        locals_ += [EXNREF] * lowered.locals
        inner = lowered.starts
        starts = inner if starts is None else [inner[start] for start in starts]
    tail_calls = hands_on(body, funcidx)
    kept = lane_locals(body, locals_, len(type_.params), scope.options)
    elements: dict[int, int] = {}
    if scope.options.elements and scope.options.views:
        elements = element_locals(body, locals_, len(type_.params), scope.memories)
    if scope.metering:
        body, starts = metered(code.body, body, starts, scope.metering)
    if not scope.options.state_machine:
        tree = build_tree(body, type_.results, len(locals_), funcidx, scope.block_types)
        try:
            if tree.root.depth < scope.options.max_depth:
                LoopChoice().run(tree.root)
                structured = _frame_class(scope, StructuredEmitter, traced)
                emitter = structured(scope, funcidx, locals_, hands_on=tail_calls)
                _begin(emitter, body, starts, kept, elements, tree.bit_ops)
                emitter.write_function(tree.root)
                return emitter
        except (StructureLimit, RecursionError):
            pass
        finally:
            tree.dissolve()
    machine_class = _frame_class(scope, StateMachine, traced)
    machine = machine_class(scope, funcidx, locals_, hands_on=tail_calls)
    _begin(machine, body, starts, kept, elements, sum(instr[0] in BIT_OPS for instr in body))
    machine.write_function(body)
    return machine


def _begin(
    frame: Frame,
    body: Sequence[Instr],
    starts: Sequence[int] | None,
    kept: dict[int, Lanes],
    elements: dict[int, int],
    bit_ops: int,
) -> None:
    """Make a frame ready for the body."""
    frame.flat = body
    frame.starts = starts
    if frame.options.proof:
        frame.notes = Notes()
    frame.lane_locals = kept
    frame.elements = elements
    frame.many_bit_ops = bit_ops >= _MANY_BIT_OPS
    frame.write_header(f"f{frame.funcidx}")
    if frame.scope.metering:
        frame.emitters = {**frame.emitters, CHARGE: charge}
        frame.insert(1, f"nonlocal {SHARED}")


def _frame_class(scope: ModuleScope, kind: type[_F], traced: bool) -> type[_F]:
    """The class of frames: ``kind``, with checks or marks if they are wanted."""
    # What is asked for seldom is imported seldom.
    if scope.options.assertions:
        from pyjsapi.compiler.asserting import CHECKING

        kind = CHECKING[kind]
    if traced:
        from pyjsapi.compiler.source_map import tracing

        kind = tracing(kind)
    return kind


def _code_of(lines: Sequence[str], filename: str, metered: bool) -> CodeType:
    if not metered:
        return _first_in("\n".join(lines), filename)
    # The function's own name stays that of the global.
    name = lines[0][len("def ") : lines[0].index("(")]
    around = ["def around():", f" global {name}", f" {SHARED}=0.0"]
    outer = _first_in("\n ".join(["\n".join(around), *lines]), filename)
    code = next(constant for constant in outer.co_consts if isinstance(constant, CodeType))
    return code.replace(co_firstlineno=code.co_firstlineno - len(around), co_qualname=code.co_name)


def _first_in(source: str, filename: str) -> CodeType:
    module = compile(source, filename, "exec", dont_inherit=True, optimize=0)
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def compile_function(scope: ModuleScope, funcidx: int, code: Code) -> FunctionCode:
    """Translate and compile a function of a valid module."""
    frame = translate(scope, funcidx, code)
    compiled = _code_of(frame.lines, FILENAME.format(funcidx), bool(scope.metering))
    signatures = tuple(sorted(frame.signatures))
    accessors = tuple(sorted(frame.accessors))
    shared = SHARED if scope.metering else None
    if not frame.hands_on:
        return FunctionCode(compiled, None, signatures, accessors)
    outside = _code_of(
        wrapper(funcidx, len(frame.type.params), shared), WRAPPER, bool(scope.metering)
    )
    return FunctionCode(outside, compiled, signatures, accessors)


def source_of(scope: ModuleScope, funcidx: int, code: Code) -> str:
    """The Python source of a function, for people and tests."""
    return "\n".join(translate(scope, funcidx, code).lines)


def source_map_of(scope: ModuleScope, funcidx: int, code: Code) -> SourceMap:
    """Which instruction each piece of a function's source is for."""
    from pyjsapi.compiler.source_map import SourceMap

    if scope.options.proof:
        # What was not proved is a state machine.
        machine = isinstance(translate(scope, funcidx, code), StateMachine)
        options = scope.options._replace(proof=False, state_machine=machine)
        scope = replace(scope, options=options)
    return SourceMap(translate_once(scope, funcidx, code, traced=True))

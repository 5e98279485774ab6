"""From Python's exceptions to traps (core: "Execution: Results").

Generated code has no checks on its fast paths: an index out of range, a division by zero or too deep a recursion is a
Python exception, and becomes a trap where wasm code was entered. Only exceptions that generated code or this
engine's helpers raised are translated; those of host functions pass unchanged. The end of the stack belongs to nobody:
it is exhaustion wherever it is met.
"""

from __future__ import annotations

import dis
import struct
import sys
from functools import partial
from pathlib import PurePath
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Final

from pyjsapi.compiler.support import numerics
from pyjsapi.embedding.backtrace import Backtrace, Locate, attach, backtrace_of
from pyjsapi.runtime.exception import ExnInst, raised_by
from pyjsapi.runtime.function import BOUNDARY, is_generated, is_of_function
from pyjsapi.runtime.gc import NULL_ARRAY, NULL_STRUCTURE, OUT_OF_BOUNDS
from pyjsapi.syntax.errors import Exhaustion, Trap, WasmError

if TYPE_CHECKING:
    pass

# Asked of code: of modules that are there as bytecode only, `__file__` is another name.
_HELPERS: Final = numerics.round_f32.__code__.co_filename
_PACKAGE: Final = str(PurePath(raised_by.__code__.co_filename).parents[1])
_OUT_OF_BOUNDS: Final = "out of bounds memory access"
_ELEMENTS: Final = "elems"
"""Attribute of an array in generated code."""
_NULLS: Final = {"fields": NULL_STRUCTURE, _ELEMENTS: NULL_ARRAY}
_RAISE: Final = dis.opmap["RAISE_VARARGS"]
_DEEP: Final = 1000
"""Frames in a traceback beyond which it is cut: Pyodide cannot free a chain of 6,000."""
_KEPT: Final = 100


_TRANSLATED: Final = (ArithmeticError, IndexError, MemoryError, RecursionError, struct.error)
"""What stands for a trap, or for a resource that ran out, when wasm code raises it."""


def translate_exception(exception: BaseException) -> WasmError | None:
    """The error that an exception from wasm code stands for; ``None`` if it belongs to the host."""
    if isinstance(exception, WasmError):
        return exception
    if isinstance(exception, AttributeError):
        return _null_instance(exception)
    if not isinstance(exception, _TRANSLATED):
        return None
    innermost = _innermost(exception.__traceback__)
    if innermost is None:
        return None
    filename = innermost.tb_frame.f_code.co_filename
    generated = is_generated(filename)
    ours = generated or filename.startswith(_PACKAGE)
    if isinstance(exception, RecursionError):
        ours = ours or filename == BOUNDARY or _is_end_of_stack(innermost)
        return Exhaustion("call stack exhausted") if ours else None
    if isinstance(exception, MemoryError):
        return Exhaustion("out of memory") if ours else None
    if not generated and filename != _HELPERS:
        return None
    if isinstance(exception, ZeroDivisionError):
        return Trap("integer divide by zero")
    if isinstance(exception, IndexError) and generated:
        return Trap(_index_message(exception, innermost))
    return Trap(_OUT_OF_BOUNDS)


def _is_end_of_stack(innermost: TracebackType) -> bool:
    """Whether a RecursionError came from the interpreter, deep down, and not from a ``raise`` of the host's.

    Half of the limit is deep: before Python 3.12 calls within C count too, and are no frames.
    """
    frame: FrameType | None = innermost.tb_frame
    if innermost.tb_frame.f_code.co_code[innermost.tb_lasti] == _RAISE:
        return False
    left = sys.getrecursionlimit() >> 1
    while frame is not None and left:
        frame = frame.f_back
        left -= 1
    return not left


def _null_instance(exception: AttributeError) -> Trap | None:
    """The trap for fields or elements that were asked of ``None`` in generated code."""
    message = _NULLS.get(exception.name or "") if exception.obj is None else None
    innermost = _innermost(exception.__traceback__)
    if message is None or innermost is None:
        return None
    filename = innermost.tb_frame.f_code.co_filename
    return Trap(message) if is_generated(filename) else None


def _innermost(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback


def _index_message(exception: IndexError, traceback: TracebackType) -> str:
    """The trap for a failing subscript: of an array, of a table's list of callables, or of a memory."""
    message = str(exception)
    if message.startswith("list assignment"):
        return OUT_OF_BOUNDS
    is_list = message.startswith("list index")
    # An index that no Python sequence can have tells nothing about what is subscripted.
    if is_list or message.startswith("cannot fit"):
        name = _subscripted(traceback.tb_frame.f_code, traceback.tb_lasti)
        if name == _ELEMENTS:
            return OUT_OF_BOUNDS
        if is_list or (name is not None and name[0] == "t"):
            return "undefined element"
    return _OUT_OF_BOUNDS


def _subscripted(code: CodeType, offset: int) -> str | None:
    """The global that the expression of the instruction at ``offset`` starts with, or ``elems`` of an array."""
    found: str | None = None
    last_global: str | None = None
    instructions = list(dis.get_instructions(code))
    failing = next((i for i in instructions if i.offset == offset), None)
    if failing is None:
        return None
    where = failing.positions
    for instruction in instructions:
        if instruction.offset >= offset:
            break
        if instruction.opname == "LOAD_GLOBAL" or instruction.argval == _ELEMENTS:
            last_global = str(instruction.argval)
            here = instruction.positions
            if (
                where is not None
                and here is not None
                and where.col_offset is not None
                and (here.lineno, here.col_offset) == (where.lineno, where.col_offset)
            ):
                found = last_global
    return found or last_global


def demolish(exception: BaseException) -> None:
    """Cut a deep traceback down to its outermost part, without recursion anywhere.

    The innermost frame cannot be kept: it holds the chain of all the frames that called it. So do the
    exceptions that were being handled deep inside, and they lose their tracebacks whole.
    """
    links = _links(exception)
    if len(links) <= _DEEP:
        return
    for inner in reversed(_contexts(exception)):
        inner_links = _links(inner)
        inner.__traceback__ = None
        _free(inner_links, 0)
    _free(links, _KEPT)


def forget_deep_frames(exception: BaseException) -> None:
    """Drop the traceback of an exception caught far down the stack.

    Its frames hold the chain of all that called them, which an exception that is kept would outlive: freed later,
    the chain is a recursion as deep. Now every one of them is running, and nothing is freed.
    """
    innermost = _innermost(exception.__traceback__)
    frame = None if innermost is None else innermost.tb_frame
    depth = 0
    while frame is not None and depth <= _DEEP:
        frame = frame.f_back
        depth += 1
    if frame is not None:
        exception.__traceback__ = None


def _links(exception: BaseException) -> list[TracebackType]:
    """The entries of the traceback, outermost first."""
    links: list[TracebackType] = []
    link = exception.__traceback__
    while link is not None:
        links.append(link)
        link = link.tb_next
    return links


def _contexts(exception: BaseException) -> list[BaseException]:
    """All exceptions that an exception has as context or cause, the outer ones first."""
    found = {id(exception): exception}
    pending = [exception]
    while pending:
        one = pending.pop()
        for other in (one.__cause__, one.__context__):
            if other is not None and id(other) not in found:
                found[id(other)] = other
                pending.append(other)
    return list(found.values())[1:]


def _free(links: list[TracebackType], kept: int) -> None:
    """Free all but the first entries, innermost first: no frame that goes is the last to hold its caller."""
    while len(links) > kept:
        links.pop()
        if links:
            links[-1].tb_next = None


def trace(exception: BaseException, backtrace: Backtrace) -> None:
    """Add the calls of generated code that an exception passed since it was last asked about."""
    known = backtrace.outermost
    calls: list[Locate] = []
    outermost = 0
    link = exception.__traceback__
    while link is not None:
        frame = link.tb_frame
        if id(frame) == known:
            break
        code = frame.f_code
        name = code.co_filename
        if is_of_function(name):
            outermost = outermost or id(frame)
            calls.append(
                partial(frame.f_globals["environment"].compiled.locate, code, link.tb_lasti)
            )
        link = link.tb_next
    if outermost:
        calls.reverse()
        backtrace.add(calls, outermost)


def traced(exception: BaseException) -> Backtrace:
    """The calls that an exception passed, now and before."""
    backtrace = backtrace_of(exception) or Backtrace()
    trace(exception, backtrace)
    return backtrace


def error_of(exception: BaseException) -> WasmError | None:
    """What `translate_exception` says, and afterwards the exception has no deep traceback any more."""
    error = translate_exception(exception)
    demolish(exception)
    return error


def raised_from_wasm(exception: BaseException) -> BaseException:
    """The exception to raise where wasm code was entered, in place of the one that came out of it."""
    backtrace = traced(exception)
    seen: BaseException | None = error_of(exception)
    if seen is None:
        seen = raised_by(exception) if isinstance(exception, ExnInst) else exception
    attach(seen, backtrace)
    return seen

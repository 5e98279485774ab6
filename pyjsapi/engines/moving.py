"""Moving an instance of the Python engine to machine code, between two calls, or saying why it stays.

What is moved must go on as if it had not been: all that is not known to do so is a reason to stay.
"""

from __future__ import annotations

import sys
import threading
from _thread import get_ident
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.scan import has_only, local_groups
from pyjsapi.engines.errors import EngineUnavailable, Refusal
from pyjsapi.syntax.errors import LinkError
from pyjsapi.syntax.instructions import OPS
from pyjsapi.syntax.types import EXTERN, FUNC, FuncExtern, FuncType, RefType, ValType

if TYPE_CHECKING:
    from pyjsapi.compiler.environment import Environment
    from pyjsapi.compiler.module import CompiledModule
    from pyjsapi.engines.wasmtime.twins import Twin
    from pyjsapi.runtime.instance import ModuleInstance

_NATIVE: Final = "wasmtime"
_SIMD: Final = b"\xfd"
_EXACT: Final = frozenset(op for op in OPS if "relaxed" not in op.mnemonic)
_SUSPENSION: Final = f"{__name__.partition('.')[0]}.suspension"


class Mover:
    """What watches an instance, and moves it. Calls of its exports go through `counted`."""

    def __init__(
        self,
        module: CompiledModule,
        instance: ModuleInstance,
        environment: Environment,
        patience: float,
        calls: int | None,
    ) -> None:
        self._module = module
        self._instance = instance
        self._environment = environment
        self._patience = patience
        self._after = calls
        self.is_settled = False
        """Whether nothing changes any more."""
        self.is_moved = False
        self._reason = ""
        self._spent = 0.0
        self._calls = 0
        self._next = 0
        self._twin: Twin | None = None
        self._refusal: Exception | None = None
        self._compiling: threading.Thread | None = None

    def explain(self) -> str:
        """Where the instance runs, and why."""
        if self.is_moved:
            return f"{_NATIVE}: its functions had been called {self._calls - 1} times"
        if self._reason:
            return f"python: {self._reason}"
        if self._compiling is not None:
            return "python: machine code is being made"
        return f"python: its calls have taken {1e3 * self._spent:.1f} ms"

    def counted(self, call: Callable[..., Any], /) -> Callable[..., Any]:
        """See `compiler.environment.Mover`."""

        main_thread = threading.main_thread().ident

        def counted(*arguments: Any) -> Any:
            if self.is_settled:
                return call(*arguments)
            if get_ident() != main_thread:
                self._settle("it is called by another thread than the main one")
                return call(*arguments)
            self._begin()
            began = perf_counter()
            try:
                return call(*arguments)
            finally:
                self._spent += perf_counter() - began

        return counted

    def suspends(self) -> bool:
        """See `compiler.environment.Mover`."""
        if self.is_moved:
            return False
        self.stay("calls of it may be suspended")
        return True

    def stay(self, reason: str, /) -> None:
        """See `compiler.environment.Mover`."""
        if self.is_moved:
            raise ValueError(
                "the instance was moved to machine code; compile its module with engine='python'"
            )
        self._settle(reason)

    def _settle(self, reason: str) -> None:
        self._reason = reason
        self.is_settled = True
        self._twin = None

    def _begin(self) -> None:
        """A call begins: move the instance where it is time to."""
        self._calls += 1
        if self._after is None:
            if self._spent < self._patience or self._calls < self._next:
                return
        elif self._calls <= self._after or self._calls < self._next:
            return
        if self._twin is None and not self._prepare():
            return
        else:
            reason = self._move()
        if reason:
            # What is in the way may be there at every call: it is looked at more and more seldom.
            self._reason, self._next = reason, self._calls + max(self._calls, 1)

    def _prepare(self) -> bool:
        """Have the machine code; whether it is there."""
        if self._compiling is None:
            reason = self._why_never()
            if reason:
                self._settle(reason)
                return False
            self._compiling = threading.Thread(
                target=self._compile, name="pyjsapi auto", daemon=True
            )
            if self._after is None:
                self._compiling.start()
            else:
                self._compile()
        if self._compiling.is_alive():
            return False
        if self._refusal is not None:
            self._settle(str(self._refusal))
        return self._twin is not None

    def _compile(self) -> None:
        from pyjsapi.engines.wasmtime.twins import twin_of

        try:
            self._twin = twin_of(self._module)
        except (Refusal, MemoryError) as error:
            self._refusal = error

    def _why_never(self) -> str:
        """Why the instance cannot be moved, whatever happens."""
        reason = why_not(self._module, self._instance)
        if reason:
            return reason
        try:
            # Here and not in the thread, which a fork might find in the midst of it.
            from pyjsapi.engines.registry import engine

            engine(_NATIVE)
        except EngineUnavailable as error:
            return f"there is no machine code here: {error.reason}"
        return ""

    def _move(self) -> str:
        """Move the instance; why not, if it stays for the time being."""
        instance, twin = self._instance, self._twin
        if any(instance.datas) or any(instance.elems):
            return "it has segments that are not dropped"
        calls_host = any(isinstance(type_, FuncExtern) for type_ in instance.context.imports)
        if calls_host and suspends_calls():
            return "the program suspends calls, and host functions of it may do so"
        if self._environment.is_running():
            return "a function of it is running"
        if calls_host and has_other_threads():
            return "there are other threads, for which host functions of it may wait"
        if twin is None:
            return "there is no machine code"
        try:
            moved = self._environment.hand_over(lambda: twin.take_over(instance))
        except (BufferError, LinkError, MemoryError) as error:
            return str(error.__cause__ or error)
        if not moved:
            return "a function of it is running"
        self._environment.bind_globals()
        self.is_moved = self.is_settled = True
        self._twin = None
        return ""


def suspends_calls() -> bool:
    """Whether the program has asked for what suspends calls."""
    return _SUSPENSION in sys.modules


def has_other_threads() -> bool:
    """Whether the process has threads beside this one."""
    return threading.active_count() > 1


def why_not(module: CompiledModule, instance: ModuleInstance) -> str:
    """Why an instance of the Python engine is never moved to machine code; empty where it may be."""
    context, limits = instance.context, module.settings.limits
    if module.settings.features.stack_switching:
        return "its features have stack switching"
    if module.settings.features.custom_descriptors:
        return "its features have custom descriptors"
    if limits.max_memory_bytes is not None or limits.max_total_table_elements is not None:
        return "it has a limit for its memories or tables together"
    if context.tags:
        return "it has tags"
    types = [type_.comp for type_ in context.types]
    if not all(isinstance(comp, FuncType) for comp in types):
        return "it has types of structures or arrays"
    values = [
        type_
        for comp in types
        if isinstance(comp, FuncType)
        for type_ in (*comp.params, *comp.results)
    ]
    if not all(map(_is_plain, values)):
        return "its functions have references to other things than functions and external ones"
    if any(type_.shared for type_ in context.mems):
        return "it has shared memory"
    if _is_relaxed(module):
        return "it has relaxed instructions, whose results may not change while a program runs"
    return _why_not_objects(module, instance)


def _why_not_objects(module: CompiledModule, instance: ModuleInstance) -> str:
    context, definitions = instance.context, module.module
    exported = {(export.kind, export.index) for export in definitions.exports}
    tables = len(context.tables) - len(definitions.tables)
    globals_ = len(context.globals) - len(definitions.globals)
    for index, table in enumerate(context.tables):
        if index < tables or ("table", index) in exported:
            return "it imports or exports a table"
        if table.reftype.heap is not FUNC or not table.reftype.nullable:
            return "it has a table of other elements than functions"
    for index, global_ in enumerate(context.globals):
        if isinstance(global_.valtype, RefType):
            return "it has a global with a reference"
        if global_.mutable and (index < globals_ or ("global", index) in exported):
            return "it imports or exports a mutable global"
    return ""


def _is_relaxed(module: CompiledModule) -> bool:
    most, refs = module.settings.limits.array_new_fixed_operands, module.context.refs
    for func in module.module.funcs:
        code = func.code
        if not isinstance(code, BinaryCode):
            return True
        if _SIMD in code.data[code.start : code.end]:
            _, start = local_groups(code)
            if not has_only(code.data, start, code.end, _EXACT, most, refs):
                return True
    return False


def _is_plain(type_: ValType) -> bool:
    return not isinstance(type_, RefType) or (
        type_.nullable and (type_.heap is FUNC or type_.heap is EXTERN)
    )

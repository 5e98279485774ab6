"""What generated code runs in: one dictionary of globals per instance.

Its keys are all there from the start, because a new key would cost every specialised instruction its cache. A function
is translated when it is first called: until then it is a stub, whose code object is exchanged so that tables, exports
and other functions keep the same function object.
"""

from __future__ import annotations

import sys
from _thread import RLock, get_ident
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from types import CellType, CodeType, FrameType, FunctionType
from typing import TYPE_CHECKING, Any, Final, Protocol

from pyjsapi.blocks.undivided import current_frames, suspended_frames
from pyjsapi.compiler.code import FunctionCode, first_of_type
from pyjsapi.compiler.convention import BODY_ATTRIBUTE
from pyjsapi.compiler.extents import Extent, is_big
from pyjsapi.compiler.facts import PLAIN_BOUND
from pyjsapi.compiler.support import aggregates, assertions, exceptions, numerics, simd
from pyjsapi.compiler.variants import Assumptions, Variant
from pyjsapi.runtime import atomics
from pyjsapi.runtime.fuel import FuelTank
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.types import ContType
from pyjsapi.validation.limits import PAYS, Limits

if TYPE_CHECKING:
    from pyjsapi.compiler.bounded import BoundedCalls
    from pyjsapi.compiler.module import CompiledModule
    from pyjsapi.runtime.bell import Bell
    from pyjsapi.runtime.call_clock import CallClock


class Mover(Protocol):
    """What may have another engine run the instance: see `engines.moving`."""

    def counted(self, call: Callable[..., Any], /) -> Callable[..., Any]:
        """A function for calls from outside, which may move the instance before it calls ``call``."""

    def suspends(self) -> bool:
        """Whether its calls can be suspended: who asks wants to, so that the instance is not moved afterwards."""

    def stay(self, reason: str, /) -> None:
        """Do not move the instance from now on. Raises `ValueError` where it was."""


_DIRECT_NAMES: Final = ("ba{}", "u16_{}", "u32_{}", "u64_{}", "f32_{}", "f64_{}")
"""By which code reaches the bytes and views of a memory."""
_MOST_SIGNATURES: Final = 4096
"""Names of call_indirect lists that are made in advance."""


def _stub(*arguments: Any, index: int) -> Any:
    return resolve(index)(*arguments)  # type: ignore[name-defined]  # noqa: F821


def _metered(_u: float = 0.0) -> Callable[..., Any]:
    def stub(*arguments: Any, index: int) -> Any:
        nonlocal _u
        return resolve(index)(*arguments)  # type: ignore[name-defined]  # noqa: F821

    return stub


_STUB: Final[CodeType] = _stub.__code__.replace(co_filename="<wasm stub>", co_name="stub")
_METERED_STUB: Final[CodeType] = _metered().__code__.replace(
    co_filename=_STUB.co_filename, co_name=_STUB.co_name
)
"""The same where functions share a variable: see `metering`."""


class Environment:
    """The globals of an instance's generated code.

    Memories hold it weakly and tell it when their bytes move; the functions hold it through their globals.
    """

    __slots__ = (
        "__weakref__", "_bounded", "_closure", "_first", "_instance", "_lock", "_stub", "_variant", "compiled",
        "globals", "mover",
    )  # fmt: skip

    def __init__(self, compiled: CompiledModule, instance: ModuleInstance) -> None:
        self.compiled = compiled
        """The module whose code it is."""
        limits = compiled.settings.limits
        variant = self._variant = compiled.variant(Assumptions.for_memories(instance.mems, limits))
        self._instance = instance
        self._first = len(instance.funcs)
        """Index of the first function that the module defines."""
        self._bounded: BoundedCalls | None = None
        self._lock = RLock()
        """Held while the code of functions is exchanged."""
        self.mover: Mover | None = None  # what may move the instance to another engine
        scratch = memoryview(bytearray(8))
        self.globals: dict[str, Any] = {
            **numerics.GLOBALS,
            **aggregates.GLOBALS,
            **exceptions.GLOBALS,
            "environment": self,
            "resolve": self.resolve,
            "V": simd,
            "A": atomics,
            "sf": scratch.cast("f"),
            "sd": scratch.cast("d"),
            "sq": scratch.cast("Q"),
            "M": instance.mems,
            "T": instance.tables,
            "F": instance.funcs,
            "D": instance.datas,
            "E": instance.elems,
            "Y": instance.context.types,
            "X": instance.tags,
            "B": {},
        }
        if compiled.settings.features.stack_switching:
            self._switch_stacks()
        self._fill_tank(limits)
        if limits.max_host_calls is not None:
            self._count_calls(limits.max_host_calls)
        if variant.options.assertions:
            self.globals.update(assertions.GLOBALS)
        for index in range(len(instance.context.globals)):
            self.globals[f"g{index}"] = None
        self._reserve_signatures()
        for index, memory in enumerate(instance.mems):
            if memory.by_calls:
                self._reserve_accessors(index)
            memory.attach(self, index)
            if variant.assumptions.memories[index].extent is Extent.GROWING:
                memory.guard(self, index)
        self._add_functions()

    def _switch_stacks(self) -> None:
        # Few modules do.
        from pyjsapi.suspension import continuations

        self.globals.update(continuations.GLOBALS, X=continuations.with_twins(self._instance.tags))

    def _fill_tank(self, limits: Limits) -> None:
        self._stub = _STUB
        """The code of functions that are not translated."""
        self._closure: tuple[CellType, ...] | None = None
        """The variables that functions share."""
        if limits.metering:
            # Few modules have a limit of this kind.
            from pyjsapi.runtime.pieces import WHOLE, Pieces

            tank = self._tank(limits)
            self.globals.update(WHOLE, pay=tank.pay)
            if isinstance(tank, FuelTank):
                self.globals["refuel"] = tank.refuel
            if limits.deadline is not None:
                self.globals.update(Pieces(tank.pay).named())
            self._stub, self._closure = _METERED_STUB, (tank.cell,)

    def _tank(self, limits: Limits) -> FuelTank | Bell:
        """What code pays from or looks at, and the clock; those of another instance where it shares them."""
        instance = self._instance
        tank: FuelTank | Bell | None = instance.fuel
        if limits.metering == PAYS:
            if tank is None:
                tank = instance.fuel = FuelTank(limits.fuel)
            if limits.deadline is None:
                return tank
        from pyjsapi.runtime.bell import Bell
        from pyjsapi.runtime.call_clock import CallClock

        if instance.clock is None:
            instance.clock = CallClock(Bell() if tank is None else tank, limits.deadline or 0)
        return instance.clock.tank

    def _count_calls(self, most: int) -> None:
        # Few modules have such a limit.
        from pyjsapi.runtime.host_calls import HostCalls

        counts = self._instance.host_calls
        if counts is None:
            counts = self._instance.host_calls = HostCalls(most)
        self.globals["callee"] = counts.callee

    def _reserve_signatures(self) -> None:
        types = set(first_of_type(self._instance.context.types).values())
        tables = len(self._instance.tables)
        if len(types) * tables <= _MOST_SIGNATURES:
            for table in range(tables):
                for type_ in types:
                    self.globals[f"t{table}_{type_}"] = None

    def _reserve_accessors(self, memidx: int) -> None:
        shared = self._instance.mems[memidx].declared_type.shared
        for name in _accessors(shared=shared):
            self.globals[f"{name}_{memidx}"] = None

    def _add_functions(self) -> None:
        instance = self._instance
        types = instance.context.funcs
        space = self.globals
        counts = instance.host_calls
        for index, imported in enumerate(instance.funcs):
            space[f"f{index}"] = imported.call if counts is None else counts.counted(imported)
        stub, closure, add = self._stub, self._closure, instance.funcs.append
        # Not only for those that something names: most are in a table or called by others, and to look is as much work.
        for index, name in enumerate(self.compiled.function_names, self._first):
            # Functions whose code is there already begin as stubs too: most are never called.
            space[name] = function = FunctionType(stub, space, name, None, closure)
            function.__kwdefaults__ = {"index": index}
            add(FuncInst(types[index], function, None, index, self))

    @property
    def instance(self) -> ModuleInstance:
        """The instance whose code it is."""
        return self._instance

    @property
    def has_continuations(self) -> bool:
        """Whether the module has continuation types, so that its code may run on stacks of its own."""
        features, types = self.compiled.settings.features, self._instance.context.types
        return features.stack_switching and any(isinstance(t.comp, ContType) for t in types)

    @property
    def variant(self) -> Variant:
        """What code it uses now."""
        return self._variant

    def divert(self, resolve: Callable[[int], Callable[..., Any]] | None) -> None:
        """Have functions that are called from now on answered by what ``resolve`` gives for their indices, which is
        asked at each call; with ``None`` by their own code again.

        Raises `ValueError` where the instance was moved to another engine.
        """
        if self.mover is not None:
            self.mover.stay("a debugger looks at it")
        with self._lock:
            self.globals["resolve"] = resolve or self.resolve
            self._use(self._variant)

    def hand_over(self, make: Callable[[], Callable[[int], Callable[..., Any]]]) -> bool:
        """Have calls from now on answered by functions that are not of this environment: what ``make`` gives tells
        them by index.

        ``False``, with nothing changed, while any thread runs code of the instance; where none does, none begins before
        ``make`` has returned. What it raises leaves everything as it was.
        """
        if self.is_running():
            return False
        before = self.globals["resolve"]
        found: Callable[[int], Callable[..., Any]] | None = None

        def waiting(index: int) -> Callable[..., Any]:
            with self._lock:
                chosen: Callable[[int], Callable[..., Any]] = before if found is None else found
            return chosen(index)

        with self._lock:
            self.globals["resolve"] = waiting
            try:
                self._use(self._variant)
                if not self.is_running():
                    found = make()
            finally:
                self.globals["resolve"] = before if found is None else found
        return found is not None

    @property
    def suspends(self) -> bool:
        """See `runtime.function.Owner`."""
        return self.mover is None or self.mover.suspends()

    def depth_of(self, index: int, *, at_once: bool = False) -> int:
        """How deep a function of the instance may call, or 0 if that is no matter; see `FuncInst.depth`."""
        bounded = self._bounded
        if bounded is None:
            bounded = self._bounded = self._variant.bounded_calls(self._instance.funcs)
        is_bounded = bounded.calls_nothing(index) if at_once else index in bounded
        return 0 if is_bounded else self._variant.call_depth

    def is_running(self) -> bool:
        """Whether any thread has frames of its code, also of what was translated anew meanwhile."""
        space = self.globals
        return any(frame.f_globals is space for frame in _all_frames())

    def entry_of(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """What to call from outside in the place of a function's ``call``."""
        clock = self._instance.clock
        if self.mover is not None:
            call = self.mover.counted(call)
        return call if clock is None else clock.timed(call)

    def clock(self) -> CallClock | None:
        """What limits the time of calls from outside."""
        return self._instance.clock

    def bind_globals(self) -> None:
        """Take over the cells of the globals, once they exist."""
        for index, global_ in enumerate(self._instance.globals):
            self.globals[f"g{index}"] = global_.cell

    def memory_moved(self, memidx: int, memory: MemInst) -> None:
        """Take over the bytes and views of a memory."""
        if self._variant.assumptions.memories[memidx].extent is Extent.BIG and not is_big(memory):
            # It could not grow so far.
            self._use_with(memidx, Extent.GROWING)
        space = self.globals
        space[f"ba{memidx}"] = memory.data
        space[f"u16_{memidx}"] = memory.u16
        space[f"u32_{memidx}"] = memory.u32
        space[f"u64_{memidx}"] = memory.u64
        space[f"f32_{memidx}"] = memory.f32
        space[f"f64_{memidx}"] = memory.f64

    def memory_grows(self, memidx: int, length: int) -> bool:
        """Be ready for a memory of ``length`` bytes.

        ``False`` while another thread runs code that relies on a smaller memory.
        """
        before = self._variant
        if (
            length <= PLAIN_BOUND
            or before.assumptions.memories[memidx].extent is not Extent.GROWING
        ):
            return True
        self._use_with(memidx, Extent.BIG)
        if any(map(self._relies_on_bound, _all_frames())):
            self._use(before)
            return False
        return True

    def memory_held(self) -> AbstractContextManager[Any]:
        """See `MemoryUser`: what is called for the first time waits, and with `_use` everything is."""
        return self._lock

    def memory_reached_elsewhere(self, memidx: int) -> bool:
        """See `MemoryUser`."""
        self._use(self._variant)
        names = {name.format(memidx) for name in _DIRECT_NAMES}
        return any(self._reaches_by(names, frame) for frame in _frames_elsewhere())

    def memory_guarded(self, memidx: int, guarded: bool) -> bool:
        """Reach a memory by calls from now on, or directly again.

        ``False`` while any thread runs code of this instance that reaches it directly.
        """
        before = self._variant
        if guarded:
            self._reserve_accessors(memidx)
        self._use(self.compiled.variant(before.assumptions.with_access(memidx, guarded)))
        names = {name.format(memidx) for name in _DIRECT_NAMES}
        if guarded and any(self._reaches_by(names, frame) for frame in _all_frames()):
            self._use(before)
            return False
        return True

    def memory_accessed_anew(self, memidx: int, memory: MemInst) -> None:
        """Take over the accessors of a memory, those that code has: it looks them up at each access."""
        with self._lock:
            for accessor in _accessors(shared=True):
                name = f"{accessor}_{memidx}"
                if self.globals.get(name) is not None:
                    self.globals[name] = memory.accessor(accessor)

    def _reaches_by(self, names: set[str], frame: FrameType) -> bool:
        """Whether a frame runs code of this instance that has one of these names."""
        code = frame.f_code
        return frame.f_globals is self.globals and not names.isdisjoint(code.co_names)

    def _use_with(self, memidx: int, extent: Extent) -> None:
        """Use the variant that differs from the present one in the extent of one memory."""
        self._use(self.compiled.variant(self._variant.assumptions.with_extent(memidx, extent)))

    def _use(self, variant: Variant) -> None:
        """Let functions be translated for a variant, each when it is next called."""
        with self._lock:
            self._variant = variant
            for index in range(self._first, len(self._instance.funcs)):
                self._make_stub(index)

    def _make_stub(self, index: int) -> None:
        function: FunctionType = self.globals[f"f{index}"]
        if function.__code__ is not self._stub:
            # In this order, for threads that call it meanwhile: the stub needs its default.
            function.__kwdefaults__ = {"index": index}
            function.__code__ = self._stub
            vars(function).pop(BODY_ATTRIBUTE, None)

    def _relies_on_bound(self, frame: FrameType) -> bool:
        """Whether a frame runs code of this instance that memories must not outgrow."""
        code = frame.f_code
        if frame.f_globals is not self.globals or code is self._stub:
            return False
        function: FunctionType = self.globals[code.co_name]
        if function.__code__ is code:
            return False  # This is what was translated anew.
        return self._variant.relies_on_bound(int(code.co_name[1:]))

    def resolve(self, index: int) -> Callable[..., Any]:
        """Translate a function unless it is, put its code into its stub, and return it."""
        function: FunctionType = self.globals[f"f{index}"]
        while True:
            variant = self._variant
            code = variant.function(index)
            with self._lock:
                if variant is self._variant:
                    self.install(index, code)
                    return function

    def provide(
        self, signatures: Iterable[tuple[int, int]], accessors: Iterable[tuple[int, str]]
    ) -> None:
        """Make what code uses beside the globals that are always there; see `FunctionCode`."""
        for table, type_ in signatures:
            name = f"t{table}_{type_}"
            if self.globals.get(name) is None:
                calls = self._instance.tables[table].signature_list(
                    self._instance.context.types[type_], self._instance
                )
                self.globals[name] = calls
        for memidx, accessor in accessors:
            name = f"{accessor}_{memidx}"
            if self.globals.get(name) is None:
                self.globals[name] = self._instance.mems[memidx].accessor(accessor)

    def install(self, index: int, code: FunctionCode) -> Callable[..., Any]:
        """Let a function have this code, which is one for its present variant; the function."""
        function: FunctionType = self.globals[f"f{index}"]
        self.provide(code.signatures, code.accessors)
        # Instances that shared code objects would spoil each other's inline caches.
        if code.body is not None:
            body = FunctionType(code.body.replace(), self.globals, f"f{index}", None, self._closure)
            self.globals["B"][index] = body
            setattr(function, BODY_ATTRIBUTE, body)
        # In this order, for threads that call it meanwhile: the stub needs its default.
        function.__code__ = code.code.replace()
        function.__kwdefaults__ = None
        return function


def _accessors(*, shared: bool) -> tuple[str, ...]:
    """Names of the accessors that a memory may have."""
    from pyjsapi.runtime.accessors import ATOMIC_NAMES, NAMES  # most memories need none

    return NAMES + ATOMIC_NAMES if shared else NAMES


def _all_frames() -> Iterator[FrameType]:
    """The frames of all threads, and of stacks that are suspended."""
    for innermost in (sys._getframe(), *current_frames().values(), *suspended_frames()):
        yield from _frames_from(innermost)


def _frames_elsewhere() -> Iterator[FrameType]:
    """The frames of all other threads."""
    own = get_ident()
    for thread, innermost in current_frames().items():
        if thread != own:
            yield from _frames_from(innermost)


def _frames_from(innermost: FrameType) -> Iterator[FrameType]:
    frame: FrameType | None = innermost
    while frame is not None:
        yield frame
        frame = frame.f_back

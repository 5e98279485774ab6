"""Compiled code that watches ranges of memories: for a call that has nothing else to be stopped at, from its start.

Compiled code cannot be stopped: what it knows of locals and operands is not exact. It only finds out whether there is
anything to stop at, by accessors that compare each address with the watched ranges. If there is, the call is taken back
and executed by the machine up to there; if there is not, it is over, in a fraction of the time.

Functions of the host are recorded as by the machine. Only those that do not call back can be: where that is not known,
the first such call is the end of the attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import Any, Final

from pyjsapi.compiler.environment import Environment
from pyjsapi.debugging.conditions import Conditions, Watch
from pyjsapi.debugging.recording import HostCall, Recorder
from pyjsapi.debugging.world import World
from pyjsapi.runtime import FuncInst, MemInst
from pyjsapi.runtime.accessors import ATOMIC_NAMES, NAMES, SIZE, VECTOR_BYTES
from pyjsapi.runtime.depth import call_deep
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.types import I32, MemType

_FILENAME: Final = "<wasm watched>"
"""File name of accessors: what goes wrong in them is a trap, as in the code that calls them."""
_VALUES: Final = {
    "i32_load": "uI(ba,a)[0]", "i64_load": "uQ(ba,a)[0]", "f64_load": "uD(ba,a)[0]",
    "f32_load": "x if (x:=uF(ba,a)[0])==x else ldf(ba,a)",
    "i32_load8_u": "ba[a]", "i64_load8_u": "ba[a]", "i32_load8_s": "T8[ba[a]]", "i64_load8_s": "T8L[ba[a]]",
    "i32_load16_u": "uH(ba,a)[0]", "i64_load16_u": "uH(ba,a)[0]", "i64_load32_u": "uI(ba,a)[0]",
    "i32_load16_s": "x if (x:=uH(ba,a)[0])<32768 else x|0xffff0000",
    "i64_load16_s": "x if (x:=uH(ba,a)[0])<32768 else x|0xffffffffffff0000",
    "i64_load32_s": "x if (x:=uI(ba,a)[0])<0x80000000 else x|0xffffffff00000000",
}  # fmt: skip
_STORES: Final = {
    "i32_store": "pI(ba,a,v&0xffffffff)", "i64_store": "pQ(ba,a,v&0xffffffffffffffff)", "f64_store": "pD(ba,a,v)",
    "f32_store": "stf(ba,a,v)",
    "i32_store8": "ba[a]=v&255", "i64_store8": "ba[a]=v&255", "i32_store16": "pH(ba,a,v&65535)",
    "i64_store16": "pH(ba,a,v&65535)", "i64_store32": "pI(ba,a,v&0xffffffff)",
}  # fmt: skip


class Met(BaseException):
    """There is something to stop at. Nothing in WebAssembly catches it."""


class _WatchedMemory:
    """What generated code has for a memory, for the instructions that are methods of it."""

    def __init__(self, memory: MemInst) -> None:
        self._memory = memory
        self.watches: Sequence[Watch] = ()
        self.stops_at_growth = False

    def look(self, start: int, size: int, *, writes: bool, reads: bool) -> None:
        """Raise `Met` for an access that is watched."""
        if start + size > self._memory.byte_length:
            return
        for watch in self.watches:
            if (
                start < watch.end
                and start + size > watch.start
                and ((writes and watch.writes) or (reads and watch.reads))
            ):
                raise Met

    def __getattr__(self, name: str) -> Any:
        return getattr(self._memory, name)

    def grow(self, delta: int) -> int:
        if self.stops_at_growth:
            raise Met
        return self._memory.grow(delta)

    def fill(self, address: int, value: int, count: int) -> None:
        self.look(address, count, writes=True, reads=False)
        self._memory.fill(address, value, count)

    def discard(self, address: int, count: int) -> None:
        self.look(address, count, writes=True, reads=False)
        self._memory.discard(address, count)

    def init(self, address: int, source: int, count: int, segment: bytes) -> None:
        self.look(address, count, writes=True, reads=False)
        self._memory.init(address, source, count, segment)

    def copy(self, source: _WatchedMemory, address: int, source_address: int, count: int) -> None:
        self.look(address, count, writes=True, reads=False)
        source.look(source_address, count, writes=False, reads=True)
        self._memory.copy(source._memory, address, source_address, count)


class WatchedRun:
    """A call by compiled code that looks whether there is anything to stop at."""

    def __init__(self, world: World, recorder: Recorder, *, callbacks: bool) -> None:
        self._world = world
        self._conditions = Conditions()
        self._recorder = recorder
        self._callbacks = callbacks
        self._memories: dict[tuple[Environment, int], _WatchedMemory] = {}
        self._accessors: dict[tuple[Environment, int], tuple[Any, dict[str, Any]]] = {}
        """The accessors that were made last for a memory, with what they were made for."""

    def is_possible(self, conditions: Conditions) -> bool:
        """Whether compiled code can find out whether any of these holds."""
        self._conditions = conditions
        return (
            not conditions.functions
            and not conditions.instructions
            and not any(memory.by_calls for memory in self._world.mems)
        )

    def call(self, func: FuncInst, arguments: Sequence[Any]) -> Any:
        """What a call gives. Raises `Met`, and what the call raises."""
        with ExitStack() as undone:
            for environment in self._world.environments:
                undone.enter_context(self._watching(environment))
            undone.enter_context(self._recording())
            return call_deep(func.depth(), func.call, *arguments)

    # ---- memories

    @contextmanager
    def _watching(self, environment: Environment) -> Iterator[None]:
        space, mems = environment.globals, environment.instance.mems
        watches = self._conditions.watches
        growth = self._conditions.growth is not None
        watched = [self._watched(environment, i) for i in range(len(mems))]
        indices = [i for i, memory in enumerate(mems) if any(w.memory is memory for w in watches)]
        environment.divert(None)
        space["M"] = watched if indices or growth else mems
        try:
            for index in indices:
                if not environment.memory_guarded(index, True):
                    raise Met
                space.update(self._accessors_of(environment, index, watched[index]))
            yield
        finally:
            space["M"] = mems
            for index in indices:
                environment.memory_guarded(index, False)
                space.update(dict.fromkeys(f"{name}_{index}" for name in (*NAMES, *ATOMIC_NAMES)))

    def _watched(self, environment: Environment, memidx: int) -> _WatchedMemory:
        memory = environment.instance.mems[memidx]
        key = environment, memidx
        found = self._memories.setdefault(key, _WatchedMemory(memory))
        found.watches = [w for w in self._conditions.watches if w.memory is memory]
        found.stops_at_growth = self._conditions.growth is not None
        return found

    def _accessors_of(
        self, environment: Environment, memidx: int, watched: _WatchedMemory
    ) -> dict[str, Any]:
        memory = environment.instance.mems[memidx]
        start = min(watch.start for watch in watched.watches)
        end = max(watch.end for watch in watched.watches)
        made_for = start, end, memory.block
        found = self._accessors.get((environment, memidx))
        if found is None or found[0] != made_for:
            found = made_for, _accessors(environment, memidx, watched, start, end)
            self._accessors[environment, memidx] = found
        return found[1]

    # ---- functions of the host

    @contextmanager
    def _recording(self) -> Iterator[None]:
        functions = {
            id(func): func
            for func in self._world.functions()
            if not isinstance(func.owner, Environment)
        }
        calls = [(func, func.call) for func in functions.values()]
        for func, call in calls:
            func.call = self._recorded(func, call)
        self._take_over()
        try:
            yield
        finally:
            for func, call in calls:
                func.call = call
            self._take_over()

    def _take_over(self) -> None:
        """Have generated code and tables call what functions are called by now."""
        for environment in self._world.environments:
            for index, func in enumerate(environment.instance.funcs):
                if func.owner is not environment:
                    environment.globals[f"f{index}"] = func.call
        for table in self._world.tables:
            table.rewind(list(table.elems))

    def _recorded(self, func: FuncInst, call: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(*arguments: Any) -> Any:
            if self._callbacks or func in self._conditions.imports:
                raise Met
            made = HostCall(func, arguments, enters=False, tells=None)
            before = [watch.bytes() for watch in self._conditions.watches]
            if self._recorder.begin(made):
                result = self._repeated(made)
            else:
                try:
                    result = call(*arguments)
                except BaseException as failure:
                    self._recorder.end(made, None, failure)
                    raise
                self._recorder.end(made, result, None)
            for watch, old in zip(self._conditions.watches, before, strict=True):
                if watch.writes and watch.bytes() != old:
                    raise Met
            return result

        return recorded

    def _repeated(self, made: HostCall) -> Any:
        """What a call gave that is recorded."""
        while True:
            kind, what = made.next_event()
            if kind == "changes":
                self._world.apply(what)
            elif kind == "return":
                return what
            elif kind == "raise":
                raise what
            else:
                raise Met


# ---- accessors


def _accessors(
    environment: Environment, memidx: int, watched: _WatchedMemory, start: int, end: int
) -> dict[str, Callable[..., Any]]:
    memory = environment.instance.mems[memidx]
    space = environment.globals
    space[f"look_{memidx}"] = watched.look
    found: dict[str, Callable[..., Any]] = {}
    for name in (*NAMES, *ATOMIC_NAMES):
        if name in _VALUES or name in _STORES:
            code = _code(name, memidx, memory.declared_type, start, end)
            function = FunctionType(code, space)
            function.__defaults__ = (0,)
            found[f"{name}_{memidx}"] = function
        elif name == SIZE:
            found[f"{name}_{memidx}"] = memory.accessor(name)
        else:
            found[f"{name}_{memidx}"] = _looking(name, memory, watched)
    return found


def _code(name: str, memidx: int, type_: MemType, start: int, end: int) -> CodeType:
    size = BY_MNEMONIC[name.replace("_", ".", 1)].width >> 3
    mask = 0xFFFFFFFF if type_.addrtype is I32 else 0xFFFFFFFFFFFFFFFF
    stores = name in _STORES
    lines = [
        f"def accessor(a,{'v,' * stores}o=0):",
        f" a=(a&{mask})+o",
        f" if {start - size}<a<{end}: look_{memidx}(a,{size},writes={stores},reads={not stores})",
        f" {_STORES[name]}" if stores else f" return {_VALUES[name]}",
    ]
    text = "\n".join(lines).replace("ba,", f"ba{memidx},").replace("ba[", f"ba{memidx}[")
    module = compile(text, _FILENAME, "exec", dont_inherit=True, optimize=0)
    return next(each for each in module.co_consts if isinstance(each, CodeType))


def _looking(name: str, memory: MemInst, watched: _WatchedMemory) -> Callable[..., Any]:
    """An accessor around the memory's own: for vectors and atomic instructions."""
    own = memory.accessor(name)
    mask = 0xFFFFFFFF if memory.declared_type.addrtype is I32 else 0xFFFFFFFFFFFFFFFF
    if name == VECTOR_BYTES:
        operands, size, reads, writes = 1, 16, True, False
    else:
        op = _BY_NAME[name]
        operands, size = len(op.params or ()), op.width >> 3
        action = op.family.rsplit("atomic.", 1)[-1]
        reads = action.startswith(("load", "rmw", "wait"))
        writes = action.startswith(("store", "rmw"))

    def accessor(address: int, *rest: int) -> Any:
        offset = rest[operands - 1] if len(rest) == operands else 0
        watched.look((address & mask) + offset, size, writes=writes, reads=reads)
        return own(address, *rest)

    return accessor


_BY_NAME: Final = {op.mnemonic.replace(".", "_"): op for op in BY_MNEMONIC.values()}

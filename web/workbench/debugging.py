"""Debugs the calls of a plan of the workbench, in Pyodide and in tests: plain data goes in and comes out.

Commands are those of `pyjsapi.debugging.Debugger.command`, and what is added here belongs to the plan: its calls one
after the other, and what imports were called with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FunctionType
from typing import Any, Final

from pyjsapi import WebAssembly, engines, wat2wasm
from pyjsapi.debugging import DebugError, Debugger
from pyjsapi.debugging.unstarted import UnstartedEngine
from pyjsapi.embedding.backtrace import backtrace_of
from pyjsapi.jsapi.functions import from_js
from pyjsapi.runtime import FuncInst, start_function
from pyjsapi.syntax.errors import WasmError
from web.workbench.runs import Run, read

Answer = dict[str, Any]
_Pending = tuple[str, FuncInst, list[Any]]

_MOST_LOGGED: Final = 200
_MOST_FRAMES: Final = 50


class Session:
    """An instance of a plan's module, and its calls from one on, of which those before are made at once."""

    def __init__(self, plan: Mapping[str, Any], first: int, source_map: str | None) -> None:
        self._run = Run(plan)
        self._counts: list[int] = []
        self._debugger: Debugger | None = None
        instance = self._instantiate(bytes(plan["bytes"]))
        self.calls = self._pending(instance._instance, plan)
        for _, func, arguments in self.calls[:first]:
            _make(func, arguments)
        self._next = first
        self._debugger = Debugger(instance, source_map=source_map)

    @property
    def debugger(self) -> Debugger:
        """What executes the calls."""
        if self._debugger is None:
            raise DebugError("the instance is not made yet")
        return self._debugger

    def _instantiate(self, data: bytes) -> Any:
        module = WebAssembly.Module(data)
        imports = {
            name: {key: self._counted(value) for key, value in values.items()}
            for name, values in self._run.imports().items()
        }
        before = engines.use(UnstartedEngine())
        try:
            return WebAssembly.Instance(module, imports)
        finally:
            engines.use(before)

    def _counted(self, imported: Any) -> Any:
        """An import that notes when it is called, if it is a function."""
        if not isinstance(imported, FunctionType):
            return imported

        def call(*arguments: Any) -> Any:
            result = imported(*arguments)
            if self._debugger is not None and len(self._counts) < len(self._run.log):
                self._counts.append(self._debugger.count or 0)
            return result

        return call

    def _pending(self, core: Any, plan: Mapping[str, Any]) -> list[_Pending]:
        found: list[_Pending] = []
        start = start_function(core)
        if start is not None:
            found.append(("the start function", start, []))
        for call in plan["calls"]:
            func = core.exports[call["export"]]
            types = func.type.func.params
            values = [
                from_js(read(value), type_)
                for value, type_ in zip(call["arguments"], types, strict=True)
            ]
            found.append((call["export"], func, values))
        return found

    def begin(self) -> Answer:
        """Begin the next call: see `Debugger.begin`. Raises `DebugError`."""
        if self._next >= len(self.calls):
            raise DebugError("there is no call that comes next: add one in the view “Run”")
        _, func, arguments = self.calls[self._next]
        self._next += 1
        self._run.log.clear()
        self._counts.clear()
        return self.debugger.begin(func, list(arguments))

    def state(self, state: Answer) -> Answer:
        """A state of the debugger, with the number of its ``call``, and how many are ``left``; of the calls of imports
        so far the last (``log``) and their number (``logged``); the lengths of ``memories``; and after a failure the
        calls that it passed (``passed``)."""
        count = state["count"]
        logged = sum(1 for each in self._counts if count is None or each <= count)
        return {
            **state,
            "call": self._next - 1,
            "left": len(self.calls) - self._next,
            "log": self._run.log[max(logged - _MOST_LOGGED, 0) : logged],
            "logged": logged,
            "memories": [memory.byte_length for memory in self.debugger.instance.mems],
            "passed": _passed(self.debugger.failure),
        }


def _make(func: FuncInst, arguments: list[Any]) -> None:
    """Make a call that is not debugged; what it raises was seen in the view of runs."""
    try:
        func.call(*arguments)
    except Exception:
        return


def _passed(failure: BaseException | None) -> list[Answer]:
    frames = None if failure is None else backtrace_of(failure)
    return [
        {"name": frame.name, "function": frame.index, "offset": frame.offset, "line": frame.line}
        for frame in list(frames or ())[:_MOST_FRAMES]
    ]


def _remember(text: str | None) -> None:
    """Let the bytes of a text be known to be made from it, so that lines are its lines."""
    if text is not None:
        with suppress(WasmError):
            wat2wasm(text)


_sessions: Final[list[Session]] = []


def open_debugger(plan: Mapping[str, Any], given: Mapping[str, Any]) -> Answer:
    """Make the instance of a plan, and the calls before ``first``; what it is asked to do then is `debug`.

    ``text`` is what the module was made from, ``sourceMap`` the text of a source map, or null. The names of the
    ``calls``, or an ``error``.
    """
    while _sessions:
        _sessions.pop().debugger.close()
    try:
        _remember(given["text"])
        session = Session(plan, given["first"], given["sourceMap"])
    except (WasmError, DebugError, ValueError) as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": f"the instance cannot be made: {error}"}
    _sessions.append(session)
    return {"calls": [name for name, _, _ in session.calls]}


def debug(command: Mapping[str, Any]) -> Answer:
    """Do a command of `Debugger.command`, or ``begin``: begin the next call. What is wrong is told as ``error``."""
    if not _sessions:
        return {"error": "nothing is debugged"}
    session = _sessions[-1]
    own: dict[str, Callable[[], Answer]] = {"begin": session.begin}
    try:
        act = own.get(command["do"])
        answer = session.debugger.command(command) if act is None else act()
    except DebugError as error:
        return {"error": str(error)}
    return session.state(answer) if "frames" in answer else answer

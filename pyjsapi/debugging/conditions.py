"""What a machine stops at, and how it tells why it stopped."""

from __future__ import annotations

from typing import Any, TypeAlias

from pyjsapi.compiler.environment import Environment
from pyjsapi.debugging.routines import ACCESS, BREAK, GROW, HIDDEN
from pyjsapi.debugging.values import exception_text
from pyjsapi.runtime import ExnInst, FuncInst, MemInst
from pyjsapi.runtime.exception import UNCATCHABLE
from pyjsapi.syntax.errors import WasmError

Stop: TypeAlias = dict[str, Any]
"""Why the machine stopped, as plain data; ``reason`` says which kind it is."""


class Watch:
    """A range of a memory that is watched."""

    __slots__ = ("end", "memory", "number", "reads", "start", "writes")

    def __init__(
        self, number: int, memory: MemInst, start: int, end: int, *, reads: bool, writes: bool
    ) -> None:
        self.number = number
        self.memory = memory
        self.start = start
        self.end = end
        self.reads = reads
        self.writes = writes

    def bytes(self) -> bytes:
        """What is there now, as far as the memory reaches."""
        end = min(self.end, self.memory.byte_length)
        return (
            bytes(self.memory.block.read(self.start, end - self.start)) if end > self.start else b""
        )


class Conditions:
    """What the machine stops at, beside the end of what it was told to execute."""

    def __init__(self) -> None:
        self.functions: dict[tuple[Environment, int], int] = {}
        """Numbers of the breakpoints where functions begin."""
        self.instructions: dict[tuple[Environment, int], list[tuple[int, int]]] = {}
        """For functions: pairs (position, number of a breakpoint)."""
        self.watches: list[Watch] = []
        self.imports: dict[FuncInst, int] = {}
        self.growth: int | None = None
        self.traps: int | None = None
        self.throws: int | None = None

    @property
    def mask(self) -> int:
        """Marks of the instructions that have to be looked at."""
        return (
            BREAK
            | HIDDEN
            | (ACCESS if self.watches else 0)
            | (GROW if self.growth is not None else 0)
        )

    def uncaught(self, exception: BaseException, exn: ExnInst | None) -> Stop | None:
        """Why to stop where nothing of WebAssembly catches what was raised; ``exn`` if that has a tag."""
        if exn is not None and self.throws is not None:
            return {"reason": "exception", "breakpoints": [self.throws]}
        if exn is None and self.traps is not None and is_trap(exception):
            return {"reason": "trap", "breakpoints": [self.traps]}
        return None


def is_trap(exception: BaseException) -> bool:
    """Whether no handler of WebAssembly catches what was raised."""
    return isinstance(exception, WasmError) or bool(getattr(exception, UNCATCHABLE, False))


def message_of(exception: BaseException) -> str:
    """What is said of what a call ended with."""
    if isinstance(exception, ExnInst):
        return exception_text(exception)
    text = str(exception)
    return (
        text
        if isinstance(exception, WasmError) and text
        else (f"{type(exception).__name__}: {text}" if text else type(exception).__name__)
    )

"""What a generator makes: a module, what it imports, the calls to make, and what it needs of an engine.

A program is data, so that it can be sent to any engine: its JSON form is read by ``engines/harness.mjs``,
``engines/harness.py`` and ``engines/wasmtime_engine.py``, which must do the same with it.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

import wasmtime

from pyjsapi import wat2wasm

Value: TypeAlias = tuple[str, str]
"""(type, text): ``("i32", "5")``, ``("i64", "-1")``, ``("f64", "7ff8000000000000")`` (bits), ``("ref", "null")``."""

Effect: TypeAlias = tuple[Any, ...]
"""What a host function does besides returning. A name is that of an export, or of an import as ``module.name``; what
is not there (before the instance is) makes the effect do nothing.

``("grow", memory, pages)``, ``("write", memory, address, byte)``, ``("look", memory)``, ``("set", global, value)``,
``("put", table, index, export or None)``, ``("enlarge", table, elements)``, ``("call", export, *arguments)``,
``("throw", tag, *values)``.
"""


def i32(value: int) -> Value:
    """An argument of type i32; the value is taken modulo 2**32."""
    return "i32", str((value & 0xFFFF_FFFF ^ 0x8000_0000) - 0x8000_0000)


def i64(value: int) -> Value:
    """An argument of type i64; the value is taken modulo 2**64."""
    return "i64", str((value & (1 << 64) - 1 ^ 1 << 63) - (1 << 63))


def f32(value: float) -> Value:
    """An argument of type f32."""
    return "f32", f"{struct.unpack('<Q', struct.pack('<d', value))[0]:016x}"


def f64(value: float) -> Value:
    """An argument of type f64."""
    return "f64", f"{struct.unpack('<Q', struct.pack('<d', value))[0]:016x}"


NULL: Final[Value] = ("ref", "null")


@dataclass(frozen=True)
class Call:
    """A call of an exported function."""

    name: str
    arguments: tuple[Value, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(text for _, text in self.arguments)})"


@dataclass(frozen=True)
class Import:
    """Something that the module imports, and what is made for it."""

    module: str
    name: str
    kind: Literal["function", "memory", "table", "global", "tag"]
    type: dict[str, Any] = field(default_factory=dict)
    """As in the JavaScript API's type reflection; a global also has ``init``, a `Value`."""
    effects: tuple[tuple[Effect, ...], ...] = ()
    """Of a function: what its first, second … call does, round and round."""
    same_as: int | None = None
    """Index of an earlier import that the same object is given to."""


@dataclass(frozen=True)
class Program:
    """A module and what is done with it."""

    source: str | bytes
    """The module: text, or binary."""
    calls: tuple[Call, ...] = ()
    """Made in order, on one instance."""
    imports: tuple[Import, ...] = ()
    features: frozenset[str] = frozenset()
    """What an engine needs to run it, beyond WebAssembly 2.0; see `engines.base.FEATURES`."""
    nans_fixed: bool = True
    """Whether the bits of every NaN that it shows are fixed by the specification. If not, memories are not compared."""
    ends: bool = True
    """Whether every call ends by construction; if not, only what Wasmtime does within its fuel is compared."""

    kind: Literal["run", "mutant", "text"] = "run"
    """``mutant``: a binary that need not be valid, the verdict is compared too; ``text``: a text that need not be
    well-formed, which is read and not run."""
    lowered: bool = False
    """Whether it is run lowered too, on an engine that has one memory per module."""

    @cached_property
    def binary(self) -> bytes:
        """The module's binary form. Raises `wasmtime.WasmtimeError` if the text is not well-formed."""
        if isinstance(self.source, bytes):
            return self.source
        if "legacy-exceptions" in self.features:
            # Wasmtime's reader of texts does not know them.
            return wat2wasm(self.source)
        return bytes(wasmtime.wat2wasm(self.source))

    def json(self) -> dict[str, Any]:
        """The program as plain data."""
        return {
            "binary": base64.b64encode(self.binary).decode("ascii"),
            "calls": [
                [call.name, [list(value) for value in call.arguments]] for call in self.calls
            ],
            "imports": [
                {
                    "module": i.module,
                    "name": i.name,
                    "kind": i.kind,
                    "type": i.type,
                    "effects": i.effects,
                    "sameAs": i.same_as,
                }
                for i in self.imports
            ],
        }


@dataclass(frozen=True)
class Case:
    """A program with where it came from."""

    generator: str
    seed: int
    program: Program

    def __str__(self) -> str:
        return f"{self.generator} {self.seed}"


def each_twice(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Every call two times in a row: the first translates the function, the second finds it translated."""
    return tuple(call for call in calls for _ in range(2))

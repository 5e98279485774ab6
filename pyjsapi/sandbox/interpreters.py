"""The interpreters: how each starts, is given code, and says what came of it."""

from __future__ import annotations

import io
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

from pyjsapi import WebAssembly
from pyjsapi.sandbox.bridge import ERRORS, EXCEPTION, READ_LINE, RETURN, VALUE, Bridge
from pyjsapi.sandbox.determinism import repeatable
from pyjsapi.sandbox.errors import GuestError, SandboxError
from pyjsapi.sandbox.longjmp import Invoker
from pyjsapi.snapshots import Snapshot

HEAP_BYTES: Final = 256 * 1024
"""With which MicroPython begins; it makes more of the memory its own when it needs to."""
STACK_BYTES: Final = 512 * 1024
"""Of QuickJS, at whose end it raises an exception of its own."""
MOST_CALLS: Final = 100
"""Calls of MicroPython's functions in each other, at whose end it raises an exception of its own."""


class Interpreter(ABC):
    """An instance of an interpreter. ``taken`` is what it goes on from, or it starts anew."""

    language: ClassVar[str]
    needed: ClassVar[tuple[str, ...]]
    """What its module must export."""

    def __init__(
        self,
        module: WebAssembly.Module,
        bridge: Bridge,
        *,
        taken: Snapshot | None = None,
        seed: int | None = None,
    ) -> None:
        self.bridge = bridge
        self._check(module)
        imports = self._imports(module, seed)
        if taken is None:
            self.instance = WebAssembly.Instance(module, imports)
        else:
            self.instance = taken.instantiate(module, imports)
        self.limit_time(math.inf)  # it is trusted to start
        self._exports: Any = self.instance.exports
        bridge.bind(self._exports.memory._memory)
        self._bind()
        if taken is None:
            self._exports["_initialize"]()
            if self._start():
                raise SandboxError(f"Sandbox.{self.language}(): the interpreter did not start")

    @classmethod
    def _check(cls, module: WebAssembly.Module) -> None:
        exported = {each["name"] for each in WebAssembly.Module.exports(module)}
        missing = [name for name in cls.needed if name not in exported]
        if missing:
            raise SandboxError(
                f"Sandbox.{cls.language}(): the module is no such interpreter: it does not export "
                + ", ".join(missing)
            )

    def run(self, code: str) -> Any:
        """Run code; its value. Raises `GuestError`, and what ends it from outside."""
        source = code.encode()
        address = self._exports.malloc(len(source) + 1)
        if not address:
            raise GuestError("MemoryError: the interpreter has no room for the code")
        self.bridge.put(address, source + b"\0")
        failed = self._exports[self._run_export](address, len(source))
        self._exports.free(address)
        if failed:
            raise GuestError(self._failure().strip() or "the code failed and did not say why")
        return self._value()

    def limit_time(self, seconds: float) -> None:
        """Let each run from now on take so long; not where the module has no deadline."""
        clock = self.instance._instance.clock
        if clock is not None:
            clock.seconds = seconds

    def refuel(self, fuel: int) -> None:
        """Let the next run execute so many instructions."""
        tank = self.instance._fuel()
        if tank is not None:
            tank.refill(fuel)

    def define(self, names: Iterable[str], *, files: bool) -> None:
        """Make functions of the host known by their names, one that reads input, and what files are used by."""
        if files:
            from pyjsapi.sandbox import preludes

            self.run(getattr(preludes, self.language.upper()))
        self.run("\n".join([*map(self._definition, names), self._reader]))

    @abstractmethod
    def evaluate(self, expression: str) -> Any:
        """The value of an expression. Raises as `run`."""

    _run_export: ClassVar[str]
    _reader: ClassVar[str]

    @abstractmethod
    def _imports(self, module: WebAssembly.Module, seed: int | None) -> Mapping[str, Any]:
        """What its module imports."""

    @abstractmethod
    def _bind(self) -> None:
        """Let the host's functions use the instance."""

    @abstractmethod
    def _start(self) -> int:
        """Start it; 0 if it did."""

    @abstractmethod
    def _definition(self, name: str) -> str:
        """Code that makes a function of the host known."""

    @abstractmethod
    def _failure(self) -> str:
        """What the code raised, as the guest tells it."""

    def _value(self) -> Any:
        return None


class MicroPython(Interpreter):
    """MicroPython as the package pwasm has it."""

    language = "python"
    needed = (
        "memory",
        "__indirect_function_table",
        "_initialize",
        "malloc",
        "free",
        "mp_sandbox_init",
        "mp_sandbox_exec",
        "mp_sandbox_recursion_error",
        "setThrew",
        "stack_save",
        "stack_restore",
    )
    _run_export = "mp_sandbox_exec"
    _reader = (
        "def input(prompt=''):\n import host\n print(prompt, end='')\n"
        f" return host.call('{READ_LINE}')"
    )

    def evaluate(self, expression: str) -> Any:
        """See `Interpreter`."""
        self.run(f"import host as __host\n__host.call('{RETURN}', ({expression}\n))")
        return self.bridge.returned

    def _imports(self, module: WebAssembly.Module, seed: int | None) -> Mapping[str, Any]:
        self._invoker = Invoker(MOST_CALLS, "mp_sandbox_recursion_error")
        return {"env": {**self._invoker.imports(module), **self.bridge.imports()}}

    def _bind(self) -> None:
        self._invoker.bind(self._exports)

    def _start(self) -> int:
        status: int = self._exports.mp_sandbox_init(HEAP_BYTES)
        return status

    def _definition(self, name: str) -> str:
        return f"def {name}(*given):\n import host\n return host.call('{name}', *given)"

    def _failure(self) -> str:
        return self.bridge.text(ERRORS)


class QuickJs(Interpreter):
    """QuickJS as the package pwasm has it."""

    language = "javascript"
    needed = ("memory", "_initialize", "malloc", "free", "qjs_init", "qjs_eval")
    _run_export = "qjs_eval"
    _reader = f"globalThis.readline = () => host.{READ_LINE}(); undefined"

    def evaluate(self, expression: str) -> Any:
        """See `Interpreter`."""
        return self.run(f"({expression}\n)")

    def _imports(self, module: WebAssembly.Module, seed: int | None) -> Mapping[str, Any]:
        from pyjsapi.wasi import WASI

        # It has no files and writes to the bridge; of WASI it needs the time.
        self._wasi = WASI(
            version="preview1",
            stdin=io.BytesIO(),
            stdout=_nowhere,
            stderr=_nowhere,
            **repeatable(seed),
        )
        return {**self._wasi.getImportObject(), "env": self.bridge.imports()}

    def _bind(self) -> None:
        self._wasi.finalizeBindings(self.instance)

    def _start(self) -> int:
        status: int = self._exports.qjs_init(0, STACK_BYTES)
        return status

    def _definition(self, name: str) -> str:
        return f"globalThis.{name} = (...given) => host.{name}(...given);"

    def _failure(self) -> str:
        return self.bridge.text(EXCEPTION)

    def _value(self) -> Any:
        text = self.bridge.text(VALUE)
        if text in ("", "undefined"):
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text


def _nowhere(_: bytes) -> None:
    """What is written here is gone."""


INTERPRETERS: Final[Mapping[str, Callable[..., Interpreter]]] = {
    one.language: one for one in (MicroPython, QuickJs)
}
"""By language."""

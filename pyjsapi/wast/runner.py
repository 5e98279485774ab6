"""Running scripts on the core engine and judging their assertions."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import CompiledModule, compile_module, instantiate, invoke
from pyjsapi.runtime import (
    ExnInst,
    ExternVal,
    FuncInst,
    GlobalInst,
    MemInst,
    ModuleInstance,
    TableInst,
)
from pyjsapi.runtime.memory import MakeMemory, new_memory
from pyjsapi.syntax.errors import (
    DecodeError,
    Exhaustion,
    LinkError,
    ParseError,
    Trap,
    ValidationError,
    WasmError,
)
from pyjsapi.syntax.features import Features
from pyjsapi.text.lexer import decode_source
from pyjsapi.validation.branch_hints import check_branch_hints
from pyjsapi.validation.limits import Limits
from pyjsapi.wast.script import (
    Action,
    AssertFails,
    AssertReturn,
    Command,
    DefineModule,
    Form,
    Get,
    Ignored,
    InstantiateModule,
    Invoke,
    ModuleSource,
    Register,
    Thread,
    Wait,
    read_script,
)
from pyjsapi.wast.spectest import spectest
from pyjsapi.wast.values import describe

if TYPE_CHECKING:
    from pyjsapi.embedding.interface import Engine

CORE_LIMITS: Final = replace(Limits(), memory64_pages=1 << 48)
"""The core specification's bound on 64-bit memories, which the JS API's is below."""

_EXPECTED_ERRORS: Final[Mapping[str, tuple[type[Exception], ...]]] = {
    "assert_malformed": (DecodeError, ParseError),
    "assert_malformed_custom": (DecodeError, ParseError),
    "assert_invalid": (ValidationError,),
    "assert_invalid_custom": (ValidationError,),
    "assert_unlinkable": (LinkError,),
    "assert_trap": (Trap,),
    "assert_exhaustion": (Exhaustion,),
    "assert_exception": (ExnInst,),
    "assert_suspension": (Trap,),
}


_PATIENCE: Final = 120.0
"""Seconds after which a thread counts as one that never ends."""


class Mismatch(Exception):
    """An assertion that does not hold, or a command that cannot be carried out."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A command that failed."""

    line: int
    keyword: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.keyword}: {self.reason}"


@dataclass(slots=True)
class ScriptResult:
    """What became of a script."""

    path: str
    assertions: int = 0
    passed: int = 0
    """Assertions that hold."""
    failures: list[Failure] = field(default_factory=list)
    """Assertions that do not hold, and other commands that failed."""

    def add(self, other: ScriptResult) -> None:
        """Count what became of a part."""
        self.assertions += other.assertions
        self.passed += other.passed
        self.failures += other.failures


def run_script(
    path: Path,
    *,
    features: Features | None = None,
    make_memory: MakeMemory = new_memory,
    options: Options = DEFAULT_OPTIONS,
    engine: Engine | None = None,
) -> ScriptResult:
    """Run the script in a file; see `run_text`."""
    return run_text(
        decode_source(path.read_bytes()),
        str(path),
        features=features,
        make_memory=make_memory,
        options=options,
        engine=engine,
    )


def run_text(
    text: str,
    path: str = "",
    *,
    features: Features | None = None,
    make_memory: MakeMemory = new_memory,
    options: Options = DEFAULT_OPTIONS,
    engine: Engine | None = None,
) -> ScriptResult:
    """Run a script. A command that fails is recorded, and the rest is run all the same.

    ``make_memory`` makes the memories of its modules; ``options`` say how they are translated. With ``engine`` that
    runs the modules, in whichever way it does, and ``make_memory`` makes those that it imports from ``spectest``.
    """
    result = ScriptResult(path)
    runner = _Runner(features or Features(), result, make_memory, options, engine)
    try:
        runner.run_all(read_script(text))
    except ParseError as error:
        result.failures.append(Failure(error.line, "script", str(error)))
    return result


def _explain(error: Exception) -> str:
    if isinstance(error, Mismatch):
        return str(error)
    return f"{type(error).__name__}: {error}"


class _Runner:
    """The state of a running script, or of a thread of one: modules, instances, what is registered for import."""

    def __init__(
        self,
        features: Features,
        result: ScriptResult,
        make_memory: MakeMemory = new_memory,
        options: Options = DEFAULT_OPTIONS,
        engine: Engine | None = None,
    ) -> None:
        self._engine = engine
        self._features = features
        self._options = options
        self._make_memory = make_memory
        self._result = result
        self._threads: dict[str, tuple[threading.Thread, ScriptResult]] = {}
        self._registry: dict[str, Mapping[str, ExternVal]] = {
            "spectest": spectest(CORE_LIMITS, make_memory)
        }
        if engine is not None:
            for value in self._registry["spectest"].values():
                if isinstance(value, MemInst | TableInst):
                    value.held_by = None  # the engine is to take it over
        self._modules: dict[str | None, CompiledModule] = {}
        self._instances: dict[str | None, ModuleInstance] = {}

    def run_all(self, forms: Iterable[Form]) -> None:
        """Carry out commands, recording those that fail, and wait for the threads that are left."""
        result = self._result
        for form in forms:
            result.assertions += form.is_assertion
            try:
                self.run(form.parse())
            except Exception as error:  # whatever the engine raises fails this command, no more
                result.failures.append(Failure(form.line, form.keyword, _explain(error)))
            else:
                result.passed += form.is_assertion
        for name in list(self._threads):
            try:
                self._wait(name)
            except Mismatch as error:
                result.failures.append(Failure(0, "thread", str(error)))

    def run(self, command: Command) -> None:
        """Carry out a command. Raises whatever the engine raises, or `Mismatch`."""
        match command:
            case DefineModule():
                # A later action without a name means this module, also when it cannot be made.
                self._modules.pop(None, None)
                if command.instantiate:
                    self._instances.pop(None, None)
                self._define(command)
            case InstantiateModule():
                self._remember(command.name, self._instantiate(self._module(command.module)))
            case Register():
                self._registry[command.module_name] = self._instance(command.instance).exports
            case Invoke() | Get():
                self._act(command)
            case AssertReturn():
                self._assert_return(command)
            case AssertFails():
                self._assert_fails(command)
            case Thread():
                self._start(command)
            case Wait():
                self._wait(command.name)
            case Ignored():
                pass

    def _start(self, command: Thread) -> None:
        result = ScriptResult(self._result.path)
        runner = _Runner(self._features, result, self._make_memory, self._options, self._engine)
        for name in command.shared:
            runner._remember(name, self._instance(name))
        thread = threading.Thread(target=runner.run_all, args=(command.commands,), daemon=True)
        thread.start()
        self._threads[command.name] = thread, result

    def _wait(self, name: str) -> None:
        if name not in self._threads:
            raise Mismatch(f"no thread {name} runs")
        thread, result = self._threads.pop(name)
        thread.join(_PATIENCE)
        if thread.is_alive():
            raise Mismatch(f"the thread {name} does not end")
        self._result.add(result)

    def _define(self, command: DefineModule) -> None:
        compiled = self._compile(command.module)
        self._modules[None] = compiled
        if command.name is not None:
            self._modules[command.name] = compiled
        if command.instantiate:
            self._remember(command.name, self._instantiate(compiled))

    def _compile(self, module: ModuleSource) -> CompiledModule:
        settings = Settings(self._features, CORE_LIMITS)
        if self._engine is not None:
            found: Any = self._engine.compile(module.encode(), settings)
            return cast("CompiledModule", found)
        # Nothing is kept: a script tests what happens to a module that was never met before.
        return compile_module(
            module.encode(),
            settings,
            options=self._options,
            cache=CodeCache(),
        )

    def _instantiate(self, compiled: CompiledModule) -> ModuleInstance:
        values = []
        for import_ in compiled.module.imports:
            exports = self._registry.get(import_.module)
            value = exports.get(import_.name) if exports is not None else None
            if value is None:
                raise LinkError(f'unknown import "{import_.module}" "{import_.name}"')
            values.append(value)
        if self._engine is not None:
            made: Any = self._engine.instantiate(compiled, values)
            return cast("ModuleInstance", made)
        return instantiate(compiled, values, make_memory=self._make_memory)

    def _remember(self, name: str | None, instance: ModuleInstance) -> None:
        self._instances[None] = instance
        if name is not None:
            self._instances[name] = instance

    def _module(self, name: str | None) -> CompiledModule:
        if name not in self._modules:
            raise Mismatch(f"no module {name or 'has been defined'}")
        return self._modules[name]

    def _instance(self, name: str | None) -> ModuleInstance:
        if name not in self._instances:
            raise Mismatch(f"no instance {name}" if name else "no instance: its module failed")
        return self._instances[name]

    def _act(self, action: Action) -> list[Any]:
        instance = self._instance(action.instance)
        export = instance.exports.get(action.name)
        if isinstance(action, Get):
            if not isinstance(export, GlobalInst):
                raise Mismatch(f'no global is exported as "{action.name}"')
            return [export.cell[0]]
        if not isinstance(export, FuncInst):
            raise Mismatch(f'no function is exported as "{action.name}"')
        return list(invoke(export, [argument.value() for argument in action.arguments]))

    def _assert_return(self, command: AssertReturn) -> None:
        values = self._act(command.action)
        patterns = command.patterns
        if len(values) != len(patterns) or not all(
            pattern.matches(value) for pattern, value in zip(patterns, values, strict=True)
        ):
            wanted = ", ".join(map(str, patterns)) or "nothing"
            got = ", ".join(map(describe, values)) or "nothing"
            raise Mismatch(f"expected {wanted}; got {got}")

    def _assert_fails(self, command: AssertFails) -> None:
        keyword, subject = command.keyword, command.subject
        wanted = _EXPECTED_ERRORS.get(keyword)
        if wanted is None:
            raise Mismatch(f"{keyword} is not supported")
        try:
            if isinstance(subject, ModuleSource):
                compiled = self._compile(subject)
                if keyword in ("assert_unlinkable", "assert_trap"):
                    self._instantiate(compiled)
                if keyword.endswith("_custom"):
                    check_branch_hints(compiled.module)
            elif isinstance(subject, InstantiateModule):
                self._instantiate(self._module(subject.module))
            else:
                self._act(subject)
        except wanted as error:
            message = error.message if isinstance(error, WasmError) else str(error)
            if not message.startswith(command.message):
                raise Mismatch(
                    f"the message should begin {command.message!r}, but is {message!r}"
                ) from error
        else:
            raise Mismatch(f"nothing failed; expected {command.message!r}")

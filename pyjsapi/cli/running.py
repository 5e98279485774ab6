"""What ``pyjsapi run`` and ``pyjsapi snapshot`` do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyjsapi import Limits, WebAssembly
from pyjsapi.cli import exits
from pyjsapi.cli.exits import InputError
from pyjsapi.cli.files import binary, compiled, read, write
from pyjsapi.cli.surroundings import engine_used, limits_of, wasi_of
from pyjsapi.cli.values import arguments_of, signature
from pyjsapi.jsapi.endings import (
    FAILURES,
    ending_of,
    kind_of,
    memories_of,
    refusal_of,
    told,
)
from pyjsapi.jsapi.imported import is_program, missing_imports
from pyjsapi.syntax.spelling import on_one_line

if TYPE_CHECKING:
    from pyjsapi.snapshots import Snapshot
    from pyjsapi.wasi import WASI

_NO_TEXT: Final = b"\x89"
"""What snapshots begin with, and neither modules nor texts do."""
START: Final = "_start"
"""What modules export that are run by a call, and then over."""
INITIALIZE: Final = "_initialize"
"""What modules export that are to be initialised by a call, and used after it."""
_OPTIONS: Final = {
    exits.OUT_OF_FUEL: " (--fuel)",
    exits.OUT_OF_HOST_CALLS: " (--max-host-calls)",
    exits.TIMED_OUT: " (--timeout)",
    exits.MEMORY_LIMIT: " (--max-memory)",
}
"""Where the limits are set, by the exit codes of what met one."""


def run(options: argparse.Namespace) -> int:
    """``pyjsapi run module.wasm --invoke f args…``: print the result of a call, on a new instance or on one that goes
    on from a snapshot. ``pyjsapi run program.wasm -- args…``: run a program of WASI; its exit code.

    Without ``--invoke`` it is ``_start`` that is called, or the start function by instantiating. Where there is none
    of them, what could be called is shown, and the exit code is that of wrong usage.
    """
    with engine_used(options):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    source = Source(options.module, limits_of(options))
    name = options.invoke or START
    if name not in source.functions and options.invoke is None:
        if source.module._compiled.module.start is None:
            _show_exports(source)
            return exits.USAGE
        if options.arguments:
            raise InputError(f"{source.path} has no _start that could take arguments", exits.USAGE)
        with host_of(options, source) as wasi:
            source.instantiate(wasi)
        return 0
    source.check_function(name)
    texts = [] if name == START and is_program(source.module) else options.arguments
    arguments = arguments_of(name, source.functions[name], texts)
    with host_of(options, source) as wasi:
        if wasi is None:
            return _print(source.call(source.instantiate(None), name, arguments))
        return _run_program(source, wasi, name, arguments)


def _run_program(source: Source, wasi: WASI, name: str, arguments: list[int | float]) -> int:
    from pyjsapi.wasi import WASIExit
    from pyjsapi.wasi.modules import is_threaded

    if name == START and is_threaded(source.module) and source.snapshot is None:
        with source.failures(None):
            return wasi.run(source.module)
    instance = source.instantiate(wasi)
    try:
        source.begin(instance, wasi, name)
        return _print(source.call(instance, name, arguments))
    except WASIExit as end:
        if end.code:
            source.note_refusal(instance)
        return end.code


def snapshot(options: argparse.Namespace) -> int:
    """``pyjsapi snapshot program.wasm -o warm.snap --until f``: keep the instance as it is when a call has returned.

    Without ``--until`` it is ``_initialize`` that is called, if the module exports it.
    """
    from pyjsapi.snapshots import SnapshotError
    from pyjsapi.snapshots import snapshot as take

    source = Source(options.module, limits_of(options))
    name = options.until
    if name is None and INITIALIZE in source.functions:
        name = INITIALIZE
    if name is not None:
        source.check_function(name)
        arguments_of(name, source.functions[name], [])
    with host_of(options, source) as wasi:
        instance = source.instantiate(wasi)
        with _not_ending(source.path, name or INITIALIZE):
            if wasi is not None:
                source.begin(instance, wasi, name or "")
            if name is not None:
                source.call(instance, name, [])
        try:
            taken = take(instance)
        except SnapshotError as error:
            raise InputError(f"{source.path}: {error}") from error
    write(options.output, taken.to_bytes(level=options.level))
    return 0


@contextmanager
def _not_ending(path: Path, name: str) -> Iterator[None]:
    try:
        yield
    except SystemExit as end:
        raise InputError(
            f"{path}: the program ended with code {end.code} in {on_one_line(name)}; what has ended is no start"
        ) from end


def host_of(options: argparse.Namespace, source: Source, stdin: Any = None) -> Any:
    """The `WASI` of a program in a ``with`` statement, ``None`` for other modules. Raises `InputError`.

    The program reads ``stdin``, or where that is not given what the command does.
    """
    source.check_imports()
    return wasi_of(options, stdin) if is_program(source.module) else nullcontext()


class Source:
    """What a file has to run: a module, or a snapshot with its module. Raises `InputError`."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self.snapshot: Snapshot | None = None
        data = read(path)
        if data.startswith(_NO_TEXT):
            self.module = self._module_of_snapshot(data)
        else:
            self.module = compiled(path, binary(path, data), limits)
        exports = WebAssembly.Module.exports(self.module)
        self.functions: Final[dict[str, dict[str, Any]]] = {
            each["name"]: each["type"] for each in exports if each["kind"] == "function"
        }
        """Those that it exports, with their types."""

    def _module_of_snapshot(self, data: bytes) -> WebAssembly.Module:
        from pyjsapi.snapshots import Snapshot, SnapshotError

        try:
            self.snapshot = Snapshot.from_bytes(data)
            return self.snapshot.module(limits=self.limits)
        except (SnapshotError, WebAssembly.CompileError) as error:
            raise InputError(f"{self.path}: {error}", exits.NOT_VALID) from error

    def check_function(self, name: str) -> None:
        """Raise `InputError` for a function that there is not."""
        if name not in self.functions:
            lines = [f"\n  {on_one_line(n)}{signature(t)}" for n, t in self.functions.items()]
            raise InputError(
                f"{self.path} exports no function {name!r}; its functions are:"
                + ("".join(lines) or " none"),
                exits.USAGE,
            )

    def check_imports(self) -> None:
        """Raise `InputError` with all that is missing."""
        missing = missing_imports(self.module, self._provided())
        if missing:
            raise InputError(
                f"{self.path} imports what is not there; give it from a script (pyjsapi SCRIPT.py):"
                + "".join(f"\n  {line}" for line in missing),
                exits.NO_IMPORTS,
            )

    def _provided(self) -> Mapping[str, Container[str]]:
        if not is_program(self.module):
            return {}
        from pyjsapi.wasi.modules import provided

        return provided(self.module)

    def instantiate(self, wasi: WASI | None) -> WebAssembly.Instance:
        """A new instance, or one that goes on."""
        with self.failures(None):
            if self.snapshot is None:
                return WebAssembly.Instance(self.module, self._imports(wasi))
            from pyjsapi.snapshots import SnapshotError

            try:
                return self.snapshot.instantiate(self.module, self._imports(wasi))
            except SnapshotError as error:
                raise InputError(f"{self.path}: {error}") from error

    def _imports(self, wasi: WASI | None) -> Mapping[str, Any]:
        if wasi is None:
            return {}
        from pyjsapi.wasi.modules import with_memories

        return with_memories(self.module, wasi.getImportObject())

    def begin(self, instance: WebAssembly.Instance, wasi: WASI, name: str) -> None:
        """Let an instance use a `WASI`, and initialise it if it is new, unless ``name`` is what does that."""
        is_new = self.snapshot is None
        with self.failures(instance):
            if is_new and name != INITIALIZE and START not in self.functions:
                wasi.initialize(instance)
            else:
                wasi.finalizeBindings(instance)

    def call(self, instance: WebAssembly.Instance, name: str, arguments: list[int | float]) -> Any:
        """The result of a call."""
        with self.failures(instance, f"{on_one_line(name)}: "):
            return instance.exports[name](*arguments)

    @contextmanager
    def failures(self, instance: WebAssembly.Instance | None, place: str = "") -> Iterator[None]:
        """Make `InputError` of what a call or an instantiation raises."""
        try:
            yield
        except FAILURES as error:
            ending = ending_of(error, self.limits, memories_of(instance), _OPTIONS)
            if ending is not None:
                raise InputError(f"{self.path}: {ending.message}", ending.code) from error
            kind = f"{kind_of(error)}: " if place else ""
            raise InputError(f"{place or f'{self.path}: '}{kind}{told(error)}") from error

    def note_refusal(self, instance: WebAssembly.Instance) -> None:
        """Say of a program that ended by itself, and not well, that it had too little memory, if so it was."""
        refusal = refusal_of(memories_of(instance), self.limits, _OPTIONS[exits.MEMORY_LIMIT])
        if refusal:
            print(f"pyjsapi: {self.path}: {refusal}", file=sys.stderr)


def _print(result: Any) -> int:
    for value in result if isinstance(result, list) else [] if result is None else [result]:
        print(value)
    return 0


def _show_exports(source: Source) -> None:
    """Say what is in a module of which nothing was named to be called, and how to call something."""
    import shlex

    from pyjsapi.cli.inspection import facts, table

    path, functions = source.path, source.functions
    print(f"{path}: {table(facts(source.module))}")
    sys.stdout.flush()
    if not functions:
        print(f"pyjsapi: {path} exports no function to call", file=sys.stderr)
        return
    name, type_ = next(iter(functions.items()))
    call = " ".join([shlex.quote(on_one_line(name)), *(f"<{t}>" for t in type_["parameters"])])
    print(
        f"pyjsapi: {path} has no _start; call one of its functions: pyjsapi run {path} --invoke {call}",
        file=sys.stderr,
    )

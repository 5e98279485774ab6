"""What ``pyjsapi debug`` does: it makes the instance, and hands it to the line debugger."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyjsapi import WebAssembly, engines
from pyjsapi.cli import exits
from pyjsapi.cli.exits import InputError
from pyjsapi.cli.line_debugger import LineDebugger, Pending
from pyjsapi.cli.running import INITIALIZE, START, Source, host_of
from pyjsapi.cli.surroundings import limits_of
from pyjsapi.cli.values import arguments_of
from pyjsapi.debugging import Debugger
from pyjsapi.debugging.unstarted import UnstartedEngine
from pyjsapi.jsapi.functions import from_js
from pyjsapi.jsapi.imported import is_program
from pyjsapi.runtime import FuncInst, start_function
from pyjsapi.syntax.spelling import on_one_line
from pyjsapi.wasi.modules import is_threaded


def debug(options: argparse.Namespace) -> int:
    """``pyjsapi debug module.wasm --invoke f args…``, or a program of WASI as with ``run``: its calls, stopped before
    their first instructions. The exit code of the program, if it has ended; that of a failure, if it failed."""
    options.fuel = options.max_host_calls = options.timeout = None
    before = engines.use(UnstartedEngine())
    try:
        source = Source(options.module, limits_of(options))
        if is_threaded(source.module):
            raise InputError(f"{source.path} has threads: programs of one thread can be debugged")
        with _host(options, source) as wasi:
            return _debug(options, source, wasi)
    finally:
        engines.use(before)


def _debug(options: argparse.Namespace, source: Source, wasi: Any) -> int:
    name = options.invoke or (START if START in source.functions else None)
    if name is not None:
        source.check_function(name)
    instance = source.instantiate(wasi)
    if wasi is not None:
        wasi.finalizeBindings(instance)
    core: Any = instance._instance
    calls: list[Pending] = []
    start = start_function(core)
    if start is not None and source.snapshot is None:
        calls.append(Pending("the start function", start, []))
    if INITIALIZE in source.functions and name not in (START, INITIALIZE) and wasi is not None:
        calls.append(Pending(INITIALIZE, core.exports[INITIALIZE], []))
    if name is not None:
        calls.append(_call(options, source, core.exports[name], name))
    if not calls:
        raise InputError(
            f"{source.path} has nothing that runs by itself; name one of its functions: "
            f"--invoke {next(iter(source.functions), 'NAME')}",
            exits.USAGE,
        )
    with Debugger(instance, source_map=_source_map(options, source), callbacks=False) as debugger:
        return LineDebugger(debugger, calls, _title(source)).run()


def _call(options: argparse.Namespace, source: Source, func: FuncInst, name: str) -> Pending:
    texts = [] if name == START and is_program(source.module) else options.arguments
    given = arguments_of(name, source.functions[name], texts)
    types = func.type.func.params
    values = [from_js(value, type_) for value, type_ in zip(given, types, strict=True)]
    return Pending(on_one_line(name), func, values)


@contextmanager
def _host(options: argparse.Namespace, source: Source) -> Iterator[Any]:
    """The `WASI` of a program. What it reads is a file, or nothing: standard input has the debugger's commands."""
    if options.stdin is None:
        with host_of(options, source, io.BytesIO()) as wasi:
            yield wasi
        return
    try:
        data = options.stdin.read_bytes()
    except OSError as error:
        told = f"--stdin: cannot read {options.stdin}: {error.strerror}"
        raise InputError(told, exits.NO_INPUT) from error
    with host_of(options, source, io.BytesIO(data)) as wasi:
        yield wasi


def _source_map(options: argparse.Namespace, source: Source) -> str | None:
    """The source map that lies beside the module, or that was named."""
    path: Path | None = options.source_map
    wanted = path is not None
    if path is None:
        from pyjsapi.debugging.source_maps import url_of

        customs = source.module._compiled.module.customs
        url = url_of({custom.name: custom.data for custom in customs})
        if url is None or ":" in url or url.startswith("/"):
            return None
        path = source.path.parent / url
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        if wanted:
            raise InputError(
                f"--source-map: cannot read {path}: {error}", exits.NO_INPUT
            ) from error
        return None


def _title(source: Source) -> str:
    functions = len(WebAssembly.Module.exports(source.module))
    return f"{source.path}: {functions} export{'s' * (functions != 1)}; `help` names the commands"

"""``python -m real.commands.start``: a program, or a library with what is done with it, on Wasmtime or on pyjsapi.

The options are those of ``pyjsapi run``, so that both are started in the same way.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from real.commands.command import Command

Imports = Mapping[str, Mapping[str, int]]


def run_on_wasmtime(options: argparse.Namespace, given: Imports) -> int:
    """Run a program; its exit code."""
    import wasmtime

    config = wasmtime.WasiConfig()
    config.argv = [Path(options.module).name, *options.arguments]
    config.env = [tuple(each.split("=", 1)) for each in options.env]
    for each in options.dir:
        config.preopen_dir(*each.split("::"))
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()
    store, exports = _on_wasmtime(Path(options.module), config, given)
    try:
        exports["_start"](store)
    except wasmtime.ExitTrap as end:
        return int(end.code)
    return 0


def _on_wasmtime(path: Path, config: Any, given: Imports) -> tuple[Any, Any]:
    import wasmtime

    engine = wasmtime.Engine()
    module = wasmtime.Module.from_file(engine, str(path))
    store, linker = wasmtime.Store(engine), wasmtime.Linker(engine)
    linker.define_wasi()
    store.set_wasi(config)
    for each in module.imports:
        value = given.get(each.module, {}).get(each.name or "")
        if value is not None and isinstance(each.type, wasmtime.FuncType):
            function = wasmtime.Func(store, each.type, _constant(value))
            linker.define(store, each.module, each.name or "", function)
    return store, linker.instantiate(store, module).exports(store)


def run_on_pyjsapi(options: argparse.Namespace, given: Imports) -> int:
    """Run a program that imports more than the command `pyjsapi run` has; its exit code."""
    from pyjsapi import WebAssembly
    from pyjsapi.wasi import WASI

    path = Path(options.module)
    wasi = WASI(
        version="preview1",
        args=[path.name, *options.arguments],
        env=dict(each.split("=", 1) for each in options.env),
        preopens={guest: host for host, guest in (each.split("::") for each in options.dir)},
        stdin=0,
        stdout=1,
        stderr=2,
    )
    return wasi.run(WebAssembly.Module(path.read_bytes()), _functions(given))


def _functions(given: Imports) -> dict[str, Any]:
    return {
        module: {name: _constant(value) for name, value in functions.items()}
        for module, functions in given.items()
    }


def _constant(value: int) -> Callable[..., int]:
    return lambda *_: value


class _OnWasmtime:
    """See `real.commands.command.Guest`."""

    def __init__(self, path: Path, given: Imports) -> None:
        import wasmtime

        config = wasmtime.WasiConfig()
        config.inherit_stdout()
        config.inherit_stderr()
        self._store, self._exports = _on_wasmtime(path, config, given)
        if "_initialize" in self._exports:
            self._exports["_initialize"](self._store)

    def call(self, name: str, *arguments: int) -> int:
        found = self._exports[name](self._store, *arguments)
        return int(found) if found is not None else 0

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._exports["memory"].read(self._store, address, address + size))

    def write(self, address: int, data: bytes) -> None:
        self._exports["memory"].write(self._store, data, address)


class _OnPyjsapi:
    """See `real.commands.command.Guest`."""

    def __init__(self, path: Path, given: Imports) -> None:
        from pyjsapi import WebAssembly
        from pyjsapi.wasi import WASI

        wasi = WASI(version="preview1", stdin=0, stdout=1, stderr=2)
        module = WebAssembly.Module(path.read_bytes())
        imports = {**wasi.getImportObject(), **_functions(given)}
        instance = WebAssembly.Instance(module, imports)
        self._exports: Any = instance.exports
        if (
            "_start" in self._exports
        ):  # a library that is a command too: as on Wasmtime, it is not started
            wasi.finalizeBindings(instance)
        else:
            wasi.initialize(instance)

    def call(self, name: str, *arguments: int) -> int:
        return int(self._exports[name](*arguments) or 0)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._exports.memory.buffer.mv[address : address + size])

    def write(self, address: int, data: bytes) -> None:
        self._exports.memory.buffer.mv[address : address + len(data)] = data


def drive(command: Command, path: Path, engine: str) -> bytes:
    """What is done with a library, on ``"wasmtime"`` or ``"pyjsapi"``; what it gives."""
    if command.drive is None:
        raise TypeError(f"{command.source} is a program, not a library")
    made = _OnWasmtime if engine == "wasmtime" else _OnPyjsapi
    return command.drive(made(path, command.imports))


def main() -> int:
    """The command; the program's exit code."""
    from real.commands.playing import commands

    parser = argparse.ArgumentParser(
        prog="real.commands.start",
        description=__doc__,
        usage="%(prog)s NAME ENGINE MODULE -- ARGUMENTS",
    )
    parser.add_argument("name", help="of the program")
    parser.add_argument("engine", choices=("pyjsapi", "wasmtime"))
    parser.add_argument("module", help="its path")
    parser.add_argument("--dir", action="append", default=[])
    parser.add_argument("--env", action="append", default=[])
    words, passed = sys.argv[1:], []
    if "--" in words:
        at = words.index("--")
        words, passed = words[:at], words[at + 1 :]
    options = parser.parse_args(words, argparse.Namespace(arguments=passed))
    command = commands()[options.name]
    if command.drive is not None:
        sys.stdout.buffer.write(drive(command, Path(options.module), options.engine))
        return 0
    run = run_on_wasmtime if options.engine == "wasmtime" else run_on_pyjsapi
    return run(options, command.imports)


if __name__ == "__main__":
    sys.exit(main())

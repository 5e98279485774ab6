"""What the verbs of the ``pyjsapi`` command do."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from codecs import BOM_UTF8
from collections.abc import Container, Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pyjsapi import Limits, WebAssembly
from pyjsapi.cli import exits
from pyjsapi.cli.loader import loader
from pyjsapi.compiler.cache import VARIABLE, cache_folder
from pyjsapi.compiler.cache_space import clear, kept_files, most_bytes
from pyjsapi.jsapi.builtin_sets import is_provided
from pyjsapi.jsapi.module import is_component, wrong_kind
from pyjsapi.runtime.instantiate import describe
from pyjsapi.syntax.errors import DecodeError, ParseError, ValidationError
from pyjsapi.syntax.spelling import counted, on_one_line
from pyjsapi.text import wasm2wat as disassemble
from pyjsapi.text import wat2wasm as assemble
from pyjsapi.text.lexer import decode_source

_MAGIC: Final = b"\0asm"
_STANDARD: Final = Path("-")
"""Standard input, or output."""


class InputError(Exception):
    """Something is wrong with a file or an argument that the user gave; ``code`` is the exit code (see `exits`)."""

    def __init__(self, message: str, code: int = exits.FAILED) -> None:
        super().__init__(message)
        self.code = code


def missing_imports(
    module: WebAssembly.Module, provided: Mapping[str, Container[str]] | None = None
) -> list[str]:
    """A line for each import that is not among the names that each module of ``provided`` has: its two names and
    its type."""
    given = provided or {}
    compiled = module._compiled
    return [
        f"{on_one_line(one.module)} {on_one_line(one.name)}: {describe(type_)}"
        for one, type_ in zip(compiled.module.imports, compiled.context.imports, strict=True)
        if one.name not in given.get(one.module, ())
        and not is_provided(module._options, one.module, one.name)
    ]


def wat2wasm(options: argparse.Namespace) -> int:
    """``pyjsapi wat2wasm file.wat -o file.wasm``."""
    text = read(options.source)
    data = _assemble(options.source, text, names=not options.no_names)
    if not options.no_check:
        compiled(options.source, data)
    output = options.output
    if output is None:
        output = _STANDARD if options.source == _STANDARD else options.source.with_suffix(".wasm")
    write(output, data)
    return 0


def wasm2wat(options: argparse.Namespace) -> int:
    """``pyjsapi wasm2wat file.wasm -o file.wat``."""
    data = read(options.module)
    try:
        text = disassemble(data, names=not options.no_names)
    except (DecodeError, ValueError) as error:
        raise _not_valid(options.module, error, data) from error
    write(options.output or _STANDARD, text.encode())
    return 0


def lower(options: argparse.Namespace) -> int:
    """``pyjsapi lower in.wasm -o out.wasm``: one memory per module, for engines that have no more."""
    from pyjsapi.lowering import LoweringError
    from pyjsapi.lowering import lower as lower_module

    data = binary(options.module)
    try:
        lowered = lower_module(data, memory64=not options.no_memory64)
    except (DecodeError, ValidationError, LoweringError) as error:
        raise InputError(f"{options.module}: {error}", exits.NOT_VALID) from error
    write(options.output, lowered)
    if options.loader is not None:
        target = os.path.relpath(options.output, options.loader.parent)
        write(options.loader, loader(Path(target).as_posix()).encode())
    return 0


def validate(options: argparse.Namespace) -> int:
    """``pyjsapi validate files…``: one line for each; exit code 1 when one is not valid."""
    found: list[dict[str, Any]] = []
    for path in options.modules:
        try:
            read_module(path)
        except InputError as error:
            found.append({"file": str(path), "valid": False, "message": str(error)})
        else:
            found.append({"file": str(path), "valid": True, "message": f"{path}: valid"})
        if not options.json:
            print(found[-1]["message"])
    if options.json:
        print(json.dumps(found, indent=2))
    return exits.FAILED if not all(one["valid"] for one in found) else 0


def inspect(options: argparse.Namespace) -> int:
    """``pyjsapi inspect module.wasm``: what is in it, as a table or with ``--json``."""
    from pyjsapi.cli.inspection import facts, table

    if options.disassemble or options.function:
        return _disassemble(options)
    found = facts(read_module(options.module))
    print(json.dumps(found, indent=2) if options.json else f"{options.module}: {table(found)}")
    return 0


def _disassemble(options: argparse.Namespace) -> int:
    """``--disassemble``: all functions, or those that ``--function`` names."""
    from pyjsapi.text.disassembly import disassemble as disassembled

    module = read_module(options.module)
    compiled = module._compiled
    _, names = compiled._developer_names()
    exported = {one.name: one.index for one in compiled.module.exports if one.kind == "func"}
    wanted: set[int] = set()
    for name in options.function:
        indices = {index for index, each in names.items() if each == name.removeprefix("$")}
        indices |= {exported[name]} if name in exported else set()
        if name.isdecimal() and int(name) < len(compiled.context.funcs):
            indices.add(int(name))
        if not indices:
            raise InputError(f"{options.module} has no function {name!r}", exits.USAGE)
        if max(indices) < compiled.imported_funcs:
            raise InputError(
                f"{options.module}: function {name} is imported: it has no code", exits.USAGE
            )
        wanted |= indices
    for line in disassembled(compiled.data, wanted if options.function else None):
        print(line)
    return 0


def cache(options: argparse.Namespace) -> int:
    """``pyjsapi cache``: what is kept of translated code between processes; ``--clear`` removes it."""
    folder = cache_folder()
    if folder is None:
        print(f"no cache: {VARIABLE} is 0, or there is no folder that is the user's alone")
        return 0
    if options.clear:
        removed = list(clear(folder))
        size = sum(kept.size for kept in removed)
        print(f"{folder}: {counted(len(removed), 'file')} removed, {_mib(size)}")
        return 0
    files = kept_files(folder)
    size = sum(kept.size for kept in files)
    if options.json:
        kept_now = [{"bytes": k.size, "used": k.used, "name": k.path.stem} for k in files]
        found = {"folder": str(folder), "bytes": size, "most": most_bytes(), "modules": kept_now}
        print(json.dumps(found, indent=2))
        return 0
    print(
        f"{folder}: code of {counted(len(files), 'module')}, {_mib(size)} of at most {_mib(most_bytes())}"
    )
    for kept in files:
        print(f"  {_mib(kept.size):>12}  last used {_time(kept.used)}  {kept.path.stem[:16]}")
    return 0


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds).isoformat(" ", "minutes")
    except (OSError, OverflowError, ValueError):
        return "at no time that there is"


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"


def wast(options: argparse.Namespace) -> int:
    """``pyjsapi wast files…``: run scripts and print a table per folder."""
    from pyjsapi.wast.__main__ import main

    return main([str(path) for path in options.scripts])


def demo(options: argparse.Namespace) -> int:
    """``pyjsapi demo NAME…``: run demonstrations, or with ``--list`` say which there are."""
    from pyjsapi.demos import catalogue

    if options.list:
        print(catalogue.table())
        return 0
    names = catalogue.names()
    chosen = names if options.all else options.names
    for name in chosen:
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = f": {near[0]}?" if near else "; `pyjsapi demo --list` names them"
            raise InputError(f"there is no demonstration {name!r}{hint}")
    if not chosen:
        print("pyjsapi: name a demonstration, or say --list or --all", file=sys.stderr)
        return 2
    return catalogue.run_all(chosen)


def compare(options: argparse.Namespace) -> int:
    """``pyjsapi compare``: the page-level comparison, which lives beside the package in a checkout."""
    return _in_checkout("web.compare", options.arguments)


def serve(options: argparse.Namespace) -> int:
    """``pyjsapi serve``: the comparison page's server, which lives beside the package in a checkout."""
    return _in_checkout("web.serve", options.arguments)


def _in_checkout(module: str, arguments: list[str]) -> int:
    root = Path(__file__).resolve().parents[2]
    if not (root / Path(*module.split("."))).with_suffix(".py").exists():
        raise InputError(f"{module} is part of a checkout of pyjsapi, not of the installed package")
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=root, env=environment, check=False
    ).returncode


def read(path: Path) -> bytes:
    """What is in a file, or in standard input. Raises `InputError`."""
    try:
        return sys.stdin.buffer.read() if path == _STANDARD else path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", exits.NO_INPUT) from error


def write(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all, or standard output. Raises `InputError`."""
    from pyjsapi.snapshots.whole_files import write_file  # most commands write none

    try:
        if path == _STANDARD:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            write_file(path, data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", exits.NO_OUTPUT) from error


def _assemble(path: Path, text: bytes, *, names: bool = True) -> bytes:
    try:
        return assemble(decode_source(text.removeprefix(BOM_UTF8)), names=names)
    except ParseError as error:
        raise InputError(f"{path}:{error}", exits.NOT_VALID) from error


def read_module(path: Path) -> WebAssembly.Module:
    """The module in a file of either format. Raises `InputError`."""
    return compiled(path, binary(path))


def binary(path: Path, data: bytes | None = None) -> bytes:
    """The module in a file of either format; what standard input has is told by how it begins."""
    data = read(path) if data is None else data
    if is_component(data):
        raise _component(path, data)
    if data.startswith(_MAGIC) or not (path.suffix == ".wat" or (path == _STANDARD and data)):
        return data
    return _assemble(path, data)


def compiled(path: Path, data: bytes, limits: Limits | None = None) -> WebAssembly.Module:
    """The module of some bytes, which a file had. Raises `InputError`."""
    try:
        return WebAssembly.Module(data, limits=limits)
    except WebAssembly.CompileError as error:
        raise _not_valid(path, error.__cause__ or error, data) from error


def _component(path: Path, data: bytes) -> InputError:
    return InputError(f"{path}: {wrong_kind(data).removeprefix('; ')}", exits.COMPONENT)


def _not_valid(path: Path, error: BaseException, data: bytes) -> InputError:
    if is_component(data):
        return _component(path, data)
    # As errors of parsing are shown: file:line:column.
    space = "" if isinstance(error, ValidationError) and error.line is not None else " "
    return InputError(f"{path}:{space}{error}{wrong_kind(data)}", exits.NOT_VALID)

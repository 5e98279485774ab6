"""What the verbs of the ``pyjsapi`` command do."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pyjsapi.cli import exits
from pyjsapi.cli.exits import InputError
from pyjsapi.cli.files import (
    STANDARD,
    assembled,
    binary,
    compiled,
    not_valid,
    read,
    read_module,
    write,
    write_all,
)
from pyjsapi.cli.loader import loader
from pyjsapi.compiler.cache import VARIABLE, cache_folder
from pyjsapi.compiler.cache_space import clear, kept_files, most_bytes
from pyjsapi.syntax.errors import DecodeError, ValidationError
from pyjsapi.syntax.spelling import counted
from pyjsapi.text import wasm2wat as disassemble


def wat2wasm(options: argparse.Namespace) -> int:
    """``pyjsapi wat2wasm file.wat -o file.wasm``."""
    text = read(options.source)
    data = assembled(options.source, text, names=not options.no_names)
    if not options.no_check:
        compiled(options.source, data)
    output = options.output
    if output is None:
        output = STANDARD if options.source == STANDARD else options.source.with_suffix(".wasm")
    write(output, data)
    return 0


def wasm2wat(options: argparse.Namespace) -> int:
    """``pyjsapi wasm2wat file.wasm -o file.wat``."""
    data = read(options.module)
    try:
        text = disassemble(data, names=not options.no_names)
    except (DecodeError, ValueError) as error:
        raise not_valid(options.module, error, data) from error
    write(options.output or STANDARD, text.encode())
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
    files = {options.output: lowered}
    if options.loader is not None:
        target = os.path.relpath(options.output, options.loader.parent)
        files[options.loader] = loader(Path(target).as_posix()).encode()
    write_all(files)
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
    if folder is None and options.json:
        print(
            json.dumps({"folder": None, "bytes": 0, "most": most_bytes(), "modules": []}, indent=2)
        )
        return 0
    if folder is None:
        print(f"no cache: {VARIABLE} is 0, or there is no folder that is the user's alone")
        return 0
    if options.clear:
        removed = list(clear(folder))
        size = sum(kept.size for kept in removed)
        if options.json:
            print(
                json.dumps(
                    {"folder": str(folder), "removed": len(removed), "bytes": size}, indent=2
                )
            )
        else:
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


def engines(options: argparse.Namespace) -> int:
    """``pyjsapi engines``: what can run modules, and why each of the others cannot; ``--json`` has it for programs."""
    from pyjsapi.engines import available
    from pyjsapi.engines.choosing import chosen

    try:
        used = [each if isinstance(each, str) else each.name for each in chosen()]
    except ValueError as error:
        raise InputError(str(error), exits.USAGE) from error
    found = available()
    if options.json:
        print(json.dumps({"used": used, "engines": found}, indent=2))
        return 0
    width = max(map(len, found))
    for name, reason in found.items():
        mark = "*" if name in used else " "
        print(
            f"{mark} {name:{width}}  {'available' if reason is None else f'not available: {reason}'}"
        )
    return 0


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds).isoformat(" ", "minutes")
    except (OSError, OverflowError, ValueError):
        return "at no time that there is"


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"


def wast(options: argparse.Namespace) -> int:
    """``pyjsapi wast files…``: run scripts and print a table per folder, or with ``--json`` what became of each."""
    from pyjsapi.wast.__main__ import main

    scripts = [str(path) for path in options.scripts]
    return main([*(["--json"] if options.json else []), *scripts])


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


def serve(options: argparse.Namespace) -> int:
    """``pyjsapi serve``: the comparison page's server, which lives beside the package in a checkout."""
    return in_checkout("web.serve", options.arguments)


def in_checkout(module: str, arguments: list[str]) -> int:
    """Run a program that lives beside the package in a checkout; its exit code. Raises `InputError` elsewhere."""
    root = Path(__file__).resolve().parents[2]
    if not (root / Path(*module.split("."))).with_suffix(".py").exists():
        raise InputError(f"{module} is part of a checkout of pyjsapi, not of the installed package")
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=root, env=environment, check=False
    ).returncode

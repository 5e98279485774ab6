"""What ``pyjsapi compile`` does."""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from dataclasses import fields
from pathlib import Path
from typing import Final

from pyjsapi import Limits
from pyjsapi.cli import exits
from pyjsapi.cli.exits import InputError
from pyjsapi.cli.files import STANDARD, read_module, write, write_all
from pyjsapi.cli.surroundings import directories_of, limits_of, variables_of
from pyjsapi.jsapi.imported import is_program
from pyjsapi.jsapi.module import Module
from pyjsapi.standalone.rooms import NoSources
from pyjsapi.standalone.stubs import stub
from pyjsapi.standalone.wheels import wheel
from pyjsapi.standalone.writing import Surroundings, source

_VERSION: Final = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?")
"""Versions in their normal form (packaging.python.org, "Version specifiers"), without epochs and local parts."""
_FIRST: Final = "0.1.0"


def compile_module(options: argparse.Namespace) -> int:
    """``pyjsapi compile module.wasm -o module.py``, or with ``--wheel -o folder``."""
    module = read_module(options.module)
    given = Surroundings(_limits(options), directories_of(options), variables_of(options))
    if not is_program(module) and (given.directories or given.variables):
        raise InputError(
            f"{options.module} is no program of WASI: it has no use for --dir and --env",
            exits.USAGE,
        )
    try:
        return (_write_wheel if options.wheel else _write_file)(options, module, given)
    except NoSources as error:
        raise InputError(
            "pyjsapi is installed as bytecode alone here, and a module that runs elsewhere needs its sources: "
            "install another wheel of it, or write one that needs pyjsapi, with --thin"
        ) from error


def _write_wheel(options: argparse.Namespace, module: Module, given: Surroundings) -> int:
    name = _checked_name(options.name or options.module.stem, "--name")
    version = options.version or _FIRST
    if not name.isascii() or not _VERSION.fullmatch(version):
        raise InputError(
            f"a wheel of name {name!r} and version {version!r} there cannot be; "
            "both are ASCII, and a version is like 1.0 or 1.0rc1",
            exits.USAGE,
        )
    folder = options.output or Path()
    path = folder / f"{name}-{version}-py3-none-any.whl"
    write(path, wheel(module, name, version, given, thin=options.thin))
    print(path)
    return 0


def _write_file(options: argparse.Namespace, module: Module, given: Surroundings) -> int:
    for option in ("name", "version"):
        if getattr(options, option) is not None:
            raise InputError(f"--{option} is for wheels: say --wheel too", exits.USAGE)
    output = options.output or (
        STANDARD if options.module == STANDARD else options.module.with_suffix(".py")
    )
    title = (options.module if output == STANDARD else output).stem
    if output != STANDARD:
        _checked_name(output.stem, "-o")
    elif options.stub:
        raise InputError("--stub writes a file beside that of -o, which is none", exits.USAGE)
    text = source(module, title, given, thin=options.thin)
    files = {output: text.encode()}
    if options.stub:
        files[output.with_suffix(".pyi")] = stub(module).encode()
    write_all(files)
    return 0


def _limits(options: argparse.Namespace) -> dict[str, int | float]:
    limits, without = limits_of(options), Limits()
    return {
        field.name: value
        for field in fields(limits)
        if (value := getattr(limits, field.name)) != getattr(without, field.name)
    }


def _checked_name(name: str, option: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        likely = re.sub(r"\W|^(?=\d)", "_", name) or "module"
        likely += "_" if keyword.iskeyword(likely) else ""
        raise InputError(
            f"{name!r} cannot be imported: give it a name like {likely!r} with {option}",
            exits.USAGE,
        )
    if name in sys.stdlib_module_names:
        raise InputError(
            f"{name!r} is a module of Python's own: give it a name like {name + '_wasm'!r} with {option}",
            exits.USAGE,
        )
    return name

"""What ``pyjsapi compile`` does."""

from __future__ import annotations

import argparse
import keyword
import re
from pathlib import Path
from typing import Final

from pyjsapi.cli import exits
from pyjsapi.cli.exits import InputError
from pyjsapi.cli.files import missing_imports, read_module, write

_VERSION: Final = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?")
"""Versions in their normal form (packaging.python.org, "Version specifiers"), without epochs and local parts."""


def compile_module(options: argparse.Namespace) -> int:
    """``pyjsapi compile module.wasm -o module.py``, or with ``--wheel -o folder``."""
    from pyjsapi.cli.python_module import source, stub, wheel  # which most commands do without

    module = read_module(options.module)
    missing = missing_imports(module)
    if options.wheel:
        name = _checked_name(options.name or options.module.stem, "--name")
        if not name.isascii() or not _VERSION.fullmatch(options.version):
            raise InputError(
                f"a wheel of name {name!r} and version {options.version!r} there cannot be; "
                "both are ASCII, and a version is like 1.0 or 1.0rc1",
                exits.USAGE,
            )
        folder = options.output or Path()
        path = folder / f"{name}-{options.version}-py3-none-any.whl"
        write(path, wheel(module, name, options.version, missing))
        print(path)
        return 0
    output = options.output or options.module.with_suffix(".py")
    title = options.name or (options.module if output == Path("-") else output).stem
    if output != Path("-"):
        _checked_name(output.stem, "-o")
    write(output, source(module, title, missing).encode())
    if options.stub and output != Path("-"):
        write(output.with_suffix(".pyi"), stub(module, missing).encode())
    return 0


def _checked_name(name: str, option: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        likely = re.sub(r"\W", "_", name) or "module"
        raise InputError(
            f"{name!r} cannot be imported: give it a name like {likely!r} with {option}",
            exits.USAGE,
        )
    return name

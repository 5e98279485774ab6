"""The files that the ``pyjsapi`` command reads and writes, and the modules in them."""

from __future__ import annotations

import os
import sys
from codecs import BOM_UTF8
from pathlib import Path
from typing import Final

from pyjsapi import Limits, WebAssembly, engines
from pyjsapi.cli import exits
from pyjsapi.cli.exits import InputError
from pyjsapi.jsapi.module import is_component, wrong_kind
from pyjsapi.syntax.errors import ParseError, ValidationError

_MAGIC: Final = b"\0asm"
STANDARD: Final = Path("-")
"""Standard input, or output."""


def read(path: Path) -> bytes:
    """What is in a file, or in standard input. Raises `InputError`."""
    try:
        return sys.stdin.buffer.read() if path == STANDARD else path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", exits.NO_INPUT) from error


def write(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all, or standard output. Raises `InputError`."""
    write_all({path: data})


def write_all(files: dict[Path, bytes]) -> None:
    """Write several files, or none; of them one may be standard output. Raises `InputError`."""
    from pyjsapi.snapshots.whole_files import write_files  # most commands write none

    try:
        write_files({path: data for path, data in files.items() if path != STANDARD})
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(
            f"cannot write {os.fsdecode(error.filename)}: {error.strerror}", exits.NO_OUTPUT
        ) from error
    if STANDARD in files:
        sys.stdout.buffer.write(files[STANDARD])
        sys.stdout.buffer.flush()


def assembled(path: Path, text: bytes, *, names: bool = True) -> bytes:
    """The module that a text is for, which a file had. Raises `InputError`."""
    from pyjsapi.text import wat2wasm  # programs in the binary format do without
    from pyjsapi.text.lexer import decode_source

    try:
        return wat2wasm(decode_source(text.removeprefix(BOM_UTF8)), names=names)
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
    if data.startswith(_MAGIC) or not (path.suffix == ".wat" or (path == STANDARD and data)):
        return data
    return assembled(path, data)


def compiled(path: Path, data: bytes, limits: Limits | None = None) -> WebAssembly.Module:
    """The module of some bytes, which a file had. Raises `InputError`."""
    try:
        return WebAssembly.Module(data, limits=limits)
    except engines.EngineUnavailable as error:
        raise InputError(str(error)) from error
    except ValueError as error:  # of the environment
        raise InputError(str(error), exits.USAGE) from error
    except WebAssembly.CompileError as error:
        if isinstance(error.__cause__, engines.Refusal):
            raise InputError(f"{path}: {error.__cause__}") from error
        raise not_valid(path, error.__cause__ or error, data) from error


def _component(path: Path, data: bytes) -> InputError:
    return InputError(f"{path}: {wrong_kind(data).removeprefix('; ')}", exits.COMPONENT)


def not_valid(path: Path, error: BaseException, data: bytes) -> InputError:
    """What to raise for the bytes of a file that are no valid module."""
    if is_component(data):
        return _component(path, data)
    # As errors of parsing are shown: file:line:column.
    space = "" if isinstance(error, ValidationError) and error.line is not None else " "
    return InputError(f"{path}:{space}{error}{wrong_kind(data)}", exits.NOT_VALID)

"""What the verbs of the ``pyjsapi`` command do."""

from __future__ import annotations

import argparse
import errno
import json
import os
import shlex
import subprocess
import sys
import tempfile
from codecs import BOM_UTF8
from collections.abc import Callable, Container
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeAlias

from pyjsapi import RangeError, WebAssembly
from pyjsapi.cli import exits
from pyjsapi.cli.loader import loader
from pyjsapi.compiler.cache import VARIABLE, cache_folder
from pyjsapi.compiler.cache_space import clear, kept_files, most_bytes
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.jsapi.builtin_sets import is_provided
from pyjsapi.jsapi.module import is_component, wrong_kind
from pyjsapi.runtime.instantiate import describe
from pyjsapi.syntax.digits import parse_decimal
from pyjsapi.syntax.errors import DecodeError, ParseError, ValidationError
from pyjsapi.syntax.spelling import counted, on_one_line
from pyjsapi.text import wasm2wat as disassemble
from pyjsapi.text import wat2wasm as assemble
from pyjsapi.text.lexer import decode_source

_MAGIC: Final = b"\0asm"
_STANDARD: Final = Path("-")
"""Standard input, or output."""
_NO_TEXT: Final = b"\x89"
"""What snapshots begin with, and neither modules nor texts do."""
_INITIALIZE: Final = "_initialize"
"""What modules export that are to be initialised by a call, and used after it."""
_RANGES: Final = {"i32": 32, "i64": 64}


_FAILURES: Final = (WebAssembly.RuntimeError, WebAssembly.Exception, RangeError, TypeError)
"""What a call from outside can raise."""


class InputError(Exception):
    """Something is wrong with a file or an argument that the user gave; ``code`` is the exit code (see `exits`)."""

    def __init__(self, message: str, code: int = exits.FAILED) -> None:
        super().__init__(message)
        self.code = code


def run(options: argparse.Namespace) -> int:
    """``pyjsapi run module.wasm --invoke f args…``: print the result of a call, on a new instance or on one that goes
    on from a snapshot.

    Without ``--invoke`` it is ``_start`` that is called, or the start function by instantiating. Where there is none
    of them, what could be called is shown, and the exit code is that of wrong usage.
    """
    module, instantiate = _runnable(options.module)
    functions = _functions(module)
    if not options.invoke and "_start" not in functions:
        if module._compiled.module.start is None:
            _show_exports(options.module, module, functions)
            return 2
        _instance(options.module, module, instantiate)
        return 0
    exports = _instance(options.module, module, instantiate).exports
    name, *texts = options.invoke or ["_start"]
    _check_function(options.module, name, functions)
    arguments = _arguments(name, functions[name], texts)
    result = _call(name, exports[name], arguments)
    for value in result if isinstance(result, list) else [] if result is None else [result]:
        print(value)
    return 0


def snapshot(options: argparse.Namespace) -> int:
    """``pyjsapi snapshot program.wasm -o warm.snap --until f``: keep the instance as it is when a call has returned.

    Without ``--until`` it is ``_initialize`` that is called, if the module exports it.
    """
    from pyjsapi.snapshots import SnapshotError
    from pyjsapi.snapshots import snapshot as take

    path = options.module
    module, instantiate = _runnable(path)
    functions = _functions(module)
    name = options.until
    if name is None and _INITIALIZE in functions:
        name = _INITIALIZE
    if name is not None:
        _check_function(path, name, functions)
        _arguments(name, functions[name], [])
    instance = _instance(path, module, instantiate)
    if name is not None:
        _call(name, instance.exports[name], [])
    try:
        taken = take(instance)
    except SnapshotError as error:
        raise InputError(f"{path}: {error}") from error
    write(options.output, taken.to_bytes(level=options.level))
    return 0


_Instantiate: TypeAlias = Callable[[], WebAssembly.Instance]


def _runnable(path: Path) -> tuple[WebAssembly.Module, _Instantiate]:
    """The module in a file, or of the snapshot in it, and what makes its instance."""
    data = _read(path)
    if not data.startswith(_NO_TEXT):
        module = _compile(path, _binary(path, data))
        return module, lambda: WebAssembly.Instance(module, {})
    from pyjsapi.snapshots import Snapshot, SnapshotError

    try:
        taken = Snapshot.from_bytes(data)
        found = taken.module()
    except (SnapshotError, WebAssembly.CompileError) as error:
        raise InputError(f"{path}: {error}", exits.NOT_VALID) from error

    def resume() -> WebAssembly.Instance:
        try:
            return taken.instantiate(found, {})
        except SnapshotError as error:
            raise InputError(f"{path}: {error}") from error

    return found, resume


def _check_function(path: Path, name: str, functions: dict[str, dict[str, Any]]) -> None:
    if name not in functions:
        listed = (
            "".join(f"\n  {on_one_line(n)}{_signature(t)}" for n, t in functions.items()) or " none"
        )
        raise InputError(
            f"{path} exports no function {name!r}; its functions are:{listed}", exits.USAGE
        )


def _call(name: str, function: Callable[..., Any], arguments: list[int | float]) -> Any:
    try:
        return function(*arguments)
    except _FAILURES as error:
        kind = getattr(error, "name", type(error).__name__)
        raise InputError(f"{on_one_line(name)}: {kind}: {_told(error)}") from error


def _functions(module: WebAssembly.Module) -> dict[str, dict[str, Any]]:
    """The functions that a module exports, with their types."""
    exports = WebAssembly.Module.exports(module)
    return {e["name"]: e["type"] for e in exports if e["kind"] == "function"}


def _instance(
    path: Path, module: WebAssembly.Module, instantiate: _Instantiate
) -> WebAssembly.Instance:
    missing = missing_imports(module)
    if missing:
        raise InputError(
            f"{path} imports what is not there; give it from a script (pyjsapi SCRIPT.py):"
            + "".join(f"\n  {line}" for line in missing),
            exits.NO_IMPORTS,
        )
    try:
        return instantiate()
    except (WebAssembly.LinkError, *_FAILURES) as error:
        raise InputError(f"{path}: {_told(error)}") from error


def missing_imports(module: WebAssembly.Module, provided: Container[str] = ()) -> list[str]:
    """A line for each import that no module of ``provided`` names gives: its two names and its type."""
    compiled = module._compiled
    return [
        f"{on_one_line(one.module)} {on_one_line(one.name)}: {describe(type_)}"
        for one, type_ in zip(compiled.module.imports, compiled.context.imports, strict=True)
        if one.module not in provided and not is_provided(module._options, one.module, one.name)
    ]


def _show_exports(
    path: Path, module: WebAssembly.Module, functions: dict[str, dict[str, Any]]
) -> None:
    """Say what is in a module of which nothing was named to be called, and how to call something."""
    from pyjsapi.cli.inspection import facts, table

    print(f"{path}: {table(facts(module))}")
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


def _told(error: Exception) -> str:
    """The message of an exception out of WebAssembly, and the calls that it passed."""
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


def wat2wasm(options: argparse.Namespace) -> int:
    """``pyjsapi wat2wasm file.wat -o file.wasm``."""
    text = _read(options.source)
    data = _assemble(options.source, text, names=not options.no_names)
    if not options.no_check:
        _compile(options.source, data)
    output = options.output
    if output is None:
        output = _STANDARD if options.source == _STANDARD else options.source.with_suffix(".wasm")
    write(output, data)
    return 0


def wasm2wat(options: argparse.Namespace) -> int:
    """``pyjsapi wasm2wat file.wasm -o file.wat``."""
    data = _read(options.module)
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

    data = _binary(options.module)
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


def _read(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == _STANDARD else path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", exits.NO_INPUT) from error


def write(path: Path, data: bytes) -> None:
    """Write a file, or standard output. Raises `InputError`."""
    try:
        if path == _STANDARD:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        elif path.exists() and not path.is_file():
            path.write_bytes(data)  # a pipe or a device
        else:
            _write_whole(path, data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", exits.NO_OUTPUT) from error


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file, or leave what was there: whoever reads it meanwhile, or is interrupted, finds no half."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    try:
        descriptor, part = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    except PermissionError:
        if not target.exists():
            raise
        target.write_bytes(data)  # Only the file is the user's, not its folder.
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(part, mode)
        os.replace(part, target)
    except BaseException:
        os.unlink(part)
        raise


def _umask() -> int:
    """It can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _assemble(path: Path, text: bytes, *, names: bool = True) -> bytes:
    try:
        return assemble(decode_source(text.removeprefix(BOM_UTF8)), names=names)
    except ParseError as error:
        raise InputError(f"{path}:{error}", exits.NOT_VALID) from error


def read_module(path: Path) -> WebAssembly.Module:
    """The module in a file of either format. Raises `InputError`."""
    return _compile(path, _binary(path))


def _binary(path: Path, data: bytes | None = None) -> bytes:
    """The module in a file of either format; what standard input has is told by how it begins."""
    data = _read(path) if data is None else data
    if is_component(data):
        raise _component(path, data)
    if data.startswith(_MAGIC) or not (path.suffix == ".wat" or (path == _STANDARD and data)):
        return data
    return _assemble(path, data)


def _compile(path: Path, data: bytes) -> WebAssembly.Module:
    try:
        return WebAssembly.Module(data)
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


def _signature(type_: dict[str, Any]) -> str:
    return f"({', '.join(type_['parameters'])}) -> ({', '.join(type_['results'])})"


def _arguments(name: str, type_: dict[str, Any], texts: list[str]) -> list[int | float]:
    parameters = type_["parameters"]
    if len(texts) != len(parameters):
        takes = "1 argument" if len(parameters) == 1 else f"{len(parameters)} arguments"
        were = "1 was" if len(texts) == 1 else f"{len(texts)} were"
        raise InputError(
            f"{on_one_line(name)}{_signature(type_)} takes {takes}, {were} given", exits.USAGE
        )
    return [_argument(name, t, p) for t, p in zip(texts, parameters, strict=True)]


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    if not (digits.isascii() and digits.isdecimal() and len(text) - len(digits) < 2):
        return int(text, 0)
    return -parse_decimal(digits) if text[0] == "-" else parse_decimal(digits)


def _in_range(name: str, value: int, type_: str) -> int:
    """An integer, signed or unsigned."""
    bits = _RANGES[type_]
    if -(1 << bits - 1) <= value < 1 << bits:
        return value
    raise InputError(
        f"{on_one_line(name)}: {shown(value)} is out of range for {type_}: it must be -2^{bits - 1} to 2^{bits}-1",
        exits.USAGE,
    )


def _argument(name: str, text: str, type_: str) -> int | float:
    try:
        if type_ in _RANGES:
            return _in_range(name, _integer(text), type_)
        if type_ in ("f32", "f64"):
            return float(text)
    except ValueError:
        raise InputError(
            f"{on_one_line(name)}: {text!r} is not a value of type {type_}", exits.USAGE
        ) from None
    raise InputError(
        f"{on_one_line(name)}: an argument of type {type_} cannot be given on the command line",
        exits.USAGE,
    )

"""Running a Python script as ``node`` runs a JavaScript module: top-level await, ``WebAssembly`` in scope."""

from __future__ import annotations

import ast
import asyncio
import inspect
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pyjsapi


def script_scope(path: Path | None) -> dict[str, Any]:
    """The global names of a script: Python's own and everything that `pyjsapi` exports."""
    module = ModuleType("__main__")
    if path is not None:
        module.__file__ = str(path)
    sys.modules["__main__"] = module
    scope = vars(module)
    scope.update({name: getattr(pyjsapi, name) for name in pyjsapi.__all__})
    return scope


def run_script(path: Path, arguments: list[str]) -> int:
    """Run the script; ``sys.argv`` and ``sys.path`` are as if Python had been called with it.

    ``-`` is standard input. The exit code is 0, or 1 when the script fails, with its traceback on standard error.
    """
    if str(path) == "-":
        return _run(sys.stdin.buffer.read(), "<stdin>", None, ["-", *arguments], "")
    try:
        source = path.read_bytes()
    except OSError as error:
        print(f"pyjsapi: cannot read {path}: {error.strerror}", file=sys.stderr)
        return 1
    return _run(source, str(path), path, [str(path), *arguments], str(path.resolve().parent))


def run_code(code: str, arguments: list[str]) -> int:
    """Run source text as `run_script` does."""
    return _run(code.encode(), "<string>", None, ["-c", *arguments], "")


def _run(source: bytes, name: str, path: Path | None, argv: list[str], folder: str) -> int:
    sys.argv = argv
    sys.path.insert(0, folder)
    try:
        code = compile(source, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        result = FunctionType(code, script_scope(path))()
        if inspect.iscoroutine(result):
            asyncio.run(result)
    except Exception as error:
        _show(error, name)
        return 1
    return 0


def _show(error: Exception, name: str) -> None:
    """Print the traceback of a script's exception, from its own first frame on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != name:
        frames = frames.tb_next
    sys.excepthook(type(error), error.with_traceback(frames), frames)

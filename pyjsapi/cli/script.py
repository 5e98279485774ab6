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


def script_scope(path: Path) -> dict[str, Any]:
    """The global names of a script: Python's own and everything that `pyjsapi` exports."""
    module = ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    scope = vars(module)
    scope.update({name: getattr(pyjsapi, name) for name in pyjsapi.__all__})
    return scope


def run_script(path: Path, arguments: list[str]) -> int:
    """Run the script; ``sys.argv`` and ``sys.path`` are as if Python had been called with it."""
    try:
        source = path.read_bytes()
    except OSError as error:
        print(f"pyjsapi: cannot read {path}: {error.strerror}", file=sys.stderr)
        return 1
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.resolve().parent))
    code = compile(
        source, str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    result = FunctionType(code, script_scope(path))()
    if inspect.iscoroutine(result):
        asyncio.run(result)
    return 0

"""Running a Python script as ``node`` runs a JavaScript module: top-level await, ``WebAssembly`` in scope."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import pyjsapi
from pyjsapi.agents.tracebacks import show_own_frames
from pyjsapi.cli import exits
from pyjsapi.cli.lifetime import ScriptFailed, live

_FLAGS: Final = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_ON_LOOP: Final = ("create_task", "get_running_loop")
"""What can be called on a running event loop only, of asyncio's."""


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
        return exits.NO_INPUT
    return _run(source, str(path), path, [str(path), *arguments], str(path.resolve().parent))


def run_code(code: str, arguments: list[str]) -> int:
    """Run source text as `run_script` does."""
    return _run(code.encode(), "<string>", None, ["-c", *arguments], "")


def _run(source: bytes, name: str, path: Path | None, argv: list[str], folder: str) -> int:
    sys.argv = argv
    sys.path.insert(0, folder)
    try:
        tree = compile(source, name, "exec", ast.PyCF_ONLY_AST | _FLAGS, dont_inherit=True)
        code = compile(tree, name, "exec", _FLAGS, dont_inherit=True)
        live(FunctionType(code, script_scope(path)), on_loop=_asks_for_loop(tree))
    except ScriptFailed:
        return 1
    except Exception as error:
        show_own_frames(error)
        _advise(error)
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def _asks_for_loop(tree: ast.Module) -> bool:
    """Whether statements at the top level make a task, or a timer on the running event loop."""
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).removeprefix("asyncio.") in _ON_LOOP
        ):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            nodes += ast.iter_child_nodes(node)
    return False


def _advise(error: Exception) -> None:
    """Say what makes an event loop run, where a script needs one."""
    if isinstance(error, RuntimeError) and str(error) == "no running event loop":
        error.add_note(
            "A script has one running if it awaits at its top level, for instance asyncio.sleep(0)"
        )
